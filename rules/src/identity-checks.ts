/** When somebody is checked next, and what the checks of a class say together [PR3, PR4, PR5, PR7]. */
import type { Verdict } from '@keshi/contract/proctor';
import type { IdentityPolicy } from './identity-policy.ts';

export interface Check {
  readonly at: number;
  readonly verdict: Verdict;
}

export type Standing = 'passed' | 'failed' | 'open';

/** [PR3] What is uncertain, and what is our own failure, counts neither way. */
export function standingOf(verdict: Verdict): Standing {
  switch (verdict) {
    case 'match':
      return 'passed';
    case 'uncertain':
    case 'error':
      return 'open';
    case 'mismatch':
    case 'no-face':
    case 'many-faces':
    case 'too-dark':
    case 'blurred':
    case 'camera-off':
    case 'repeated':
    case 'late':
    case 'no-answer':
    case 'spoof-suspected':
      return 'failed';
  }
}

export interface IdentityState {
  readonly lastPassedAt: number | null;
  /** What failed since then, without a pass in between. */
  readonly failures: readonly Check[];
  /** [PR4] One per learner and class: what failed later belongs to it. */
  readonly incident: { readonly openedAt: number; readonly checks: readonly Check[] } | null;
  readonly errors: number;
  /** [PR3] We failed too often: a person looks. */
  readonly callsPerson: boolean;
}

export const untouched: IdentityState = {
  lastPassedAt: null,
  failures: [],
  incident: null,
  errors: 0,
  callsPerson: false,
};

/**
 * The checks of one learner in one class, one after the other. An uncertain one and an error neither count as a failure
 * nor part two failures: nobody passed in between.
 */
export function afterCheck(state: IdentityState, check: Check, policy: IdentityPolicy): IdentityState {
  const errors = state.errors + (check.verdict === 'error' ? 1 : 0);
  const counted = { ...state, errors, callsPerson: errors >= policy.errorsForPerson };
  switch (standingOf(check.verdict)) {
    case 'passed':
      return { ...counted, lastPassedAt: check.at, failures: [] };
    case 'open':
      return counted;
    case 'failed': {
      const failures = [...state.failures, check];
      return { ...counted, failures, incident: incidentWith(state, check, failures, policy) };
    }
  }
}

function incidentWith(
  { incident }: IdentityState,
  check: Check,
  failures: readonly Check[],
  policy: IdentityPolicy,
): IdentityState['incident'] {
  if (incident) return { ...incident, checks: [...incident.checks, check] };
  return failures.length < policy.failuresForIncident ? null : { openedAt: check.at, checks: failures };
}

/** The state after all checks, in the order of their time. */
export const identityState = (checks: readonly Check[], policy: IdentityPolicy): IdentityState =>
  checks
    .toSorted((a, b) => a.at - b.at)
    .reduce((state, check) => afterCheck(state, check, policy), untouched);

export type NextCheck =
  | { readonly kind: 'recheck'; readonly at: number }
  /** [PR7] `widened`: later than it would be, because we cannot keep up; it is said to whoever supervises. */
  | { readonly kind: 'check'; readonly at: number; readonly widened: boolean };

/**
 * [PR4] When the next check is asked for. After one that did not pass, a recheck with several pictures within seconds;
 * after a recheck, and after one that passed, at a random time with the policy's mean, never longer than its longest.
 * A failure of our own is no reason to hurry.
 *
 * `random` lies in [0, 1). `stretch` is 1, or more where the proctors cannot keep up [PR7].
 */
export function nextCheck(
  last: { readonly at: number; readonly verdict: Verdict; readonly wasRecheck: boolean },
  given: { readonly place: 'class' | 'study' | 'exam'; readonly random: number; readonly stretch: number },
  policy: IdentityPolicy,
): NextCheck {
  const { place, random, stretch } = given;
  if (last.verdict !== 'match' && last.verdict !== 'error' && !last.wasRecheck)
    return { kind: 'recheck', at: last.at + Math.floor(random * policy.recheckWithinMs) };
  const mean = place === 'exam' ? policy.examMeanMs : policy.meanMs;
  const wait = randomWait(random, mean, policy.longestMs);
  if (stretch <= 1) return { kind: 'check', at: last.at + wait, widened: false };
  const widened = Math.min(policy.longestUnderLoadMs, Math.round(wait * stretch));
  return { kind: 'check', at: last.at + widened, widened: widened > wait };
}

/**
 * A whole number of ms from 1 to `longest` with mean `mean`, for a random number in [0, 1): an exponential cut off at
 * the longest. At every moment the next check may be the next second, and it can never be known to be far away.
 */
export function randomWait(random: number, mean: number, longest: number): number {
  const rate = rateOf(mean / longest);
  // Near the middle the exponential is as good as flat, and its formula divides by next to nothing.
  const share = Math.abs(rate) < flatRate ? random : -Math.log1p(-random * -Math.expm1(-rate)) / rate;
  return Math.min(longest, Math.max(1, Math.round(share * longest)));
}

const flatRate = 1e-6;

/** The rate of an exponential on [0, 1] that has this mean; negative where it lies beyond the middle. */
function rateOf(mean: number): number {
  let [low, high] = [-500, 500];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    // The mean falls as the rate grows.
    if (meanAt(middle) > mean) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

const meanAt = (rate: number) => (Math.abs(rate) < flatRate ? 0.5 : 1 / rate - 1 / Math.expm1(rate));
