import { presentMsAsOf } from '@keshi/contract/board';
import type { BoardRow } from '@keshi/contract/domain';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { belowMinimum } from '../src/attendance.ts';
import { createBoardTally } from '../src/board-tally.ts';
import { defaultPolicy } from '../src/policy.ts';

const states = ['present', 'away', 'offline'] as const;
const row = fc.record({
  userId: fc.constantFrom('a', 'b', 'c', 'd'),
  state: fc.constantFrom(...states),
  /** How long before the moment at which it is put it was decided, ms. */
  ago: fc.nat(3_000),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  correctRate: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
});
const step = fc.record({
  passesMs: fc.nat(20_000),
  puts: fc.array(row, { maxLength: 3 }),
  removes: fc.boolean(),
});

it('[AT6] counts, while rows and time move, what counting all of them anew does', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 12 }),
      fc.constantFrom(0, 0.3, 0.8, 1),
      fc.boolean(),
      (steps, minimumRate, isLive) => {
        const policy = { ...defaultPolicy, minimumRate };
        const tally = createBoardTally(policy);
        const rows = new Map<string, BoardRow>();
        let liveMs = 0;
        for (const { passesMs, puts, removes } of steps) {
          liveMs += passesMs;
          for (const { userId, state, ago, share, correctRate } of puts) {
            const asOf = Math.max(0, liveMs - ago);
            const presentMs = Math.floor(share * asOf);
            const rate = asOf === 0 ? null : presentMs / asOf;
            const put = { userId, state, presentMs, liveMs: asOf, rate, correctRate } as BoardRow;
            rows.set(userId, put);
            tally.put(put);
          }
          if (removes) {
            rows.delete('a');
            tally.remove('a');
          }
          const all = [...rows.values()];
          const rateOf = (one: BoardRow) =>
            isLive && liveMs > one.liveMs ? presentMsAsOf(one, liveMs) / liveMs : one.rate;
          expect(tally.counts({ liveMs, isLive })).toEqual({
            expected: all.length,
            ...Object.fromEntries(
              states.map((state) => [state, all.filter((one) => one.state === state).length]),
            ),
            belowAttendance: all.filter((one) => belowMinimum(rateOf(one), policy)).length,
            belowCorrect: all.filter((one) => belowMinimum(one.correctRate, policy)).length,
          });
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
