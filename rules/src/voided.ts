/** [PR5] What failed checks take back: presence is provisional until the next one that passes. */
import type { JudgedCheck } from '@keshi/contract/class-checks';
import type { Interval } from '@keshi/contract/domain';
import { answerMs, onTheWayMs } from './check-plan.ts';
import { standingOf } from './identity-checks.ts';
import type { IdentityPolicy } from './identity-policy.ts';
import { normalise, type Spans } from './intervals.ts';

/** Within this time a recheck has its answer, ms after the check that failed. */
const recheckedWithin = ({ recheckWithinMs }: IdentityPolicy) => recheckWithinMs + answerMs + onTheWayMs;

/**
 * The time that failed checks of one learner in one class take back, each since the last one that passed and at most the
 * policy's; and the time from a failure to the next pass, which no reconnect within the proof gap makes whole. A single
 * failure whose recheck passes takes nothing back: one frame was bad, the person was there; nor does
 * any number of failures after which a person looked and knew the learner. A failure whose recheck is still awaited takes
 * nothing back yet, unless `isOver`: then none can come.
 */
export function voidedSpans(
  checks: readonly JudgedCheck[],
  { now, isOver }: { readonly now: number; readonly isOver: boolean },
  policy: IdentityPolicy,
): Spans {
  const judged = checks
    .filter(({ at, verdict }) => at <= now && standingOf(verdict) !== 'open')
    .toSorted((a, b) => a.at - b.at);
  const voided: Interval[] = [];
  let lastPassedAt = -Infinity;
  let failures: JudgedCheck[] = [];
  const takeBack = () => {
    for (const { at } of failures) {
      const from = Math.max(lastPassedAt, at - policy.voidAtMostMs);
      if (from < at) voided.push({ from, to: at });
    }
  };
  for (const check of judged) {
    if (standingOf(check.verdict) === 'failed') {
      failures.push(check);
      continue;
    }
    const [first, ...more] = failures;
    const isBorneOut = !first || (more.length === 0 && check.at - first.at <= recheckedWithin(policy));
    if (check.by === 'face' && !isBorneOut) {
      takeBack();
      voided.push({ from: first.at, to: check.at });
    }
    lastPassedAt = check.at;
    failures = [];
  }
  const [first, ...more] = failures;
  if (first && (isOver || more.length > 0 || now - first.at > recheckedWithin(policy))) takeBack();
  return normalise(voided);
}
