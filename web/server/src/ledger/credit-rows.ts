import type { CourseCredit } from '@keshi/contract/http/ledger';
import { storedPolicy } from '@keshi/contract/policy';
import type { CreditRow } from '@keshi/db/credit-hours';
import { isEligibleWith } from '@keshi/rules/course-hours';
import { declaredMs, resolvePolicy } from '@keshi/rules/policy';

/** What the ledger comes to for one learner and course, with the numbers of the course it is read by [CH1, CH3, CH5, PR2]. */
export function courseCredit(row: CreditRow): CourseCredit {
  const policy = resolvePolicy(storedPolicy.catch({}).parse(row.policy));
  return {
    courseId: row.courseId,
    courseTitle: row.courseTitle,
    orgName: row.orgName,
    groups: row.groups,
    classHourMs: policy.classHourMs,
    creditedMs: row.balanceMs,
    inRangeMs: row.inRangeMs,
    hours: row.hours,
    presentMs: row.presentMs,
    liveMs: row.liveMs,
    declaredMs: declaredMs(policy),
    violations: row.violations,
    eligible: isEligibleWith(row.violations),
    provisional: row.balanceMs > 0 && !row.identityConfirmed,
  };
}
