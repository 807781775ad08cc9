import { type Failure, failureOf } from './failure.ts';

/** Something a person asked for, one at a time: whether it is under way, and how it failed the last time. */
export class Action<A extends unknown[], T> {
  #pending = $state(false);
  #failure = $state.raw<Failure | undefined>(undefined);
  #perform: (...args: A) => Promise<T>;

  constructor(perform: (...args: A) => Promise<T>) {
    this.#perform = perform;
  }

  get pending(): boolean {
    return this.#pending;
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  clear() {
    this.#failure = undefined;
  }

  /** Answers `{ done: true, value }`, or `{ done: false }` when it failed or is already under way. */
  async run(...args: A): Promise<{ done: true; value: T } | { done: false }> {
    if (this.#pending) return { done: false };
    this.#pending = true;
    this.#failure = undefined;
    try {
      return { done: true, value: await this.#perform(...args) };
    } catch (thrown) {
      this.#failure = failureOf(thrown);
      return { done: false };
    } finally {
      this.#pending = false;
    }
  }
}
