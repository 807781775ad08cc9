/**
 * The supervisor's board while a class runs, and the report after it: one row per learner and the totals over them, decided
 * from the same facts by the same rules [AT3–AT6, AT8, CT1].
 */
import type { JudgedCheck } from '@keshi/contract/class-checks';
import type { BoardRow, BoardTotals, ClassState } from '@keshi/contract/domain';
import { attendanceWithTimeline, type LiveSpan } from './attendance.ts';
import { type BoardTally, createBoardTally } from './board-tally.ts';
import { length, normalise } from './intervals.ts';
import type { Outage } from './outages.ts';
import type { AttendancePolicy } from './policy.ts';
import { type PresenceInterval, stateAt, type Visit } from './presence.ts';
import { type AskedQuestion, learnerQuiz } from './quiz.ts';

export interface BoardClass {
  readonly state: ClassState;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly live: readonly LiveSpan[];
  readonly outages: readonly Outage[];
  /** Questions that have been put to the class. */
  readonly quizzes: readonly AskedQuestion[];
}

export interface BoardLearner {
  readonly userId: string;
  /** As it is to be shown: masking is the caller's. */
  readonly name: string;
  readonly group: string;
  readonly intervals: readonly PresenceInterval[];
  readonly checks: readonly JudgedCheck[];
  /** By question: whether the answer was correct. */
  readonly answers: ReadonlyMap<string, boolean>;
  /** Connections as signaling knows them; empty where only the record is at hand. */
  readonly connections: readonly Visit[];
  readonly onStage: boolean;
  readonly device: BoardRow['device'];
  readonly rttMs: number | null;
  /** Where nobody is asked, and where only the record is at hand, there is nothing to say. */
  readonly identity?: BoardRow['identity'];
}

export interface BoardFacts extends BoardClass {
  readonly learners: readonly BoardLearner[];
}

/** @param now server time in ms */
export function boardRows(
  facts: BoardFacts,
  now: number,
  policy: AttendancePolicy,
): { totals: BoardTotals; rows: BoardRow[] } {
  const rows = facts.learners.map((learner) => boardRow(facts, learner, now, policy));
  const tally = createBoardTally(policy);
  for (const row of rows) tally.put(row);
  return { totals: boardTotals(facts, tally, now, policy), rows };
}

/**
 * One learner. Who is there is measured against the live time up to the last proof, so that nobody looks late by one
 * heartbeat; everybody else against the live time up to now or the end [AT5].
 */
export function boardRow(
  of: BoardClass,
  learner: BoardLearner,
  now: number,
  policy: AttendancePolicy,
): BoardRow {
  const { live, outages, endedAt } = of;
  const { intervals, checks, connections, userId, name, group, onStage, device, rttMs } = learner;
  const result = attendanceWithTimeline({ intervals, checks, live, outages, policy, now, endedAt });
  // A page that is still open, or comes back, after the end is at no class any more.
  const attended = endedAt === null ? intervals : intervals.filter(({ from }) => from < endedAt);
  const quiz = learnerQuiz(
    of.quizzes.filter(({ openedAt }) => openedAt <= now),
    learner.answers,
    result.counted,
  );
  return {
    userId,
    name,
    group,
    ...stateAt(connections, attended, now, policy),
    presentMs: result.presentMs,
    liveMs: result.liveMs,
    rate: result.rate,
    lateMs: result.late,
    earlyMs: result.early,
    absences: result.absences.length,
    absentMs: result.absences.reduce((sum, absence) => sum + absence.liveMs, 0),
    quizAsked: quiz.asked,
    quizAnswered: quiz.answered,
    quizCorrect: quiz.correct,
    correctRate: quiz.rate,
    onStage,
    device,
    rttMs,
    identity: learner.identity ?? null,
    timeline: result.timeline,
  };
}

/** As of `now`, however long ago each row of the tally was made. */
export function boardTotals(
  of: BoardClass,
  tally: BoardTally,
  now: number,
  policy: AttendancePolicy,
): BoardTotals {
  const end = Math.min(of.endedAt ?? now, now);
  const live = normalise(of.live.map(({ from, to }) => ({ from, to: Math.min(to ?? end, end) })));
  const liveMs = length(live);
  return {
    at: now,
    state: of.state,
    startedAt: of.startedAt,
    endedAt: of.endedAt,
    liveMs,
    ...tally.counts({ liveMs, isLive: of.state === 'live' }),
    minimumRate: policy.minimumRate,
  };
}
