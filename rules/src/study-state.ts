/** What is stored of one learner in one lesson, and what can be read from it [WL3, WL6, WL8]. Plain JSON. */
import type { Interval } from '@keshi/contract/domain';
import type { StudyReason } from '@keshi/contract/study';
import { length, normalise, type Spans, subtraction, union } from './intervals.ts';
import type { StudyPolicy } from './study-policy.ts';

/** A question that may be asked, and out of how many options its answer is chosen. */
export interface AskableItem {
  readonly id: string;
  readonly choices: number;
}

/** What challenges this learner can be given in this lesson, as it was when the session began. */
export interface Means {
  readonly face: boolean;
  /** Approved questions about the lesson. */
  readonly items: readonly AskableItem[];
  /** Challenges failed in other lessons lately, and not made good since. */
  readonly failures: number;
}

export type ChallengeWay =
  | { readonly kind: 'face'; readonly pictures: number }
  | {
      readonly kind: 'item';
      readonly itemId: string;
      /** Asked after this one; only all of them together are judged, so that nobody learns which answer was wrong. */
      readonly rest: readonly string[];
      /** Whether one of those before it was answered wrongly. */
      readonly wrong: boolean;
    }
  | { readonly kind: 'attend'; readonly number: number; readonly choices: readonly number[] };

export type Challenge =
  /** The next one comes when so much has been viewed since the last. */
  | { readonly state: 'none'; readonly afterMs: number }
  | {
      readonly state: 'pending';
      readonly id: string;
      readonly way: ChallengeWay;
      readonly askedAt: number;
      readonly deadline: number;
      /** The second is asked after a wrong answer. */
      readonly attempt: 1 | 2;
      /** It was asked before, and nothing at all was heard of the learner until its deadline. */
      readonly repeated: boolean;
    }
  | {
      readonly state: 'locked';
      readonly since: number;
      readonly why: 'challenge-missed' | 'identity-failed';
    };

export interface StudySession {
  readonly id: string;
  readonly startedAt: number;
  readonly seq: number;
  /** When something was last heard of the player. */
  readonly heardAt: number;
  /** Server time up to which time is spent, by credit or because it is gone [WL1]. */
  readonly spentUpTo: number;
  /** Credited by this session, by the day of Asia/Shanghai. */
  readonly byDay: Readonly<Record<string, number>>;
  /** What was credited on a day elsewhere, as far as was known when the session began [WL7]. */
  readonly elsewhere: { readonly day: string; readonly ms: number };
  readonly means: Means;
}

export interface StudyState {
  readonly coverage: Spans;
  /** Credited since the last passed challenge, the latest last, no more than one may void [WL6]. */
  readonly provisional: readonly Interval[];
  /** Viewing that was credited since the last challenge, and since the last face check. */
  readonly viewedMs: number;
  readonly sinceFaceMs: number;
  /** Challenges passed since the lesson was begun anew. */
  readonly passed: number;
  /** Challenges failed, by wrong answers or by none, and not made good by as many that were passed [WL6]. */
  readonly failures: number;
  /** The questions asked last: others come next. */
  readonly asked: readonly string[];
  readonly challenge: Challenge;
  readonly session: StudySession | null;
  readonly refused: Readonly<Partial<Record<StudyReason, number>>>;
  readonly position: number;
  readonly completedAt: number | null;
  /** Of a lesson without a time line: that it was done as declared [WL9]. */
  readonly done: boolean;
}

export const unstudied: StudyState = {
  coverage: [],
  provisional: [],
  viewedMs: 0,
  sinceFaceMs: 0,
  passed: 0,
  failures: 0,
  asked: [],
  challenge: { state: 'none', afterMs: 0 },
  session: null,
  refused: {},
  position: 0,
  completedAt: null,
  done: false,
};

export const countedMs = ({ coverage }: Pick<StudyState, 'coverage'>): number => length(coverage);

/** [WL3] Where the player is led back to; the end when nothing is missing. */
export function firstUncredited({ coverage }: Pick<StudyState, 'coverage'>, lengthMs: number): number {
  const [first] = coverage;
  return Math.min(lengthMs, first && first.from === 0 ? first.to : 0);
}

/** [WL3] Whether nothing but the last moments is missing. */
export function isCovered(coverage: Spans, lengthMs: number, policy: StudyPolicy): boolean {
  return length(coverage) >= Math.max(1, lengthMs - policy.studyLackMs);
}

export function refusedWith(
  refused: StudyState['refused'],
  reason: StudyReason,
  ms: number,
): StudyState['refused'] {
  return ms > 0 ? { ...refused, [reason]: (refused[reason] ?? 0) + ms } : refused;
}

const shanghai = 8 * 3_600_000;

/** Of Asia/Shanghai, `2026-11-28`. */
export const dayOf = (at: number): string => new Date(at + shanghai).toISOString().slice(0, 10);

/** [WL7] What was credited on a day, here and elsewhere. */
export function creditedOn({ byDay, elsewhere }: StudySession, on: string): number {
  return (byDay[on] ?? 0) + (elsewhere.day === on ? elsewhere.ms : 0);
}

/** [WL6] What a challenge that was missed takes back: what was credited since the last one that was passed. */
export function voided(
  state: StudyState,
  why: 'challenge-missed' | 'identity-failed',
  at: number,
): StudyState {
  const gone = normalise(state.provisional);
  const ms = length(state.coverage) - length(subtraction(state.coverage, gone));
  const { session } = state;
  return {
    ...state,
    coverage: subtraction(state.coverage, gone),
    provisional: [],
    viewedMs: 0,
    // A face that fails is looked into by people; it says nothing about how somebody answers.
    failures: state.failures + (why === 'challenge-missed' ? 1 : 0),
    challenge: { state: 'locked', since: at, why },
    refused: refusedWith(state.refused, why, ms),
    session: session && {
      ...session,
      byDay: less(session.byDay, ms),
      spentUpTo: Math.max(session.spentUpTo, at),
    },
  };
}

/** Takes from the latest day first: what is taken back was earned last. */
function less(byDay: Readonly<Record<string, number>>, ms: number): Record<string, number> {
  const left: Record<string, number> = {};
  let over = ms;
  for (const [on, earned] of Object.entries(byDay).sort(([a], [b]) => (a < b ? 1 : -1))) {
    left[on] = Math.max(0, earned - over);
    over = Math.max(0, over - earned);
  }
  return left;
}

/** Adds what was credited, and keeps no more of it than a challenge may void. */
export function provisionalWith(
  provisional: readonly Interval[],
  added: readonly Interval[],
  mostMs: number,
): Interval[] {
  const all = [...provisional];
  for (const one of added) {
    const last = all.at(-1);
    if (last && last.to === one.from) all[all.length - 1] = { from: last.from, to: one.to };
    else all.push({ ...one });
  }
  let over = all.reduce((sum, { from, to }) => sum + to - from, 0) - mostMs;
  while (over > 0) {
    const [first] = all;
    if (!first) break;
    const size = first.to - first.from;
    if (size <= over) all.shift();
    else all[0] = { from: first.from + over, to: first.to };
    over -= size;
  }
  return all;
}

/** [CH3] Everything of the lesson was taken back: it is earned anew, with challenges of its own. */
export const takenBack = (state: StudyState): StudyState => ({
  ...unstudied,
  session: state.session,
  refused: state.refused,
});

/** [CH3] What was taken back counts again: the union of what was and what is. */
export function givenBack(
  state: StudyState,
  was: Pick<StudyState, 'coverage' | 'completedAt' | 'done'>,
): StudyState {
  return {
    ...state,
    coverage: union(state.coverage, was.coverage),
    completedAt: state.completedAt ?? was.completedAt,
    done: state.done || was.done,
  };
}
