import { storedCheckPolicy, storedPolicy } from '@keshi/contract/policy';
import {
  identityPolicyProblems,
  resolveIdentityPolicy,
  type IdentityPolicy,
} from '@keshi/rules/identity-policy';
import { resolvePolicy, policyProblems, type AttendancePolicy } from '@keshi/rules/policy';

/** Read once for each object: a class asks for its own with everybody who comes, and every second. */
function remembered<T>(read: (course: unknown) => T): (course: unknown) => T {
  const known = new WeakMap<object, T>();
  return (course) => {
    if (typeof course !== 'object' || course === null) return read(course);
    const before = known.get(course);
    if (before) return before;
    const policy = read(course);
    known.set(course, policy);
    return policy;
  };
}

/** A course's policy as stored; what cannot be used counts as not set, so that no class stops over it. */
export const policyFrom = remembered((course): AttendancePolicy => {
  const parsed = storedPolicy.safeParse(course);
  const policy = resolvePolicy(parsed.success ? parsed.data : {});
  return policyProblems(policy).length > 0 ? resolvePolicy() : policy;
});

/** The same of the checks of faces. */
export const identityPolicyFrom = remembered((course): IdentityPolicy => {
  const parsed = storedCheckPolicy.safeParse(course);
  const policy = resolveIdentityPolicy(parsed.success ? parsed.data : {});
  return identityPolicyProblems(policy).length > 0 ? resolveIdentityPolicy() : policy;
});
