import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StudyReport } from '@keshi/contract/study';
import { length } from '../src/intervals.ts';
import { accept } from '../src/study.ts';
import { countedMs, firstUncredited } from '../src/study-state.ts';
import { openStudy, minute, second, sessionId, start } from './study-world.ts';

/** Nothing is asked meanwhile. */
const unasked = { challengeMeanMs: 500 * minute, challengeLongestMs: 999 * minute };
const quiet = (over = {}) => {
  const study = openStudy({ policy: unasked, ...over });
  study.state = { ...study.state, challenge: { state: 'none', afterMs: 999 * minute } };
  return study;
};

describe('[WL1] time', () => {
  it('is credited as it passes, and no more whatever a report says', () => {
    const study = quiet();
    expect(study.watch(10 * second)).toMatchObject({ creditedMs: 10 * second, reason: 'counting' });
    study.pass(10 * second);
    const lie = study.report({ spans: [[10 * second, 99_999 * second]] });
    expect(lie).toMatchObject({ creditedMs: 10 * second, reason: 'too-fast' });
    expect(study.state.refused['too-fast']).toBe(study.lesson.lengthMs - 20 * second);
  });

  it('of a late report counts for a minute', () => {
    const study = quiet();
    study.pass(5 * minute);
    const late = study.report({ spans: [[0, 5 * minute]] });
    expect(late).toMatchObject({ creditedMs: minute, reason: 'too-late' });
  });

  it('that a report was slow on its way is not lost', () => {
    const study = quiet();
    study.pass(10 * second + 800);
    expect(study.report({ spans: [[0, 10 * second]] }).creditedMs).toBe(10 * second);
    study.pass(10 * second - 800);
    expect(study.report({ spans: [[10 * second, 20 * second]] }).creditedMs).toBe(10 * second);
  });

  it('in which nothing played buys no faster play afterwards', () => {
    const study = quiet();
    for (let n = 0; n < 30; n++) {
      study.pass(10 * second);
      study.report();
    }
    study.pass(10 * second);
    expect(study.report({ spans: [[0, minute]] }).creditedMs).toBeLessThanOrEqual(15 * second);
  });
});

describe('[WL2] places', () => {
  it('cannot be jumped past', () => {
    const study = quiet();
    study.watch(10 * second);
    study.pass(10 * second);
    const ahead = study.report({ spans: [[20 * minute, 20 * minute + 10 * second]] });
    expect(ahead).toMatchObject({ creditedMs: 0, reason: 'seek-ahead' });
    expect(study.state.position).toBeLessThanOrEqual(15 * second);
  });

  it('five seconds may be missing, and they do not add up', () => {
    const study = quiet();
    study.watch(10 * second);
    let at = 10 * second;
    const hops: number[] = [];
    for (let n = 0; n < 4; n++) {
      study.pass(10 * second);
      at += 4 * second;
      hops.push(study.report({ spans: [[at, at + 10 * second]] }).creditedMs);
      at += 10 * second;
    }
    expect(hops).toEqual([10 * second, 0, 0, 0]);
  });

  it('[WL3] that are missing are led back to, and complete the lesson', () => {
    const study = quiet({ lengthMs: 40 * second });
    study.watch(10 * second);
    study.pass(10 * second);
    study.report({ spans: [[14 * second, 24 * second]] });
    expect(firstUncredited(study.state, study.lesson.lengthMs)).toBe(10 * second);
    study.pass(4 * second);
    study.report({ spans: [[10 * second, 14 * second]] });
    expect(study.state.coverage).toEqual([{ from: 0, to: 24 * second }]);
  });

  it('[WL3] a lesson is complete but for its last two seconds, and earns nothing more', () => {
    const study = quiet({ lengthMs: 40 * second });
    study.state = { ...study.state, passed: 1 };
    study.watch(37 * second);
    expect(study.state.completedAt).toBeNull();
    study.watch(second);
    expect(study.state.completedAt).toBe(study.now);
    study.pass(10 * second);
    expect(study.report({ spans: [[38 * second, 40 * second]] })).toMatchObject({
      creditedMs: 0,
      reason: 'complete',
    });
  });
});

it('[WL5] a hidden page earns nothing, and says so', () => {
  const study = quiet();
  study.pass(10 * second);
  expect(study.report({ spans: [[0, 10 * second]], visible: false })).toMatchObject({
    creditedMs: 0,
    reason: 'hidden',
  });
  expect(study.state.refused.hidden).toBe(10 * second);
});

it('[WL4] without the lease, and of another session, nothing changes at all', () => {
  const study = quiet();
  const before = study.state;
  study.pass(10 * second);
  expect(study.report({ spans: [[0, 10 * second]] }, false).reason).toBe('no-lease');
  expect(study.report({ sessionId: 'other', spans: [[0, 10 * second]] }).reason).toBe('no-lease');
  expect(study.state).toBe(before);
});

it('[WL7] the day’s cap stops earning; another day earns on', () => {
  const study = quiet({ lengthMs: 20 * 60 * minute });
  study.begun(sessionId, { day: '2026-09-01', ms: 8 * 45 * minute - 5 * second });
  study.state = { ...study.state, challenge: { state: 'none', afterMs: 999 * minute } };
  expect(study.watch(10 * second)).toMatchObject({ creditedMs: 5 * second });
  expect(study.watch(10 * second)).toMatchObject({ creditedMs: 0, reason: 'daily-cap' });
  study.pass(24 * 60 * minute);
  study.report();
  expect(study.watch(10 * second)).toMatchObject({ creditedMs: 10 * second, reason: 'counting' });
});

it('[WL9] a lesson without a time line is complete when it is done, and its least time has passed', () => {
  const study = quiet({ lengthMs: 20 * second, needsDone: true });
  study.state = { ...study.state, passed: 1 };
  study.watch(10 * second);
  study.pass(second);
  study.report({ done: true });
  expect(study.state.completedAt).toBeNull();
  study.watch(9 * second);
  expect(study.state.completedAt).toBe(study.now);
});

describe('whatever is reported, in whatever order', () => {
  const lengthMs = 10 * minute;
  const spans = fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 2 * lengthMs }), fc.integer({ min: 0, max: 2 * lengthMs }))
      .map(([a, b]): [number, number] => (a < b ? [a, b] : [b, a])),
    { maxLength: 5 },
  );
  const step = fc.record({
    wait: fc.integer({ min: 0, max: 200 * second }),
    seq: fc.integer({ min: 1, max: 40 }),
    spans,
    visible: fc.boolean(),
    position: fc.integer({ min: 0, max: 2 * lengthMs }),
    lease: fc.boolean(),
    answer: fc.constantFrom('passed', 'failed', 'open', 'excused', null),
  });

  it('never more than the time that passed, than the lesson is long, or than once', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 1e6 }), (steps, seed) => {
        const study = openStudy({ lengthMs, seed });
        let credited = 0;
        for (const { wait, lease, answer, ...report } of steps) {
          study.pass(wait);
          const before = length(study.state.coverage);
          const accepted = study.report(report, lease);
          // Nothing goes but by a challenge, and nothing comes but by credit.
          expect(length(study.state.coverage)).toBeLessThanOrEqual(before + accepted.creditedMs);
          credited += accepted.creditedMs;
          if (answer !== null && study.state.challenge.state === 'pending') study.answer(answer);
          expect(credited).toBeLessThanOrEqual(study.now - start);
          expect(countedMs(study.state)).toBeLessThanOrEqual(lengthMs);
          expect(study.state.coverage.every(({ from, to }) => from >= 0 && to <= lengthMs)).toBe(true);
        }
      }),
    );
  });

  it('[WL8] a report that comes again, or after a later one, changes nothing', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 12 }), (steps) => {
        const study = openStudy({ lengthMs });
        const told: StudyReport[] = [];
        for (const [n, { wait, lease: _lease, answer: _answer, ...report }] of steps.entries()) {
          study.pass(wait);
          told.push({ ...report, sessionId, seq: n + 1 });
          study.report({ ...report, seq: n + 1 });
        }
        const after = study.state;
        const given = {
          now: study.now,
          lesson: study.lesson,
          policy: study.policy,
          holdsLease: true,
          chance: study.chance,
        };
        for (const report of told)
          expect(accept(after, report, given)).toEqual({ state: after, creditedMs: 0, reason: 'replayed' });
      }),
    );
  });

  it('an honest learner whose reports are lost and repeated is credited everything', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 5, maxLength: 50 }), (lost) => {
        const study = quiet({ lengthMs: 60 * minute });
        let told = 0;
        let played = 0;
        let missed = 0;
        for (const [n, loses] of lost.entries()) {
          study.pass(10 * second);
          played += 10 * second;
          missed = loses ? missed + 1 : 0;
          // More than a minute without an answer pauses the picture; the page sees to that.
          if (loses && missed < 5) continue;
          study.report({ seq: n + 1, spans: [[told, played]] });
          told = played;
          missed = 0;
        }
        expect(countedMs(study.state)).toBe(told);
      }),
    );
  });
});
