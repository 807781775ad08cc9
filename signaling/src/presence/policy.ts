import { resolvePolicy, policyProblems, type AttendancePolicy } from '@keshi/rules/policy';
import { z } from 'zod';

export const attendancePolicy = z.object({
  heartbeatMs: z.int(),
  proofGapMs: z.int(),
  outageReturnMs: z.int(),
  minimumRate: z.number(),
  classHourMs: z.int(),
  signInWindowMs: z.int(),
  fullHourFrom: z.number().nullable(),
});
const stored = attendancePolicy.partial();

/** A course's policy as stored; what cannot be used counts as not set, so that no class stops over it. */
export function policyFrom(course: unknown): AttendancePolicy {
  const parsed = stored.safeParse(course);
  const policy = resolvePolicy(parsed.success ? parsed.data : {});
  return policyProblems(policy).length > 0 ? resolvePolicy() : policy;
}
