import { storedCheckPolicy, storedPolicy } from '@keshi/contract/policy';
import {
  identityPolicyProblems,
  resolveIdentityPolicy,
  type IdentityPolicy,
} from '@keshi/rules/identity-policy';
import { resolvePolicy, policyProblems, type AttendancePolicy } from '@keshi/rules/policy';

/** A course's policy as stored; what cannot be used counts as not set, so that no class stops over it. */
export function policyFrom(course: unknown): AttendancePolicy {
  const parsed = storedPolicy.safeParse(course);
  const policy = resolvePolicy(parsed.success ? parsed.data : {});
  return policyProblems(policy).length > 0 ? resolvePolicy() : policy;
}

/** The same of the checks of faces. */
export function identityPolicyFrom(course: unknown): IdentityPolicy {
  const parsed = storedCheckPolicy.safeParse(course);
  const policy = resolveIdentityPolicy(parsed.success ? parsed.data : {});
  return identityPolicyProblems(policy).length > 0 ? resolveIdentityPolicy() : policy;
}
