import { type Failure, failureOf, isAbort } from './failure.ts';

export type Loading<T> =
  | { state: 'loading' }
  | { state: 'ready'; data: T; at: number }
  /** `data` is what was known before the failure, if anything. */
  | { state: 'failed'; failure: Failure; data: T | undefined };

/** Something a page shows and the server knows. What was loaded stays on screen while it is loaded again. */
export class Resource<T> {
  #view = $state.raw<Loading<T>>({ state: 'loading' });
  #busy = $state(false);
  #load: (signal: AbortSignal) => Promise<T>;
  #abort = new AbortController();

  constructor(load: (signal: AbortSignal) => Promise<T>) {
    this.#load = load;
  }

  get view(): Loading<T> {
    return this.#view;
  }

  get data(): T | undefined {
    return this.#view.state === 'loading' ? undefined : this.#view.data;
  }

  get failure(): Failure | undefined {
    return this.#view.state === 'failed' ? this.#view.failure : undefined;
  }

  /** A request is on its way, the first or a later one. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Puts in place what a change answered, without asking again. */
  set(data: T) {
    this.#view = { state: 'ready', data, at: Date.now() };
  }

  stop() {
    this.#abort.abort();
  }

  async reload(): Promise<void> {
    this.#abort.abort();
    const mine = new AbortController();
    this.#abort = mine;
    this.#busy = true;
    try {
      const data = await this.#load(mine.signal);
      if (!mine.signal.aborted) this.set(data);
    } catch (thrown) {
      if (mine.signal.aborted || isAbort(thrown)) return;
      const known = this.#view.state === 'loading' ? undefined : this.#view.data;
      this.#view = { state: 'failed', failure: failureOf(thrown), data: known };
    } finally {
      if (this.#abort === mine) this.#busy = false;
    }
  }
}

/**
 * For use while a component is created. Loads now, again whenever a state that `load` read before its first `await`
 * changes, and every `everyMs` while the page is on screen.
 */
export function createResource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  { everyMs }: { everyMs?: number } = {},
): Resource<T> {
  const resource = new Resource(load);
  $effect(() => {
    void resource.reload();
    return () => resource.stop();
  });
  $effect(() => {
    if (everyMs === undefined) return undefined;
    const again = () => {
      if (document.visibilityState === 'visible' && !resource.busy) void resource.reload();
    };
    const timer = setInterval(again, everyMs);
    document.addEventListener('visibilitychange', again);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', again);
    };
  });
  return resource;
}
