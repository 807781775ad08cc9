import { storedPolicy } from '@keshi/contract/policy';
import { resolvePolicy, policyProblems, type AttendancePolicy } from '@keshi/rules/policy';

/** A course's policy as stored; what cannot be used counts as not set, so that no class stops over it. */
export function policyFrom(course: unknown): AttendancePolicy {
  const parsed = storedPolicy.safeParse(course);
  const policy = resolvePolicy(parsed.success ? parsed.data : {});
  return policyProblems(policy).length > 0 ? resolvePolicy() : policy;
}
