export interface RateLimitOptions {
  /** How many at once after a quiet time. */
  capacity: number;
  /** How many per second in the long run. */
  perSecond: number;
  /** How many keys are remembered at most. */
  maxKeys: number;
}

export type RateVerdict = { allowed: true } | { allowed: false; retryMs: number };

export interface RateLimiter {
  /** Takes `cost` from the bucket of `key` at time `now` (ms, never going back), or says when that will be possible. */
  take(key: string, now: number, cost?: number): RateVerdict;
  readonly size: number;
}

interface Bucket {
  level: number;
  at: number;
}

/**
 * A token bucket per key, with time as an argument. Memory is bounded: buckets that have filled up again say the
 * same as no bucket and are forgotten first; beyond that the least recently used go, so a flood of new keys can
 * only win back what its oldest keys had used.
 */
export function createRateLimiter({ capacity, perSecond, maxKeys }: RateLimitOptions): RateLimiter {
  // In order of last use: a bucket that is used moves to the end.
  const buckets = new Map<string, Bucket>();
  const refillMs = (capacity / perSecond) * 1000;

  function forget(now: number): void {
    for (const [key, bucket] of buckets) {
      const full = now - bucket.at >= refillMs;
      if (!full && buckets.size < maxKeys) return;
      buckets.delete(key);
    }
  }

  return {
    take(key, now, cost = 1) {
      const known = buckets.get(key);
      const level = known
        ? Math.min(capacity, known.level + (Math.max(0, now - known.at) / 1000) * perSecond)
        : capacity;
      if (known) buckets.delete(key);
      else if (buckets.size >= maxKeys) forget(now);
      const allowed = level >= cost;
      buckets.set(key, { level: allowed ? level - cost : level, at: known ? Math.max(now, known.at) : now });
      return allowed
        ? { allowed: true }
        : { allowed: false, retryMs: Math.ceil(((cost - level) / perSecond) * 1000) };
    },
    get size() {
      return buckets.size;
    },
  };
}
