/**
 * Changes to a classroom in memory that can be taken back. A command changes memory before its write is stored, so that
 * the next command of the same batch is decided on top of it; when storing fails, everything is undone in reverse.
 * Values inside maps are replaced, never changed in place.
 */
export interface Draft {
  set<K, V>(map: Map<K, V>, key: K, value: V): void;
  delete<K, V>(map: Map<K, V>, key: K): void;
  add<V>(set: Set<V>, value: V): void;
  remove<V>(set: Set<V>, value: V): void;
  assign<T extends object>(target: T, patch: Partial<T>): void;
  /** Idempotent: a draft is undone once. */
  undo(): void;
}

export function createDraft(): Draft {
  const steps: (() => void)[] = [];
  return {
    set(map, key, value) {
      const had = map.has(key);
      const before = map.get(key);
      map.set(key, value);
      steps.push(() => {
        if (had && before !== undefined) map.set(key, before);
        else map.delete(key);
      });
    },
    delete(map, key) {
      const before = map.get(key);
      if (!map.delete(key)) return;
      steps.push(() => {
        if (before !== undefined) map.set(key, before);
      });
    },
    add(set, value) {
      if (set.has(value)) return;
      set.add(value);
      steps.push(() => void set.delete(value));
    },
    remove(set, value) {
      if (set.delete(value)) steps.push(() => void set.add(value));
    },
    assign(target, patch) {
      const before: Partial<typeof target> = {};
      for (const key of keysOf(patch)) before[key] = target[key];
      Object.assign(target, patch);
      steps.push(() => void Object.assign(target, before));
    },
    undo() {
      for (let step = steps.pop(); step; step = steps.pop()) step();
    },
  };
}

function keysOf<T extends object>(object: Partial<T>): (keyof T)[] {
  return Object.keys(object) as (keyof T)[];
}
