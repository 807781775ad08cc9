/**
 * The numbers of the PR rules. Those of `checkPolicyNames` a course may set; the others are the deployment's, because
 * they say what a picture shows, which is the same everywhere.
 */
import type { CheckPolicyNumbers } from '@keshi/contract/policy';

export interface IdentityPolicy {
  /** PR3: up to this distance two descriptors are one person's. */
  readonly matchDistance: number;
  /** PR3: beyond this distance they are two persons'; between the two nothing is said. */
  readonly mismatchDistance: number;
  /** Variance of the Laplacian over a face below which it is too blurred to compare. */
  readonly leastSharpness: number;
  /** The same over the whole picture, where no face was found. */
  readonly leastPictureSharpness: number;
  /** Mean luma of a face, 0 to 255, below which it is too dark to compare. */
  readonly leastFaceBrightness: number;
  /** The same of the whole picture, where no face was found. */
  readonly leastPictureBrightness: number;
  /** Standard deviation of luma below which a picture shows nothing at all. */
  readonly leastContrast: number;
  /** A face narrower than this many pixels of a picture 640 long is too far away to compare. */
  readonly leastFaceWidth: number;
  /** A second face counts from this share of the first one's width, and from this certainty. */
  readonly secondFaceShare: number;
  readonly secondFaceScore: number;
  /** Two pictures whose hashes differ in at most this many of 256 bits look the same. */
  readonly nearHashBits: number;
  /** This many earlier pictures that look the same, each at least so long before the next, are a feed that stands still. */
  readonly nearRepeats: number;
  readonly nearRepeatApartMs: number;
  /** PR4: the mean time between two checks in class and in study, and in an exam, ms. */
  readonly meanMs: number;
  readonly examMeanMs: number;
  /** PR4: never longer, ms. */
  readonly longestMs: number;
  /** PR7: never longer than this under overload, ms. */
  readonly longestUnderLoadMs: number;
  /** PR4: a recheck begins within this time, ms. */
  readonly recheckWithinMs: number;
  /** PR4: this many failures in a row make an incident. */
  readonly failuresForIncident: number;
  /** PR3: this many failures of our own in a class call a person. */
  readonly errorsForPerson: number;
  /** PR4: of so many checks, 0 to 1, a turn of the head is asked for: a picture held up does not turn. */
  readonly motionShare: number;
  /** Degrees the head is to turn by, at least. */
  readonly motionDegrees: number;
  /** PR5: a failed check voids at most this much of the time before it, ms. */
  readonly voidAtMostMs: number;
}

const minute = 60_000;

export const defaultIdentityPolicy: IdentityPolicy = {
  matchDistance: 0.5,
  mismatchDistance: 0.6,
  leastSharpness: 15,
  leastPictureSharpness: 15,
  leastFaceBrightness: 35,
  leastPictureBrightness: 30,
  leastContrast: 2,
  leastFaceWidth: 48,
  secondFaceShare: 0.3,
  secondFaceScore: 0.5,
  nearHashBits: 4,
  nearRepeats: 2,
  nearRepeatApartMs: 2 * minute,
  meanMs: 10 * minute,
  examMeanMs: 5 * minute,
  longestMs: 15 * minute,
  longestUnderLoadMs: 30 * minute,
  recheckWithinMs: 15_000,
  failuresForIncident: 2,
  errorsForPerson: 3,
  motionShare: 0.2,
  motionDegrees: 12,
  voidAtMostMs: 5 * minute,
};

export type IdentityPolicyProblem = {
  readonly field: keyof IdentityPolicy;
  readonly problem:
    | 'not-positive'
    | 'not-a-whole-number'
    | 'not-a-share'
    | 'below-match'
    | 'not-below-longest'
    | 'below-longest';
};

/** As a course stores them, beside the numbers of other rules. */
export const checkPolicyNames = {
  checkMeanMs: 'meanMs',
  checkLongestMs: 'longestMs',
  checkExamMeanMs: 'examMeanMs',
  checkTurnShare: 'motionShare',
} as const satisfies Record<keyof CheckPolicyNumbers, keyof IdentityPolicy>;

/** Fills what a course leaves out with the defaults. Under overload checks are never closer than they may be without. */
export function resolveIdentityPolicy(
  partial: { readonly [K in keyof CheckPolicyNumbers]?: CheckPolicyNumbers[K] | undefined } = {},
): IdentityPolicy {
  const longestMs = partial.checkLongestMs ?? defaultIdentityPolicy.longestMs;
  return {
    ...defaultIdentityPolicy,
    meanMs: partial.checkMeanMs ?? defaultIdentityPolicy.meanMs,
    examMeanMs: partial.checkExamMeanMs ?? defaultIdentityPolicy.examMeanMs,
    motionShare: partial.checkTurnShare ?? defaultIdentityPolicy.motionShare,
    longestMs,
    longestUnderLoadMs: Math.max(defaultIdentityPolicy.longestUnderLoadMs, longestMs),
  };
}

const wholeNumbers = [
  'nearRepeats',
  'nearRepeatApartMs',
  'meanMs',
  'examMeanMs',
  'longestMs',
  'longestUnderLoadMs',
  'recheckWithinMs',
  'failuresForIncident',
  'errorsForPerson',
  'voidAtMostMs',
] as const;
const numbers = [
  'matchDistance',
  'mismatchDistance',
  'leastSharpness',
  'leastPictureSharpness',
  'leastFaceBrightness',
  'leastPictureBrightness',
  'leastContrast',
  'leastFaceWidth',
  'motionDegrees',
] as const;

/** What is wrong with a policy; empty when it can be used. */
export function identityPolicyProblems(policy: IdentityPolicy): IdentityPolicyProblem[] {
  const problems: IdentityPolicyProblem[] = [];
  for (const field of wholeNumbers)
    if (!Number.isInteger(policy[field]) || policy[field] <= 0)
      problems.push({ field, problem: 'not-a-whole-number' });
  for (const field of numbers) if (!(policy[field] > 0)) problems.push({ field, problem: 'not-positive' });
  for (const field of ['secondFaceShare', 'secondFaceScore', 'motionShare'] as const)
    if (!(policy[field] >= 0 && policy[field] <= 1)) problems.push({ field, problem: 'not-a-share' });
  if (policy.mismatchDistance < policy.matchDistance)
    problems.push({ field: 'mismatchDistance', problem: 'below-match' });
  // A time whose mean is its longest would not be random.
  for (const field of ['meanMs', 'examMeanMs'] as const)
    if (policy[field] >= policy.longestMs) problems.push({ field, problem: 'not-below-longest' });
  if (policy.longestUnderLoadMs < policy.longestMs)
    problems.push({ field: 'longestUnderLoadMs', problem: 'below-longest' });
  return problems;
}
