/** The numbers of the rules of credit as an administrator reads them. */

/** Of study in one's own time [WL]. */
export type StudyPolicyName =
  | 'challengeMeanMs'
  | 'challengeLongestMs'
  | 'challengeAnswerMs'
  | 'challengeVoidMs'
  | 'challengeFaceMs'
  | 'challengeOdds'
  | 'studyDayMs'
  | 'studyReportMs'
  | 'studyLateMs'
  | 'studyCarryMs'
  | 'studyJumpMs'
  | 'studyLackMs';

export type PolicyName =
  | StudyPolicyName
  | 'minimumRate'
  | 'fullHourFrom'
  | 'classHourMs'
  | 'signInWindowMs'
  | 'heartbeatMs'
  | 'proofGapMs'
  | 'outageReturnMs'
  | 'declaredHours'
  | 'requiredHours'
  | 'minimumCorrectRate'
  | 'checkMeanMs'
  | 'checkLongestMs'
  | 'checkExamMeanMs'
  | 'checkTurnShare';

export interface PolicyNumber {
  name: PolicyName;
  /** What people enter it in; stored values are ms and shares of one. */
  unit: 'percent' | 'minutes' | 'seconds' | 'hours' | 'times';
  /** Whether it is about classes or about recorded lessons. */
  of: 'class' | 'study';
  /** The stored default: that of the rules. Null where nothing is set. */
  default: number | null;
  /** What can be entered, in `unit`. */
  least: number;
  most: number;
}

const perUnit: Record<PolicyNumber['unit'], number> = {
  percent: 0.01,
  minutes: 60_000,
  seconds: 1000,
  hours: 1,
  times: 1,
};

const ofClasses: readonly Omit<PolicyNumber, 'of'>[] = [
  { name: 'minimumRate', unit: 'percent', default: 0.8, least: 0, most: 100 },
  { name: 'fullHourFrom', unit: 'percent', default: 0.9, least: 0, most: 100 },
  { name: 'classHourMs', unit: 'minutes', default: 2_700_000, least: 1, most: 240 },
  { name: 'signInWindowMs', unit: 'minutes', default: 600_000, least: 1, most: 240 },
  { name: 'heartbeatMs', unit: 'seconds', default: 10_000, least: 1, most: 60 },
  { name: 'proofGapMs', unit: 'seconds', default: 30_000, least: 1, most: 300 },
  { name: 'outageReturnMs', unit: 'seconds', default: 60_000, least: 1, most: 900 },
  { name: 'declaredHours', unit: 'hours', default: null, least: 1, most: 10_000 },
  { name: 'requiredHours', unit: 'hours', default: null, least: 1, most: 10_000 },
  { name: 'minimumCorrectRate', unit: 'percent', default: null, least: 0, most: 100 },
  { name: 'checkMeanMs', unit: 'minutes', default: 600_000, least: 1, most: 60 },
  { name: 'checkLongestMs', unit: 'minutes', default: 900_000, least: 1, most: 90 },
  { name: 'checkExamMeanMs', unit: 'minutes', default: 300_000, least: 1, most: 60 },
  { name: 'checkTurnShare', unit: 'percent', default: 0.2, least: 0, most: 100 },
];

const ofStudy: readonly Omit<PolicyNumber, 'of'>[] = [
  { name: 'challengeMeanMs', unit: 'minutes', default: 600_000, least: 1, most: 120 },
  { name: 'challengeLongestMs', unit: 'minutes', default: 900_000, least: 2, most: 240 },
  { name: 'challengeAnswerMs', unit: 'seconds', default: 60_000, least: 15, most: 600 },
  { name: 'challengeVoidMs', unit: 'minutes', default: 300_000, least: 1, most: 120 },
  { name: 'challengeFaceMs', unit: 'minutes', default: 2_700_000, least: 5, most: 480 },
  { name: 'challengeOdds', unit: 'times', default: 16, least: 2, most: 256 },
  { name: 'studyDayMs', unit: 'minutes', default: 21_600_000, least: 1, most: 1_440 },
  { name: 'studyReportMs', unit: 'seconds', default: 10_000, least: 5, most: 60 },
  { name: 'studyLateMs', unit: 'seconds', default: 60_000, least: 5, most: 600 },
  { name: 'studyCarryMs', unit: 'seconds', default: 5_000, least: 1, most: 30 },
  { name: 'studyJumpMs', unit: 'seconds', default: 5_000, least: 1, most: 30 },
  { name: 'studyLackMs', unit: 'seconds', default: 2_000, least: 1, most: 30 },
];

export const policyNumbers: readonly PolicyNumber[] = [
  ...ofClasses.map((number) => ({ ...number, of: 'class' as const })),
  ...ofStudy.map((number) => ({ ...number, of: 'study' as const })),
];

/** What stands for a number that is not set and has no default. */
export const unsetText = (words: Readonly<Partial<Record<PolicyName, string>>>, name: PolicyName): string =>
  words[name] ?? '–';

export const toUnit = (stored: number, { unit }: PolicyNumber): number =>
  // Shares such as 0.29 have no exact binary form; a hundredth of a percent is finer than anyone sets.
  Math.round((stored / perUnit[unit]) * 100) / 100;

export const fromUnit = (entered: number, { unit }: PolicyNumber): number =>
  unit === 'percent'
    ? Math.round(entered * 100) / 10_000
    : unit === 'hours'
      ? Math.round(entered * 10) / 10
      : Math.round(entered * perUnit[unit]);

export type PolicyProblem =
  | 'out-of-range'
  | 'gap-shorter-than-heartbeat'
  | 'window-longer-than-hour'
  | 'mean-not-below-longest'
  | 'late-shorter-than-report';

/** What is wrong with the entered texts, by name; an empty text means the default. */
export function policyProblems(
  entered: Readonly<Record<PolicyName, string>>,
): Partial<Record<PolicyName, PolicyProblem>> {
  const problems: Partial<Record<PolicyName, PolicyProblem>> = {};
  const stored: Partial<Record<PolicyName, number | null>> = {};
  for (const number of policyNumbers) {
    const text = entered[number.name].trim();
    const value = Number(text);
    if (text !== '' && !(value >= number.least && value <= number.most))
      problems[number.name] = 'out-of-range';
    stored[number.name] = text === '' ? number.default : fromUnit(value, number);
  }
  if ((stored.proofGapMs ?? 0) < (stored.heartbeatMs ?? 0))
    problems.proofGapMs ??= 'gap-shorter-than-heartbeat';
  if ((stored.signInWindowMs ?? 0) > (stored.classHourMs ?? 0))
    problems.signInWindowMs ??= 'window-longer-than-hour';
  // A time whose mean is its longest would not be random.
  for (const mean of ['checkMeanMs', 'checkExamMeanMs'] as const)
    if ((stored[mean] ?? 0) >= (stored.checkLongestMs ?? 0)) problems[mean] ??= 'mean-not-below-longest';
  if ((stored.challengeMeanMs ?? 0) >= (stored.challengeLongestMs ?? 0))
    problems.challengeMeanMs ??= 'mean-not-below-longest';
  if ((stored.studyLateMs ?? 0) < (stored.studyReportMs ?? 0))
    problems.studyLateMs ??= 'late-shorter-than-report';
  return problems;
}
