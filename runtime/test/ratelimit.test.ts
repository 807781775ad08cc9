import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRateLimiter } from '../src/ratelimit.ts';

test('a burst, then the steady rate, and the time to wait is exact', () => {
  const limiter = createRateLimiter({ capacity: 3, perSecond: 2, maxKeys: 10 });
  expect([1, 2, 3].map(() => limiter.take('a', 0).allowed)).toEqual([true, true, true]);
  expect(limiter.take('a', 0)).toEqual({ allowed: false, retryMs: 500 });
  expect(limiter.take('a', 499).allowed).toBe(false);
  expect(limiter.take('a', 500)).toEqual({ allowed: true });
  expect(limiter.take('b', 500)).toEqual({ allowed: true });
});

test('whatever comes when, no more than burst plus rate is allowed', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2_000), { maxLength: 200 }), (steps) => {
      const limiter = createRateLimiter({ capacity: 5, perSecond: 10, maxKeys: 3 });
      let now = 0;
      let allowed = 0;
      for (const step of steps) {
        now += step % 97;
        if (limiter.take('k', now).allowed) allowed += 1;
      }
      expect(allowed).toBeLessThanOrEqual(5 + (now / 1000) * 10 + 1e-6);
    }),
  );
});

test('memory is bounded, refilled buckets go first, and time going back refills nothing', () => {
  const limiter = createRateLimiter({ capacity: 1, perSecond: 1, maxKeys: 3 });
  limiter.take('old', 0);
  limiter.take('busy', 900);
  limiter.take('other', 900);
  limiter.take('new', 1_000);
  expect(limiter.size).toBe(3);
  expect(limiter.take('busy', 1_000).allowed).toBe(false);
  expect(limiter.take('busy', 0).allowed).toBe(false);
  for (let n = 0; n < 1_000; n += 1) limiter.take(`flood-${n}`, 1_000);
  expect(limiter.size).toBe(3);
});
