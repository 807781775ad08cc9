/**
 * How long to wait before trying again after `failures` in a row (from 1), ms: doubling from 100 ms to `maxMs`,
 * with half of it random, so that many who failed together do not return together.
 */
export function retryPauseMs(failures: number, maxMs = 5_000): number {
  const full = Math.min(100 * 2 ** Math.min(failures - 1, 16), maxMs);
  return full / 2 + (Math.random() * full) / 2;
}
