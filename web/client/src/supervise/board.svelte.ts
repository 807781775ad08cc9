import { movedOn } from '@keshi/contract/board';
import type { BoardRow, BoardTotals } from '@keshi/contract/domain';

export type Filter = 'all' | 'present' | 'away' | 'offline' | 'below' | 'correct';
export type SortKey = 'name' | 'state' | 'rate' | 'absences' | 'quiz' | 'network';

const stateOrder = { offline: 0, away: 1, present: 2 } as const;
const collator = new Intl.Collator('zh-CN', { numeric: true });

/** What each filter lets through, given the minimum of the course. */
function passes(filter: Filter, row: BoardRow, minimum: number): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'present':
    case 'away':
    case 'offline':
      return row.state === filter;
    case 'below':
      return row.rate !== null && row.rate < minimum;
    case 'correct':
      return row.correctRate !== null && row.correctRate < minimum;
  }
}

/** Smaller comes first when ascending; what is unknown counts as the smallest. */
function compare(key: SortKey, a: BoardRow, b: BoardRow): number {
  switch (key) {
    case 'name':
      return collator.compare(a.name, b.name);
    case 'state':
      return stateOrder[a.state] - stateOrder[b.state] || (a.since ?? 0) - (b.since ?? 0);
    case 'rate':
      return (a.rate ?? -1) - (b.rate ?? -1);
    case 'absences':
      return a.absentMs - b.absentMs;
    case 'quiz':
      return (a.correctRate ?? -1) - (b.correctRate ?? -1);
    case 'network':
      return (a.rttMs ?? -1) - (b.rttMs ?? -1);
  }
}

/**
 * The rows of one class, from a report or as they change, and what of them is on screen. Thousands of rows are
 * replaced twice a second without the table losing its place: a row keeps its key, and sorting is stable.
 */
export class Board {
  #rows = $state.raw<ReadonlyMap<string, BoardRow>>(new Map());
  #totals = $state.raw<BoardTotals | null>(null);
  #at = $state(0);
  /** Full names the person asked for; they live as long as this page. */
  #names = $state.raw<ReadonlyMap<string, string>>(new Map());
  #reason = $state<string | null>(null);
  #filter = $state<Filter>('all');
  #query = $state('');
  #sort = $state.raw<{ key: SortKey; descending: boolean }>({ key: 'rate', descending: false });

  /** As of the totals, which come every second or two. */
  readonly #current = $derived.by(() => {
    const totals = this.#totals;
    const rows = [...this.#rows.values()];
    return totals === null ? rows : rows.map((row) => movedOn(row, totals));
  });

  #named = $derived(
    this.#names.size === 0
      ? this.#current
      : this.#current.map((row) => ({ ...row, name: this.#names.get(row.userId) ?? row.name })),
  );

  readonly #shown = $derived.by(() => {
    const wanted = this.#query.trim().toLowerCase();
    const minimum = this.minimum;
    const { key, descending } = this.#sort;
    const rows = this.#named.filter(
      (row) =>
        passes(this.#filter, row, minimum) &&
        (wanted === '' ||
          row.name.toLowerCase().includes(wanted) ||
          row.group.toLowerCase().includes(wanted)),
    );
    const direction = descending ? -1 : 1;
    // Equal rows stand by name, then by id, so that nothing jumps while numbers change.
    return rows.sort(
      (a, b) =>
        direction * compare(key, a, b) || collator.compare(a.name, b.name) || (a.userId < b.userId ? -1 : 1),
    );
  });

  readonly #counts = $derived.by(() => {
    const counts: Record<Filter, number> = { all: 0, present: 0, away: 0, offline: 0, below: 0, correct: 0 };
    const minimum = this.minimum;
    for (const row of this.#current)
      for (const filter of Object.keys(counts) as Filter[])
        if (passes(filter, row, minimum)) counts[filter] += 1;
    return counts;
  });

  get totals(): BoardTotals | null {
    return this.#totals;
  }

  /** When the last data arrived, on this device's clock; 0 before. */
  get at(): number {
    return this.#at;
  }

  get minimum(): number {
    return this.#totals?.minimumRate ?? 0.8;
  }

  get rows(): readonly BoardRow[] {
    return this.#named;
  }

  /** What the filter, the search and the order leave on screen. */
  get shown(): readonly BoardRow[] {
    return this.#shown;
  }

  get counts(): Readonly<Record<Filter, number>> {
    return this.#counts;
  }

  get filter(): Filter {
    return this.#filter;
  }

  set filter(filter: Filter) {
    this.#filter = filter;
  }

  get query(): string {
    return this.#query;
  }

  set query(query: string) {
    this.#query = query;
  }

  get sort(): { key: SortKey; descending: boolean } {
    return this.#sort;
  }

  /** The same column again turns the order round. */
  sortBy(key: SortKey) {
    this.#sort = { key, descending: this.#sort.key === key ? !this.#sort.descending : false };
  }

  row(userId: string): BoardRow | undefined {
    return this.#named.find((row) => row.userId === userId);
  }

  replace(totals: BoardTotals, rows: readonly BoardRow[]) {
    this.#rows = new Map(rows.map((row) => [row.userId, row]));
    this.#totals = totals;
    this.#at = Date.now();
  }

  /** Takes in rows that changed; the others stay as they were. */
  merge(totals: BoardTotals, changed: readonly BoardRow[]) {
    if (changed.length > 0) {
      const rows = new Map(this.#rows);
      for (const row of changed) rows.set(row.userId, row);
      this.#rows = rows;
    }
    this.#totals = totals;
    this.#at = Date.now();
  }

  /** Why the whole class is shown by its full names; null while it is not. */
  get unmaskedFor(): string | null {
    return this.#reason;
  }

  /** Some full names are on screen: one person's, or everybody's. */
  get reveals(): boolean {
    return this.#names.size > 0;
  }

  reveal(userId: string, name: string) {
    this.#names = new Map([...this.#names, [userId, name]]);
  }

  unmask(names: Iterable<readonly [userId: string, name: string]>, reason: string) {
    this.#names = new Map(names);
    this.#reason = reason;
  }

  maskAgain() {
    this.#names = new Map();
    this.#reason = null;
  }
}
