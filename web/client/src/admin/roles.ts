import type { Role } from '@keshi/contract/domain';
import type { Session } from '#session/session.svelte.ts';

export const roles: readonly Role[] = [
  'learner',
  'instructor',
  'staff',
  'employer',
  'regulator',
  'expert',
  'admin',
];

/** The roles a person may give to others. The server decides; this only keeps refusals out of the form. */
export function grantable(session: Session): readonly Role[] {
  if (session.administers) return roles;
  if (session.has('staff')) return ['learner', 'instructor'];
  return ['learner'];
}
