/**
 * What a report of a player is credited [WL1–WL8]. The page says what it played; the server alone says when it is now,
 * what was credited before, and what is asked of the learner. Nothing a report says makes more of it than the time that
 * really passed, than the lesson is long, or than once.
 */
import type { Interval } from '@keshi/contract/domain';
import type { StudyReason, StudyReport } from '@keshi/contract/study';
import { length, normalise, type Spans, subtraction, union } from './intervals.ts';
import { expired, issue, nextAfter, type Chance } from './study-challenges.ts';
import type { StudyPolicy } from './study-policy.ts';
import {
  creditedOn,
  dayOf,
  isCovered,
  provisionalWith,
  refusedWith,
  type StudySession,
  type StudyState,
} from './study-state.ts';

export interface LessonFacts {
  readonly lengthMs: number;
  /** A lesson without a time line is complete only when it is done as declared [WL9]. */
  readonly needsDone: boolean;
}

export interface ReportGiven {
  readonly now: number;
  readonly lesson: LessonFacts;
  readonly policy: StudyPolicy;
  /** The account's lease is this session's [WL4]. */
  readonly holdsLease: boolean;
  readonly chance: Chance;
  /** An answer has come, and is being judged: its deadline is no matter any more. */
  readonly judging?: boolean;
}

export interface Accepted {
  readonly state: StudyState;
  readonly creditedMs: number;
  /** What says best why not all of it was credited; `counting` when it was. */
  readonly reason: StudyReason;
}

type Refusal = { readonly reason: StudyReason; readonly ms: number };

/** One report against what is stored. What is refused changes nothing in the learner's favour. */
export function accept(stored: StudyState, report: StudyReport, given: ReportGiven): Accepted {
  const { now, policy, lesson } = given;
  const { session } = stored;
  if (!session || session.id !== report.sessionId || !given.holdsLease)
    return { state: stored, creditedMs: 0, reason: 'no-lease' };
  if (report.seq <= session.seq) return { state: stored, creditedMs: 0, reason: 'replayed' };
  const state = given.judging ? stored : expired(stored, { now, policy, chance: given.chance });
  const heard = heardAgain(state.session ?? session, report.seq, now);
  const claimed = claimOf(report, lesson.lengthMs);
  const stopped = stoppedBy(state, report);
  if (stopped !== null) {
    const ms = stopped === 'complete' ? 0 : length(subtraction(normalise(claimed), state.coverage));
    return settled(
      {
        ...state,
        position: placed(state, report, lesson, policy),
        refused: refusedWith(state.refused, stopped, ms),
        session: { ...heard, spentUpTo: Math.max(heard.spentUpTo, now) },
        done: state.done || (report.done ?? false),
      },
      { creditedMs: 0, reason: stopped },
      given,
    );
  }
  const day = dayOf(now);
  const weighed = weigh(claimed, {
    coverage: state.coverage,
    budget: Math.max(0, now - heard.spentUpTo),
    dayLeft: Math.max(0, policy.studyDayMs - creditedOn(heard, day)),
    policy,
  });
  const creditedMs = length(weighed.credited);
  const next: StudyState = {
    ...state,
    coverage: union(state.coverage, normalise(weighed.credited)),
    provisional: provisionalWith(state.provisional, weighed.credited, policy.challengeVoidMs),
    viewedMs: state.viewedMs + creditedMs,
    sinceFaceMs: state.sinceFaceMs + creditedMs,
    refused: weighed.refused.reduce((sum, { reason, ms }) => refusedWith(sum, reason, ms), state.refused),
    position: placed(state, report, lesson, policy),
    done: state.done || (report.done ?? false),
    session: {
      ...heard,
      // What passed and was not spent is carried a little, so that a report that is slow on its way costs nothing.
      spentUpTo: Math.max(heard.spentUpTo + creditedMs, now - policy.studyCarryMs),
      byDay: creditedMs > 0 ? { ...heard.byDay, [day]: (heard.byDay[day] ?? 0) + creditedMs } : heard.byDay,
    },
  };
  return settled(next, { creditedMs, reason: reasonOf(report, weighed.refused, creditedMs) }, given);
}

/** After what was credited: is the lesson complete, or is something to be asked? */
function settled(
  state: StudyState,
  outcome: Pick<Accepted, 'creditedMs' | 'reason'>,
  given: ReportGiven,
): Accepted {
  const { lesson, policy, now, chance } = given;
  if (state.completedAt !== null || state.challenge.state !== 'none') return { state, ...outcome };
  const whole = isCovered(state.coverage, lesson.lengthMs, policy) && (state.done || !lesson.needsDone);
  // At least one challenge in every lesson [WL6]: the last moment is early enough for it.
  if (whole && state.passed > 0) return { state: { ...state, completedAt: now }, ...outcome };
  if (whole || state.viewedMs >= state.challenge.afterMs) {
    const asked = issue(state, { now, policy, chance });
    return { state: asked, ...outcome };
  }
  return { state, ...outcome };
}

/** A session begins: time before it is spent, and what is still asked stays asked [WL4, WL6]. */
export function begin(
  stored: StudyState,
  given: Pick<ReportGiven, 'now' | 'lesson' | 'policy' | 'chance'> &
    Pick<StudySession, 'id' | 'elsewhere' | 'means'>,
): StudyState {
  const { now, lesson, policy, chance, id, elsewhere, means } = given;
  const state = expired(stored, { now, policy, chance });
  const session: StudySession = {
    id,
    startedAt: now,
    seq: 0,
    heardAt: now,
    spentUpTo: now,
    byDay: {},
    elsewhere,
    means,
  };
  const { challenge } = state;
  const fresh = challenge.state === 'none' && challenge.afterMs === 0;
  const leftMs = lesson.lengthMs - length(state.coverage);
  return {
    ...state,
    session,
    challenge: fresh
      ? { state: 'none', afterMs: nextAfter({ ...state, session }, leftMs, { policy, chance }) }
      : challenge,
  };
}

/** Completes a lesson whose last challenge has just been passed. */
export function completed(
  state: StudyState,
  given: Pick<ReportGiven, 'lesson' | 'policy' | 'now'>,
): StudyState {
  const { lesson, policy, now } = given;
  if (state.completedAt !== null || state.challenge.state !== 'none' || state.passed === 0) return state;
  const whole = isCovered(state.coverage, lesson.lengthMs, policy) && (state.done || !lesson.needsDone);
  return whole ? { ...state, completedAt: now } : state;
}

const heardAgain = (session: StudySession, seq: number, now: number): StudySession => ({
  ...session,
  seq,
  heardAt: Math.max(session.heardAt, now),
});

/** What the report claims, cut to the lesson, in the order it was watched. */
function claimOf({ spans }: StudyReport, lengthMs: number): Interval[] {
  return spans
    .map(([from, to]) => ({ from: Math.min(from, lengthMs), to: Math.min(to, lengthMs) }))
    .filter(({ from, to }) => to > from);
}

/** [WL5, WL6, WL3] What keeps the whole report from counting; null when nothing does. */
function stoppedBy(state: StudyState, report: StudyReport): StudyReason | null {
  if (state.completedAt !== null) return 'complete';
  if (state.challenge.state === 'pending') return 'challenge-pending';
  if (state.challenge.state === 'locked') return state.challenge.why;
  return report.visible ? null : 'hidden';
}

/** [WL1, WL2, WL7] */
function weigh(
  claimed: readonly Interval[],
  given: {
    readonly coverage: Spans;
    readonly budget: number;
    readonly dayLeft: number;
    readonly policy: StudyPolicy;
  },
): { credited: Interval[]; refused: Refusal[] } {
  const { policy } = given;
  const late = Math.max(0, given.budget - policy.studyLateMs);
  let budget = given.budget - late;
  let dayLeft = given.dayLeft;
  let { coverage } = given;
  const credited: Interval[] = [];
  const refused: Refusal[] = [];
  for (const span of claimed)
    for (const fresh of subtraction([span], coverage)) {
      const skipped = fresh.from - length(subtraction(coverage, [{ from: fresh.from, to: Infinity }]));
      if (skipped > policy.studyJumpMs) {
        refused.push({ reason: 'seek-ahead', ms: fresh.to - fresh.from });
        continue;
      }
      const timed = Math.min(fresh.to - fresh.from, budget);
      const taken = Math.min(timed, dayLeft);
      const rest = fresh.to - fresh.from - timed;
      // What a late report was too late for is said apart from what nobody can have watched.
      if (rest > 0) refused.push({ reason: late > 0 ? 'too-late' : 'too-fast', ms: rest });
      if (taken < timed) refused.push({ reason: 'daily-cap', ms: timed - taken });
      if (taken === 0) continue;
      const piece = { from: fresh.from, to: fresh.from + taken };
      credited.push(piece);
      coverage = union(coverage, [piece]);
      budget -= taken;
      dayLeft -= taken;
    }
  return { credited, refused };
}

function reasonOf(report: StudyReport, refused: readonly Refusal[], creditedMs: number): StudyReason {
  const most = refused.reduce<Refusal | null>((best, one) => (one.ms > (best?.ms ?? 0) ? one : best), null);
  if (most && most.ms > creditedMs) return most.reason;
  if (creditedMs > 0) return 'counting';
  return most?.reason ?? (report.spans.length > 0 ? 'counting' : 'paused');
}

/** Where it goes on next time: never beyond what may be watched next. */
function placed(
  { coverage, completedAt }: StudyState,
  { position }: StudyReport,
  { lengthMs }: LessonFacts,
  policy: StudyPolicy,
): number {
  if (completedAt !== null) return Math.min(position, lengthMs);
  const furthest = coverage.at(-1)?.to ?? 0;
  return Math.min(position, lengthMs, furthest + policy.studyJumpMs);
}
