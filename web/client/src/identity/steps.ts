import type { IdentityGap } from '@keshi/contract/identity';

/** What the person has to do, without what others are deciding. */
export function ownSteps(gaps: readonly IdentityGap[]): IdentityGap[] {
  return gaps.filter((gap) => gap !== 'document-decision' && gap !== 'face-decision');
}
