import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { createRateLimiter, type RateLimiter } from '@keshi/runtime/ratelimit';
import type { Limit } from './call.ts';

/**
 * How often one person (or, before a login, one address) may ask. A whole school can stand behind one address and log
 * in within a minute, so addresses get room; guessing a password is held up by the account's own lock.
 */
export function createTurns(clock: Clock): (limit: Limit, key: string) => void {
  const limiters: Record<Limit, RateLimiter> = {
    credentials: createRateLimiter({ capacity: 600, perSecond: 20, maxKeys: 50_000 }),
    ordinary: createRateLimiter({ capacity: 200, perSecond: 40, maxKeys: 200_000 }),
    // Each costs a part of a processor's second; a page sends a few a second while somebody turns the head.
    frames: createRateLimiter({ capacity: 20, perSecond: 4, maxKeys: 200_000 }),
    // A page that was cut off brings back what was written meanwhile, one after the other.
    saves: createRateLimiter({ capacity: 120, perSecond: 5, maxKeys: 200_000 }),
    export: createRateLimiter({ capacity: 20, perSecond: 0.5, maxKeys: 50_000 }),
  };
  return (limit, key) => {
    const verdict = limiters[limit].take(key, clock());
    if (!verdict.allowed) throw new AppError('rate-limited', { retryMs: verdict.retryMs });
  };
}
