/**
 * Tasks one after another per key, so that two requests of one person never interleave while different people's do.
 * A task that fails does not hold up the next; a key without tasks leaves nothing behind.
 */
export interface KeyedQueue {
  run<T>(key: string, task: () => Promise<T> | T): Promise<T>;
  /** Keys with work under way. */
  readonly size: number;
}

export function createKeyedQueue(): KeyedQueue {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(key, task) {
      const result = (tails.get(key) ?? Promise.resolve()).then(task);
      const tail = result.then(
        () => undefined,
        () => undefined,
      );
      tails.set(key, tail);
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
      return result;
    },
    get size() {
      return tails.size;
    },
  };
}
