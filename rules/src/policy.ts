/**
 * The numbers of the AT rules that a training project may set. Plain JSON, stored per course; what a
 * course does not set has the default.
 */
export interface AttendancePolicy {
  /** AT1: how often a client proves itself, ms. */
  readonly heartbeatMs: number;
  /** AT2: the longest time between two proofs of one interval, ms. */
  readonly proofGapMs: number;
  /** AT4: how long after the announced retry a learner may return and still be bridged, ms. */
  readonly outageReturnMs: number;
  /** AT6: below this rate a learner is listed, 0 to 1. */
  readonly minimumRate: number;
  /** AT7: live time of one class hour, ms. */
  readonly classHourMs: number;
  /** AT7: the sign-in falls into this much of the beginning of its hour, ms. */
  readonly signInWindowMs: number;
  /** AT10: from this share on the whole hour is earned, 0 to 1; null earns the present seconds alone. */
  readonly fullHourFrom: number | null;
  /** AT7: whether each class hour needs its own sign-in; `not-required` for training without subsidy. */
  readonly signIn: 'required' | 'not-required';
  /** CH5: class hours the course is declared with, the most it can earn; null when none are declared. */
  readonly declaredHours: number | null;
  /** CT1: class hours a certificate asks for; null asks for the declared ones. */
  readonly requiredHours: number | null;
  /** CT1: the least correct rate in class a certificate asks for, 0 to 1; null asks for none. */
  readonly minimumCorrectRate: number | null;
}

export const defaultPolicy: AttendancePolicy = {
  heartbeatMs: 10_000,
  proofGapMs: 30_000,
  outageReturnMs: 60_000,
  minimumRate: 0.8,
  classHourMs: 45 * 60_000,
  signInWindowMs: 10 * 60_000,
  fullHourFrom: 0.9,
  signIn: 'required',
  declaredHours: null,
  requiredHours: null,
  minimumCorrectRate: null,
};

export type PolicyProblem =
  | { readonly field: keyof AttendancePolicy; readonly problem: 'not-positive-integer' | 'not-a-share' }
  | { readonly field: 'declaredHours' | 'requiredHours'; readonly problem: 'not-positive' }
  | { readonly field: 'proofGapMs'; readonly problem: 'shorter-than-heartbeat' }
  | { readonly field: 'signInWindowMs'; readonly problem: 'longer-than-class-hour' };

/** Fills what a course leaves out (or sets to undefined) with the defaults. The result is to be checked with `policyProblems` where people enter it. */
export function resolvePolicy(
  partial: { readonly [K in keyof AttendancePolicy]?: AttendancePolicy[K] | undefined } = {},
): AttendancePolicy {
  return {
    heartbeatMs: partial.heartbeatMs ?? defaultPolicy.heartbeatMs,
    proofGapMs: partial.proofGapMs ?? defaultPolicy.proofGapMs,
    outageReturnMs: partial.outageReturnMs ?? defaultPolicy.outageReturnMs,
    minimumRate: partial.minimumRate ?? defaultPolicy.minimumRate,
    classHourMs: partial.classHourMs ?? defaultPolicy.classHourMs,
    signInWindowMs: partial.signInWindowMs ?? defaultPolicy.signInWindowMs,
    // Null is a value of its own here: it switches the full hour off.
    fullHourFrom: partial.fullHourFrom === undefined ? defaultPolicy.fullHourFrom : partial.fullHourFrom,
    signIn: partial.signIn ?? defaultPolicy.signIn,
    declaredHours: partial.declaredHours === undefined ? defaultPolicy.declaredHours : partial.declaredHours,
    requiredHours: partial.requiredHours === undefined ? defaultPolicy.requiredHours : partial.requiredHours,
    minimumCorrectRate:
      partial.minimumCorrectRate === undefined
        ? defaultPolicy.minimumCorrectRate
        : partial.minimumCorrectRate,
  };
}

const durations = ['heartbeatMs', 'proofGapMs', 'outageReturnMs', 'classHourMs', 'signInWindowMs'] as const;

/** What is wrong with a policy; empty when it can be used. */
export function policyProblems(policy: AttendancePolicy): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  for (const field of durations) {
    if (!Number.isInteger(policy[field]) || policy[field] <= 0) {
      problems.push({ field, problem: 'not-positive-integer' });
    }
  }
  if (!isShare(policy.minimumRate)) problems.push({ field: 'minimumRate', problem: 'not-a-share' });
  if (policy.fullHourFrom !== null && !isShare(policy.fullHourFrom)) {
    problems.push({ field: 'fullHourFrom', problem: 'not-a-share' });
  }
  for (const field of ['declaredHours', 'requiredHours'] as const) {
    const hours = policy[field];
    if (hours !== null && !(hours > 0 && hours <= 10_000)) problems.push({ field, problem: 'not-positive' });
  }
  if (policy.minimumCorrectRate !== null && !isShare(policy.minimumCorrectRate)) {
    problems.push({ field: 'minimumCorrectRate', problem: 'not-a-share' });
  }
  // A learner who proves himself exactly on time must never fall out of his own interval.
  if (policy.proofGapMs < policy.heartbeatMs) {
    problems.push({ field: 'proofGapMs', problem: 'shorter-than-heartbeat' });
  }
  if (policy.signInWindowMs > policy.classHourMs) {
    problems.push({ field: 'signInWindowMs', problem: 'longer-than-class-hour' });
  }
  return problems;
}

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}

/** [CH5] The most a course can earn, in ms; null without declared hours. */
export function declaredMs({ declaredHours, classHourMs }: AttendancePolicy): number | null {
  return declaredHours === null ? null : Math.round(declaredHours * classHourMs);
}
