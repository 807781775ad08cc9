/** The numbers and choices a course may set over the defaults of the rules, as they are stored with it. */
import { z } from 'zod';

export const attendancePolicy = z.object({
  heartbeatMs: z.int(),
  proofGapMs: z.int(),
  outageReturnMs: z.int(),
  minimumRate: z.number(),
  classHourMs: z.int(),
  signInWindowMs: z.int(),
  fullHourFrom: z.number().nullable(),
  signIn: z.enum(['required', 'not-required']),
  declaredHours: z.number().nullable(),
  requiredHours: z.number().nullable(),
  minimumCorrectRate: z.number().nullable(),
});

/** Of the checks of faces [PR4], stored beside the others. */
export const checkPolicyNumbers = z.object({
  checkMeanMs: z.int(),
  checkLongestMs: z.int(),
  checkExamMeanMs: z.int(),
  checkTurnShare: z.number(),
});
export type CheckPolicyNumbers = z.infer<typeof checkPolicyNumbers>;
export const storedCheckPolicy = checkPolicyNumbers.partial();

/** What a course does not set has the default. */
export const storedPolicy = attendancePolicy.partial();

/** As it crosses between pages and server, where names are checked one by one. */
export const policyValues = z.record(
  z.string().max(64),
  z.union([z.number(), z.enum(['required', 'not-required'])]),
);
export type PolicyValues = z.infer<typeof policyValues>;

/** Of study in one's own time [WL]; stored beside the others. */
export const studyPolicyNumbers = z.object({
  studyReportMs: z.int(),
  studyLateMs: z.int(),
  studyCarryMs: z.int(),
  studyJumpMs: z.int(),
  studyLackMs: z.int(),
  challengeMeanMs: z.int(),
  challengeLongestMs: z.int(),
  challengeAnswerMs: z.int(),
  challengeVoidMs: z.int(),
  challengeFaceMs: z.int(),
  challengeOdds: z.int(),
  studyDayMs: z.int(),
});
export const storedStudyPolicy = studyPolicyNumbers.partial();
