import { createResource, type Resource } from './resource.svelte.ts';

interface Page<T> {
  total: number;
  rows: T[];
}
interface PageQuery {
  offset: number;
  limit: number;
  q: string;
}

/** How long typing must rest before the server is asked. */
const restMs = 250;

/** A list that is searched and paged on the server. A new search begins at the first page. */
export class Paged<T> {
  readonly limit: number;
  readonly resource: Resource<Page<T>>;
  #search = $state('');
  #asked = $state('');
  #offset = $state(0);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(load: (query: PageQuery, signal: AbortSignal) => Promise<Page<T>>, limit: number) {
    this.limit = limit;
    this.resource = createResource((signal) => load({ offset: this.#offset, limit, q: this.#asked }, signal));
  }

  get search(): string {
    return this.#search;
  }

  set search(text: string) {
    this.#search = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#offset = 0;
      this.#asked = text.trim();
    }, restMs);
  }

  get offset(): number {
    return this.#offset;
  }

  set offset(offset: number) {
    this.#offset = offset;
  }

  /** True while what is on screen answers a search, so that an empty list can say which. */
  get searching(): boolean {
    return this.#asked !== '';
  }

  reload(): Promise<void> {
    return this.resource.reload();
  }

  /** The row as it is now; undefined when it is not on this page of the list any more. */
  async fresh(isIt: (row: T) => boolean): Promise<T | undefined> {
    await this.reload();
    return this.resource.data?.rows.find(isIt);
  }
}

/** For use while a component is created; states that `load` reads before its first `await` start it anew. */
export function createPaged<T>(
  load: (query: PageQuery, signal: AbortSignal) => Promise<Page<T>>,
  limit = 50,
): Paged<T> {
  return new Paged(load, limit);
}
