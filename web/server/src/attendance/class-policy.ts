import { storedPolicy } from '@keshi/contract/policy';
import type { ClassRow } from '@keshi/db/classes';
import { type AttendancePolicy, resolvePolicy } from '@keshi/rules/policy';

const stored = storedPolicy.catch({});

/** The numbers that hold for a class: its course's own, else the defaults. */
export function policyOf({ policy }: Pick<ClassRow, 'policy'>): AttendancePolicy {
  return resolvePolicy(stored.parse(policy));
}
