/**
 * Things that have to be looked at when they are due. Who has ten thousand of them does not go through all each second,
 * only through those of the seconds that are over.
 */
export interface DueList<T> {
  /** In place of an earlier moment. `at`: ms of the clock that `take` is asked with. */
  set(item: T, at: number): void;
  delete(item: T): void;
  /** Those that are due, which are forgotten. */
  take(now: number): T[];
  readonly size: number;
}

const slotMs = 1_000;

export function createDueList<T>(): DueList<T> {
  const slots = new Map<number, Map<T, number>>();
  const slotOf = new Map<T, number>();

  function remove(item: T): void {
    const slot = slotOf.get(item);
    if (slot === undefined) return;
    slotOf.delete(item);
    const items = slots.get(slot);
    items?.delete(item);
    if (items?.size === 0) slots.delete(slot);
  }

  return {
    set(item, at) {
      remove(item);
      const slot = Math.floor(at / slotMs);
      slotOf.set(item, slot);
      slots.set(slot, (slots.get(slot) ?? new Map<T, number>()).set(item, at));
    },
    delete: remove,
    take(now) {
      const taken: T[] = [];
      for (const [slot, items] of slots) {
        if (slot * slotMs > now) continue;
        for (const [item, at] of items) if (at <= now) taken.push(item);
      }
      for (const item of taken) remove(item);
      return taken;
    },
    get size() {
      return slotOf.size;
    },
  };
}
