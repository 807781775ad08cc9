import { storedCheckPolicy } from '@keshi/contract/policy';
import {
  identityPolicyProblems,
  resolveIdentityPolicy,
  type IdentityPolicy,
} from '@keshi/rules/identity-policy';

const stored = storedCheckPolicy.catch({});

/** [PR4] A course's numbers as they are stored; what cannot be used as a whole is not used in parts. */
export function identityPolicyOf(course: unknown): IdentityPolicy {
  const policy = resolveIdentityPolicy(stored.parse(course));
  return identityPolicyProblems(policy).length > 0 ? resolveIdentityPolicy() : policy;
}
