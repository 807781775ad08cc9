import { movedOn } from '@keshi/contract/board';
import { boardRow as boardRowSchema, boardTotals as boardTotalsSchema } from '@keshi/contract/domain';
import { describe, expect, it } from 'vitest';
import { type BoardFacts, type BoardLearner, boardRows, boardTotals } from '../src/board.ts';
import { createBoardTally } from '../src/board-tally.ts';
import { defaultPolicy } from '../src/policy.ts';
import type { PresenceInterval } from '../src/presence.ts';

const minute = 60_000;
const start = Date.UTC(2026, 10, 20, 1, 0);
const at = (minutes: number) => start + minutes * minute;

function learner(
  name: string,
  intervals: readonly PresenceInterval[],
  more: Partial<BoardLearner> = {},
): BoardLearner {
  const answers = new Map<string, boolean>();
  return {
    userId: name,
    name,
    group: '一班',
    intervals,
    checks: [],
    answers,
    connections: [],
    onStage: false,
    device: 'desktop',
    rttMs: 30,
    ...more,
  };
}

const span = (from: number, to: number, cause: PresenceInterval['cause'] = 'left'): PresenceInterval => ({
  from: at(from),
  lastProof: at(to),
  cause,
  node: 'n1',
});

function facts(learners: readonly BoardLearner[], more: Partial<BoardFacts> = {}): BoardFacts {
  const live = [{ from: start, to: null }];
  return {
    state: 'live',
    startedAt: start,
    endedAt: null,
    live,
    outages: [],
    quizzes: [],
    learners,
    ...more,
  };
}

describe('the board', () => {
  it('[AT5] reads between two moments as the rules decide it at the second', () => {
    const until = (minutes: number) =>
      facts([
        learner('here', [span(0, minutes, 'open')]),
        learner('late', [span(3, minutes, 'open')]),
        learner('gone', [span(0, 5)]),
        learner('never', []),
      ]);
    const told = boardRows(until(10), at(10), defaultPolicy);
    const later = boardRows(until(16), at(16), defaultPolicy);
    expect(told.totals.belowAttendance).toBe(3);
    expect(later.totals.belowAttendance).toBe(2);
    expect(told.rows.map((row) => movedOn(row, later.totals))).toEqual(later.rows);
    const tally = createBoardTally(defaultPolicy);
    for (const row of told.rows) tally.put(row);
    expect(boardTotals(until(16), tally, at(16), defaultPolicy)).toEqual(later.totals);
    const [here] = told.rows;
    expect(here && movedOn(here, { ...later.totals, state: 'paused' })).toBe(here);
  });

  it('[AT5] measures who is there up to the last proof, and everybody else up to now', () => {
    const here = learner('here', [{ ...span(0, 10, 'open'), lastProof: at(10) - 8_000 }]);
    const gone = learner('gone', [span(0, 5)]);
    const never = learner('never', []);
    const { rows, totals } = boardRows(facts([here, gone, never]), at(10), defaultPolicy);
    expect(rows.map(({ state, liveMs, rate }) => ({ state, liveMs, rate }))).toEqual([
      { state: 'present', liveMs: 10 * minute - 8_000, rate: 1 },
      { state: 'offline', liveMs: 10 * minute, rate: 0.5 },
      { state: 'offline', liveMs: 10 * minute, rate: 0 },
    ]);
    expect(totals).toMatchObject({
      liveMs: 10 * minute,
      expected: 3,
      present: 1,
      away: 0,
      offline: 2,
      belowAttendance: 2,
    });
  });

  it('shows nobody in a class that is over, whoever opens its page again', () => {
    const back = learner('back', [span(0, 10, 'ended'), span(11, 11.2, 'open')]);
    const over = { state: 'ended' as const, endedAt: at(10), live: [{ from: start, to: at(10) }] };
    const { rows } = boardRows(facts([back], over), at(11.3), defaultPolicy);
    expect(rows).toMatchObject([{ state: 'offline', since: at(10), rate: 1 }]);
  });

  it('[AT8] tells late, early and absent from the intervals alone', () => {
    const ended = {
      state: 'ended' as const,
      endedAt: at(40),
      live: [
        { from: start, to: at(10) },
        { from: at(20), to: at(40) },
      ],
    };
    const { rows } = boardRows(
      facts([learner('a', [span(4, 9), span(22, 35)])], ended),
      at(60),
      defaultPolicy,
    );
    expect(rows[0]).toMatchObject({
      presentMs: 18 * minute,
      liveMs: 30 * minute,
      lateMs: 4 * minute,
      earlyMs: 5 * minute,
      absences: 3,
      absentMs: 12 * minute,
    });
    const row = rows[0];
    expect(row && row.presentMs + row.absentMs).toBe(row?.liveMs);
    expect(row?.timeline.map(({ kind }) => kind)).toContain('pause');
  });

  it('[CT1] counts the questions asked while the learner was present, and lists who is under the minimum', () => {
    const quizzes = [5, 15, 25].map((m) => ({ id: `q${m}`, openedAt: at(m) }));
    const early = learner('early', [span(0, 20)], {
      answers: new Map([
        ['q5', true],
        ['q15', false],
      ]),
    });
    const whole = learner('whole', [span(0, 30, 'open')], {
      answers: new Map(quizzes.map(({ id }) => [id, true])),
    });
    const { rows, totals } = boardRows(facts([early, whole], { quizzes }), at(30), defaultPolicy);
    expect(rows.map((row) => [row.quizAsked, row.quizAnswered, row.quizCorrect, row.correctRate])).toEqual([
      [2, 2, 1, 0.5],
      [3, 3, 3, 1],
    ]);
    expect(totals.belowCorrect).toBe(1);
  });

  it('keeps to the contract, also before anything was live', () => {
    const none = facts([learner('a', [])], { state: 'scheduled', startedAt: null, live: [] });
    const { rows, totals } = boardRows(none, start, defaultPolicy);
    const strict = boardRowSchema.omit({ userId: true }).strict();
    for (const { userId, ...row } of rows) {
      expect(userId).toBe('a');
      expect(strict.parse(row)).toMatchObject({ rate: null, correctRate: null, lateMs: null, since: null });
    }
    expect(boardTotalsSchema.strict().parse(totals)).toEqual(totals);
  });
});
