import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attendance } from '../src/attendance.ts';
import { defaultPolicy } from '../src/policy.ts';
import type { PresenceInterval } from '../src/presence.ts';
import { type EndedClass, type HourSignIn, sameHour, settle, tenthsOfHours } from '../src/settlement.ts';

const min = 60_000;
const present = (from: number, to: number, cause: PresenceInterval['cause'] = 'left'): PresenceInterval => ({
  from: from * min,
  lastProof: to * min,
  cause,
  node: 'n1',
});
const signed = (hour: number, at: number, countsFrom: number | null = null): HourSignIn => ({
  hour,
  at: at * min,
  method: 'face',
  countsFrom: countsFrom === null ? null : countsFrom * min,
});
const held = (to = 90, more: Partial<EndedClass> = {}): EndedClass => ({
  live: [{ from: 0, to: to * min }],
  outages: [],
  policy: { ...defaultPolicy, fullHourFrom: null },
  endedAt: to * min,
  ...more,
});
function hours(of: EndedClass, intervals: PresenceInterval[], signIns: HourSignIn[]) {
  const result = settle(of, { intervals, checks: [], signIns }, of.endedAt + 10 * min);
  if (result.state !== 'settled') throw new Error('not settled');
  return result.hours;
}
const credited = (...args: Parameters<typeof hours>) =>
  hours(...args).map(({ creditedMs }) => creditedMs / min);
const reasons = (...args: Parameters<typeof hours>) =>
  hours(...args).map(({ uncredited }) => uncredited.map(({ reason, ms }) => [reason, ms / min]));

describe('[AT7] each hour needs its own sign-in', () => {
  it('earns nothing without one, and says so', () => {
    expect(credited(held(), [present(0, 90)], [signed(1, 5)])).toEqual([45, 0]);
    expect(reasons(held(), [present(0, 90)], [signed(1, 5)])).toEqual([[], [['no-sign-in', 45]]]);
    expect(hours(held(), [], [])[1]).toMatchObject({
      hour: 2,
      presentMs: 0,
      signIn: null,
      spans: [],
      uncredited: [{ reason: 'absent', ms: 45 * min }],
    });
  });

  it('counts presence before a sign-in that fell into its window, and not before a late one', () => {
    expect(credited(held(45), [present(0, 45)], [signed(1, 10)])).toEqual([45]);
    expect(credited(held(45), [present(0, 45)], [signed(1, 11)])).toEqual([34]);
    expect(reasons(held(45), [present(0, 45)], [signed(1, 11)])).toEqual([[['before-sign-in', 11]]]);
  });

  it('opens the window of who joins later when he joins', () => {
    expect(credited(held(45), [present(30, 45)], [signed(1, 38)])).toEqual([15]);
    expect(reasons(held(45), [present(30, 45)], [signed(1, 38)])).toEqual([[['late', 30]]]);
  });

  it('costs nobody the hour to wait for us or for a person', () => {
    expect(credited(held(45), [present(0, 45)], [signed(1, 50, 8)])).toEqual([45]);
    expect(credited(held(45), [present(0, 45)], [signed(1, 60, 20)])).toEqual([25]);
    expect(credited(held(45), [present(0, 45)], [signed(1, 60)])).toEqual([0]);
  });

  it('takes a sign-in of what became the remainder for the hour it belongs to', () => {
    // A class of 100 minutes: while it ran, minute 91 was in a third hour.
    expect(credited(held(100), [present(91, 100)], [signed(3, 92)])).toEqual([0, 9]);
    expect(credited(held(100), [present(0, 100)], [signed(1, 1), signed(2, 46), signed(3, 92)])).toEqual([
      45, 55,
    ]);
    expect(credited(held(100), [present(0, 100)], [signed(1, 1), signed(3, 92)])).toEqual([45, 8]);
  });

  it('asks for none where the course does not', () => {
    const of = held(45, { policy: { ...defaultPolicy, signIn: 'not-required' } });
    expect(hours(of, [present(0, 45)], [])).toMatchObject([{ creditedMs: 45 * min, signIn: 'not-required' }]);
  });
});

describe('[AT10] what an hour earns', () => {
  it('is its present seconds, or all of it from the share on', () => {
    const of = held(45, { policy: defaultPolicy });
    expect(hours(of, [present(0, 41)], [signed(1, 1)])).toMatchObject([
      { creditedMs: 45 * min, presentMs: 41 * min, spans: [[0, 45 * min]], uncredited: [] },
    ]);
    expect(hours(of, [present(0, 40)], [signed(1, 1)])).toMatchObject([
      { creditedMs: 40 * min, uncredited: [{ reason: 'left', ms: 5 * min }] },
    ]);
  });

  it('is placed in the live time of its hour, pauses left out', () => {
    const of = held(60, {
      live: [
        { from: 0, to: 20 * min },
        { from: 40 * min, to: 60 * min },
      ],
    });
    expect(hours(of, [present(10, 20, 'paused'), present(40, 50)], [signed(1, 11)])).toMatchObject([
      { liveMs: 40 * min, spans: [[10 * min, 30 * min]], endedAt: 60 * min },
    ]);
  });
});

describe('[AT4] outages of ours', () => {
  const outage = { from: 20 * min, to: 25 * min, scope: 'all', announcedRetryMs: 10_000 };

  it('are bridged as on the board', () => {
    const of = held(45, { outages: [outage] });
    expect(credited(of, [present(0, 20, 'lost'), present(26, 45)], [signed(1, 1)])).toEqual([45]);
  });

  it('are waited for while somebody may still return', () => {
    const of = held(45, { outages: [{ ...outage, from: 44 * min, to: 46 * min }] });
    const learner = { intervals: [present(0, 44, 'lost')], checks: [], signIns: [signed(1, 1)] };
    expect(settle(of, learner, 46.5 * min).state).toBe('pending');
    expect(settle(of, learner, 48 * min).state).toBe('settled');
  });
});

it('[AT8] everything that is not credited has a reason, to the ms', () => {
  const minute = fc.nat(120);
  const learner = fc.record({
    intervals: fc.array(
      fc
        .tuple(
          minute,
          minute,
          fc.constantFrom<PresenceInterval['cause']>('left', 'lost', 'hidden', 'node-lost'),
        )
        .map(([a, b, cause]) => present(Math.min(a, b), Math.max(a, b), cause)),
      { maxLength: 5 },
    ),
    signIns: fc.array(
      fc.record({
        hour: fc.integer({ min: 1, max: 4 }),
        at: minute.map((n) => n * min),
        method: fc.constantFrom('face' as const, 'person' as const),
        countsFrom: fc.option(minute.map((n) => n * min)),
      }),
      { maxLength: 3 },
    ),
  });
  const outages = fc.array(
    fc.tuple(minute, fc.nat(10)).map(([from, long]) => ({
      from: from * min,
      to: (from + long) * min,
      scope: 'all',
      announcedRetryMs: 0,
    })),
    { maxLength: 2 },
  );
  const policies = fc.record({
    fullHourFrom: fc.constantFrom(null, 0.9),
    signIn: fc.constantFrom('required' as const, 'not-required' as const),
  });
  fc.assert(
    fc.property(learner, outages, policies, fc.integer({ min: 1, max: 120 }), (who, ours, policy, end) => {
      const of = held(end, { outages: ours, policy: { ...defaultPolicy, ...policy } });
      const now = 1000 * min;
      const result = settle(of, { ...who, checks: [] }, now);
      if (result.state !== 'settled') throw new Error('nothing is awaited that late');
      let shown = 0;
      for (const one of result.hours) {
        const length = one.spans.reduce((sum, [from, to]) => sum + to - from, 0);
        expect(length).toBe(one.creditedMs);
        const rest = one.uncredited.reduce((sum, { ms }) => sum + ms, 0);
        expect(one.creditedMs + rest).toBe(one.liveMs);
        if (policy.fullHourFrom === null) expect(one.creditedMs).toBeLessThanOrEqual(one.presentMs);
        if (one.signIn === null) expect(one.creditedMs).toBe(0);
        expect(sameHour(one, one)).toBe(true);
        shown += one.presentMs;
      }
      // The same seconds as the report shows.
      expect(shown).toBe(attendance({ ...of, ...who, now }).presentMs);
    }),
  );
});

it('[CH1] shows hours to one decimal, rounded down', () => {
  expect(tenthsOfHours(45 * min, 45 * min)).toBe(10);
  expect(tenthsOfHours(45 * min - 1, 45 * min)).toBe(9);
  expect(tenthsOfHours(0, 45 * min)).toBe(0);
});
