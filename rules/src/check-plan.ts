/** When somebody in a class is asked to show themself, and what follows from the answer [AT1, AT7, PR3, PR4, PR5]. */
import type { Verdict } from '@keshi/contract/proctor';
import { nextCheck, type IdentityState } from './identity-checks.ts';
import type { IdentityPolicy } from './identity-policy.ts';
import type { AttendancePolicy } from './policy.ts';

/** How long somebody has to answer, ms. */
export const answerMs = 60_000;
/** What an answer may need on its way beyond the deadline, ms. */
export const onTheWayMs = 5_000;
/** When nobody can still be answering: what has no answer by then gets none, ms after the deadline. */
export const silentAfterMs = 8_000;
/** How long the proctor may take over an answer before it is our own failure, ms after the answer. */
export const judgedWithinMs = 30_000;
/** Pictures of a recheck: one after the other, so that a moment's blur decides nothing. */
export const burstPictures = 3;
/** While a head turns and comes back. */
export const motionPictures = 5;

/** Which hour of a class runs, from 1 [AT7]. */
export function hourAt(liveMs: number, { classHourMs }: AttendancePolicy): number {
  return Math.floor(liveMs / classHourMs) + 1;
}

/**
 * [AT7] How long after somebody was first there in an hour the sign-in is asked for: a random moment, as early in the
 * window as leaves time for an answer and for another try.
 */
export function signInDelay(random: number, { signInWindowMs }: AttendancePolicy): number {
  return Math.floor(random * Math.max(0, signInWindowMs - 2 * answerMs - onTheWayMs));
}

export type Purpose = 'sign-in' | 'check' | 'recheck';
export type AskCause = 'schedule' | 'failed' | 'detector' | 'return' | 'virtual-camera';

/** What is to be asked next. `hour` is said of sign-ins alone. */
export interface PlannedAsk {
  readonly at: number;
  readonly purpose: Purpose;
  readonly cause: AskCause;
  readonly pictures: number;
  /** [PR4] A turn of the head is asked for. */
  readonly motion: boolean;
}

/** What was last asked and came to a verdict. */
export interface LastAsk {
  readonly at: number;
  readonly verdict: Verdict;
  readonly wasRetry: boolean;
  readonly askedMotion: boolean;
}

/**
 * [PR4] What follows a verdict while the hour's sign-in is open (`signedIn` false) or given. Null: no more is asked of
 * the face in this hour, a person looks [PR3, AT7].
 */
export function planAfter(
  last: LastAsk,
  given: {
    readonly signedIn: boolean;
    readonly state: IdentityState;
    readonly random: number;
    /** Decides whether a turn of the head is asked for, in [0, 1). */
    readonly motionRandom: number;
    readonly stretch: number;
  },
  policy: IdentityPolicy,
): PlannedAsk | null {
  const { signedIn, state, random, stretch } = given;
  // Who did not turn when asked to is asked to once more.
  const motion = given.motionRandom < policy.motionShare || (last.askedMotion && last.verdict !== 'match');
  if (!signedIn) {
    if (state.callsPerson || (last.wasRetry && last.verdict !== 'error')) return null;
    const at = last.at + Math.floor(random * policy.recheckWithinMs);
    return last.verdict === 'error'
      ? { at, purpose: 'sign-in', cause: 'schedule', ...picturesFor(1, false) }
      : { at, purpose: 'sign-in', cause: 'failed', ...picturesFor(burstPictures, motion) };
  }
  const next = nextCheck(
    { at: last.at, verdict: last.verdict, wasRecheck: last.wasRetry },
    { place: 'class', random, stretch },
    policy,
  );
  return next.kind === 'recheck'
    ? { at: next.at, purpose: 'recheck', cause: 'failed', ...picturesFor(burstPictures, motion) }
    : { at: next.at, purpose: 'check', cause: 'schedule', ...picturesFor(1, motion) };
}

/** A turn of the head takes more pictures than what is asked without one. */
export const picturesFor = (pictures: number, motion: boolean) => ({
  pictures: motion ? motionPictures : pictures,
  motion,
});

/**
 * [AT1] Whether presence proves nothing at the moment: a check is past its deadline, the last one failed and nobody has
 * passed since, or the seat is known to be empty [PR5]. What is uncertain and what is our own failure stops nothing.
 */
export function isOverdue(
  of: {
    readonly open: { readonly deadline: number; readonly answeredAt: number | null } | null;
    readonly state: IdentityState;
    readonly seatEmpty: boolean;
  },
  now: number,
): boolean {
  const { open, state, seatEmpty } = of;
  if (seatEmpty || state.failures.length > 0) return true;
  return open !== null && open.answeredAt === null && now >= open.deadline;
}
