import type { JudgedCheck } from '@keshi/contract/class-checks';
import { verdict as verdictSchema, type Verdict } from '@keshi/contract/proctor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attendance, attendanceWithTimeline } from '../src/attendance.ts';
import { standingOf } from '../src/identity-checks.ts';
import { defaultIdentityPolicy as identity } from '../src/identity-policy.ts';
import { intersection, length, normalise, subtraction } from '../src/intervals.ts';
import { defaultPolicy as policy } from '../src/policy.ts';
import { voidedSpans } from '../src/voided.ts';

const minute = 60_000;
const check = (at: number, verdict: Verdict, by: JudgedCheck['by'] = 'face'): JudgedCheck => ({
  at: at * minute,
  verdict,
  by,
});
const taken = (checks: JudgedCheck[], now = 120, isOver = true) =>
  voidedSpans(checks, { now: now * minute, isOver }, identity).map(({ from, to }) => [
    from / minute,
    to / minute,
  ]);

describe('[PR5] what failed checks take back', () => {
  it('is the time since the last one that passed, and at most five minutes', () => {
    expect(taken([check(10, 'match'), check(13, 'mismatch'), check(14, 'mismatch')])).toEqual([[10, 14]]);
    expect(taken([check(10, 'match'), check(20, 'no-answer'), check(21, 'no-answer')])).toEqual([[15, 21]]);
    expect(taken([check(20, 'mismatch'), check(20.5, 'no-face'), check(22, 'match')])).toEqual([[15, 22]]);
  });

  it('is nothing where the recheck passes: one frame was bad, and the person was there', () => {
    expect(taken([check(20, 'blurred'), check(20.2, 'match')])).toEqual([]);
    // Who passes long after that was not rechecked: another may have sat there.
    expect(taken([check(20, 'mismatch'), check(40, 'match')])).toEqual([[15, 40]]);
  });

  it('is nothing where a person looked and knew the learner', () => {
    expect(taken([check(20, 'too-dark'), check(20.3, 'too-dark'), check(31, 'match', 'person')])).toEqual([]);
  });

  it('[PR3] what is uncertain and what is our own failure takes nothing, and bears nothing out', () => {
    expect(taken([check(20, 'uncertain'), check(21, 'error'), check(22, 'uncertain')])).toEqual([]);
    expect(taken([check(20, 'mismatch'), check(20.2, 'uncertain'), check(20.4, 'mismatch')])).toEqual([
      [15, 20.4],
    ]);
  });

  it('waits for the recheck while one can come', () => {
    const one = [check(20, 'mismatch')];
    expect(taken(one, 21, false)).toEqual([]);
    expect(taken(one, 22, false)).toEqual([[15, 20]]);
    expect(taken(one, 21, true)).toEqual([[15, 20]]);
  });

  it('never more than five minutes before a failure, never before a pass, and in any order the same', () => {
    const checks = fc.array(
      fc.record({
        at: fc.nat(3 * 60 * minute),
        verdict: fc.constantFrom(...verdictSchema.options),
        by: fc.constantFrom('face' as const, 'person' as const),
      }),
      { maxLength: 12 },
    );
    const distinct = checks.filter((all) => new Set(all.map(({ at }) => at)).size === all.length);
    fc.assert(
      fc.property(distinct, (all) => {
        const at = { now: 4 * 60 * minute, isOver: true };
        const spans = voidedSpans(all, at, identity);
        expect(voidedSpans(all.toReversed(), at, identity)).toEqual(spans);
        const failures = all.filter(({ verdict }) => standingOf(verdict) === 'failed');
        // Before a failure; what lies between one and the next pass was never anybody's.
        const passes = all.filter(({ verdict }) => verdict === 'match').map(({ at: passedAt }) => passedAt);
        const between = failures.map(({ at: from }) => ({
          from,
          to: Math.min(...passes.filter((passedAt) => passedAt > from), 4 * 60 * minute),
        }));
        const back = subtraction(spans, normalise(between));
        expect(length(back)).toBeLessThanOrEqual(failures.length * identity.voidAtMostMs);
        for (const passedAt of passes)
          for (const { from, to } of back) expect(from < passedAt && to > passedAt).toBe(false);
      }),
    );
  });
});

describe('[PR5] presence in a class', () => {
  const facts = {
    intervals: [{ from: 0, lastProof: 45 * minute, cause: 'ended' as const, node: 'n1' }],
    live: [{ from: 0, to: 45 * minute }],
    outages: [],
    policy,
    now: 46 * minute,
    endedAt: 45 * minute,
  };
  const checks = [check(30, 'mismatch'), check(31, 'mismatch')];

  it('loses it, says so, and still makes up the live time', () => {
    const result = attendance({ ...facts, checks });
    expect(result.presentMs).toBe(39 * minute);
    expect(result.absences).toEqual([
      { from: 25 * minute, to: 31 * minute, liveMs: 6 * minute, reason: 'identity-failed' },
    ]);
    expect(
      attendanceWithTimeline({ ...facts, checks }).timeline.map(({ kind, reason }) => [kind, reason]),
    ).toEqual([
      ['counted', 'counting'],
      ['absent', 'identity-failed'],
      ['counted', 'counting'],
    ]);
  });

  it('[AT2] is counted again from the pass on, and not from the failure, however soon it comes', () => {
    const intervals = [
      { from: 0, lastProof: 30 * minute, cause: 'identity-overdue' as const, node: 'n1' },
      { from: 30.4 * minute, lastProof: 45 * minute, cause: 'ended' as const, node: 'n1' },
    ];
    const came = [check(29, 'match'), check(29.9, 'no-face'), check(30, 'no-face'), check(30.4, 'match')];
    expect(attendance({ ...facts, intervals, checks: came }).presentMs).toBe(43.6 * minute);
    // One bad frame, and the recheck knew the person: the seconds between are the person's.
    const bad = [check(29, 'match'), check(30, 'blurred'), check(30.4, 'match')];
    expect(attendance({ ...facts, intervals, checks: bad }).presentMs).toBe(45 * minute);
  });

  it('[AT4] takes back what an outage of ours bridged as well', () => {
    const result = attendance({
      ...facts,
      checks,
      intervals: [
        { from: 0, lastProof: 24 * minute, cause: 'lost', node: 'n1' },
        { from: 28 * minute, lastProof: 45 * minute, cause: 'ended', node: 'n1' },
      ],
      outages: [{ scope: 'n1', from: 24 * minute, to: 27 * minute, announcedRetryMs: 0 }],
    });
    expect(intersection(result.bridged, [{ from: 25 * minute, to: 31 * minute }])).toEqual([]);
    expect(result.presentMs).toBe(39 * minute);
  });
});
