import type { ChatMark } from '@keshi/contract/http/replay';
import type { Api } from '#net/api.ts';
import { type Failure, failureOf, isAbort } from '#net/failure.ts';

/** Pages shown at a time: what a phone can draw, and enough above and below to scroll. */
const around = 1;

/** The chat of a recorded class, of which only the pages near the place one looks at are loaded. */
export class ChatPages {
  readonly count: number;
  #starts: readonly number[];
  #load: (page: number) => Promise<ChatMark[]>;
  #pages = $state.raw<ReadonlyMap<number, readonly ChatMark[]>>(new Map());
  #loading = new Set<number>();
  #middle = $state(0);
  #failure = $state.raw<Failure | undefined>(undefined);

  /** `starts`: where the first message of each page stands, ms. */
  constructor(starts: readonly number[], load: (page: number) => Promise<ChatMark[]>) {
    this.#starts = starts;
    this.#load = load;
    this.count = starts.length;
  }

  get first(): number {
    return Math.max(0, this.#middle - around);
  }
  get last(): number {
    return Math.min(this.count - 1, this.#middle + around);
  }
  get failure(): Failure | undefined {
    return this.#failure;
  }
  get busy(): boolean {
    for (let page = this.first; page <= this.last; page += 1) if (!this.#pages.has(page)) return true;
    return false;
  }
  /** What is loaded of the pages shown, in order. */
  get rows(): readonly ChatMark[] {
    const rows: ChatMark[] = [];
    for (let page = this.first; page <= this.last; page += 1) rows.push(...(this.#pages.get(page) ?? []));
    return rows;
  }
  /** The stretch of the recording the shown pages speak of, ms; open at both ends of the chat. */
  get from(): number {
    return this.first === 0 ? -Infinity : (this.#starts[this.first] ?? -Infinity);
  }
  get to(): number {
    return this.#starts[this.last + 1] ?? Infinity;
  }

  /** Shows the page of that number and its neighbours. */
  show(page: number) {
    this.#middle = Math.min(Math.max(0, page), Math.max(0, this.count - 1));
    for (let near = this.first; near <= this.last; near += 1) void this.#fetch(near);
  }

  async #fetch(page: number): Promise<void> {
    if (this.#pages.has(page) || this.#loading.has(page)) return;
    this.#loading.add(page);
    try {
      const rows = await this.#load(page);
      this.#pages = new Map([...this.#pages, [page, rows]]);
      this.#failure = undefined;
    } catch (thrown) {
      if (!isAbort(thrown)) this.#failure = failureOf(thrown);
    } finally {
      this.#loading.delete(page);
    }
  }
}

export const chatPagesOf = (api: Api, classId: string, starts: readonly number[]) =>
  new ChatPages(
    starts,
    async (page) => (await api.call('replayChat', { params: { id: classId }, query: { page } })).rows,
  );
