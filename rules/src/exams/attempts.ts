/** When an attempt may begin, until when it may be written, and what becomes of an answer [EX1, EX2, EX3, EX6]. */

export interface ExamTimes {
  /** Null for a self-test, which has no window. */
  readonly opensAt: number | null;
  readonly closesAt: number | null;
  readonly durationMs: number | null;
}

/** What an answer may need on its way beyond the deadline. */
export const onTheWayMs = 5_000;
/** A page tells of itself at least so often while an attempt is written. */
export const beatMs = 10_000;
/** Silence of this length is a disconnection the server saw. */
export const lostAfterMs = 25_000;
/** After the deadline and what is on the way, nobody writes any more, and what is stored is graded. */
export const closedAfterMs = onTheWayMs + 2_000;

/** [EX1] The server's: the time allowed, cut off where the window closes, and on top what this learner was granted. */
export function deadlineOf(times: ExamTimes, startedAt: number, extraMs: number): number | null {
  const byDuration = times.durationMs === null ? Infinity : startedAt + times.durationMs;
  const end = Math.min(byDuration, times.closesAt ?? Infinity);
  return Number.isFinite(end) ? end + extraMs : null;
}

/** Waiting for a person at the door costs nobody: for who waited, the exam closes so much later. */
export function afterWaiting(
  times: ExamTimes,
  wait: { readonly since: number; readonly admittedAt: number | null } | null,
  now: number,
): ExamTimes {
  if (wait === null || times.closesAt === null) return times;
  return { ...times, closesAt: times.closesAt + Math.max(0, (wait.admittedAt ?? now) - wait.since) };
}

export type MayBegin = 'yes' | 'not-open' | 'over' | 'used-up';

/** Whether another attempt may begin now. */
export function mayBegin(
  times: ExamTimes,
  { begun, most, now }: { begun: number; most: number; now: number },
): MayBegin {
  if (times.opensAt !== null && now < times.opensAt) return 'not-open';
  if (times.closesAt !== null && now >= times.closesAt) return 'over';
  return begun < most ? 'yes' : 'used-up';
}

/** [EX6] From when on nobody can write any more, whatever was granted to whom; null when that never comes. */
export function closedForEveryoneAt(times: ExamTimes, extras: readonly number[]): number | null {
  if (times.closesAt === null) return null;
  return times.closesAt + Math.max(0, ...extras) + closedAfterMs;
}

export interface WritingState {
  /** Of the page that writes; those before it do not any more [EX2]. */
  readonly lease: number;
  /** Whether the answer comes from the login that writes [EX7]. */
  readonly sameLogin: boolean;
  readonly deadline: number | null;
  readonly submitted: boolean;
  readonly ended: boolean;
  /** When the server last heard from this attempt before the answer. */
  readonly lastSeenAt: number;
}

export type AnswerStanding = 'accepted' | 'late' | 'refused' | 'taken-over';

/** [EX1] What becomes of an answer that reached the server at `at`. */
export function standingOfAnswer(state: WritingState, lease: number, at: number): AnswerStanding {
  if (lease < state.lease) return 'taken-over';
  // Another login writes only after it was let in; what it brings after the end is for a person to look at.
  if (!state.sameLogin && !state.ended) return 'taken-over';
  // What was handed in stands as it was [EX3].
  if (state.submitted) return 'refused';
  const { deadline } = state;
  if (deadline === null || at <= deadline + onTheWayMs) return state.ended ? 'refused' : 'accepted';
  return state.lastSeenAt < deadline && at - state.lastSeenAt >= lostAfterMs ? 'late' : 'refused';
}

/** Which of two answers is the later one, by the page that wrote it and its place among what that page wrote [EX2]. */
export function isNewer(
  one: { readonly lease: number; readonly sequence: number },
  other: { readonly lease: number; readonly sequence: number },
): boolean {
  return one.lease > other.lease || (one.lease === other.lease && one.sequence > other.sequence);
}

/** Whether it is time to end an attempt that nobody handed in; what is stored by then is what is graded [EX2]. */
export const isExpired = (
  { deadline, ended }: Pick<WritingState, 'deadline' | 'ended'>,
  now: number,
): boolean => !ended && deadline !== null && now >= deadline + closedAfterMs;
