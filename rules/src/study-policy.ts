/** The numbers of the WL rules that a training project may set. Plain JSON; what a project does not set has the default. */
export interface StudyPolicy {
  /** WL1: how often a player reports, ms. */
  readonly studyReportMs: number;
  /** WL1: the most one late report is credited, ms. */
  readonly studyLateMs: number;
  /** WL1: what passed and was not credited is carried to the next report, at most this, ms. */
  readonly studyCarryMs: number;
  /** WL2: how much of a lesson may lie uncredited before what is watched next, ms. */
  readonly studyJumpMs: number;
  /** WL3: what a complete lesson may lack, ms. */
  readonly studyLackMs: number;
  /** WL6: the mean viewing between two challenges, and the longest, ms. */
  readonly challengeMeanMs: number;
  readonly challengeLongestMs: number;
  /** WL6: how long a challenge waits for its answer, ms. */
  readonly challengeAnswerMs: number;
  /** WL6: the most that one that is missed takes back, ms. */
  readonly challengeVoidMs: number;
  /** WL6: at least one face check in so much viewing, ms. */
  readonly challengeFaceMs: number;
  /** WL6: questions are asked until a blind guess passes at most once in so many times. */
  readonly challengeOdds: number;
  /** WL7: what a day may earn by study, ms. */
  readonly studyDayMs: number;
}

const minute = 60_000;

export const defaultStudyPolicy: StudyPolicy = {
  studyReportMs: 10_000,
  studyLateMs: minute,
  studyCarryMs: 5_000,
  studyJumpMs: 5_000,
  studyLackMs: 2_000,
  challengeMeanMs: 10 * minute,
  challengeLongestMs: 15 * minute,
  challengeAnswerMs: minute,
  challengeVoidMs: 5 * minute,
  challengeFaceMs: 45 * minute,
  challengeOdds: 16,
  studyDayMs: 8 * 45 * minute,
};

export type StudyPolicyProblem = {
  readonly field: keyof StudyPolicy;
  readonly problem: 'not-positive-integer' | 'not-below-longest' | 'shorter-than-report';
};

const fields = [
  'studyReportMs',
  'studyLateMs',
  'studyCarryMs',
  'studyJumpMs',
  'studyLackMs',
  'challengeMeanMs',
  'challengeLongestMs',
  'challengeAnswerMs',
  'challengeVoidMs',
  'challengeFaceMs',
  'challengeOdds',
  'studyDayMs',
] as const satisfies readonly (keyof StudyPolicy)[];

/** Fills what a course leaves out with the defaults. */
export function resolveStudyPolicy(
  partial: { readonly [K in keyof StudyPolicy]?: StudyPolicy[K] | undefined } = {},
): StudyPolicy {
  const resolved: { -readonly [K in keyof StudyPolicy]: StudyPolicy[K] } = { ...defaultStudyPolicy };
  for (const field of fields) resolved[field] = partial[field] ?? defaultStudyPolicy[field];
  return resolved;
}

/** What is wrong with a policy; empty when it can be used. */
export function studyPolicyProblems(policy: StudyPolicy): StudyPolicyProblem[] {
  const problems: StudyPolicyProblem[] = [];
  for (const field of fields)
    if (!Number.isInteger(policy[field]) || policy[field] <= 0)
      problems.push({ field, problem: 'not-positive-integer' });
  // A time whose mean is its longest would not be random.
  if (policy.challengeMeanMs >= policy.challengeLongestMs)
    problems.push({ field: 'challengeMeanMs', problem: 'not-below-longest' });
  // A report that is on time must never be a late one.
  if (policy.studyLateMs < policy.studyReportMs)
    problems.push({ field: 'studyLateMs', problem: 'shorter-than-report' });
  return problems;
}
