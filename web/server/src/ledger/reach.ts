import type { CreditFilter } from '@keshi/db/credit-hours';
import { type Actor, scopesOf } from '@keshi/rules/access';
import { AppError } from '@keshi/runtime/errors';

/** Whose hours a person may see as a supervisor or an instructor. Throws `forbidden` for who is neither. */
export function reachOf(actor: Actor): Pick<CreditFilter, 'under' | 'taughtBy'> {
  const under = scopesOf(actor, 'report.read', 'group');
  const administers = scopesOf(actor, 'report.read', 'course');
  const teaches = actor.memberships.some(({ role }) => role === 'instructor');
  if (under.length === 0 && administers.length === 0 && !teaches) throw new AppError('forbidden');
  return {
    under: [...new Set([...under, ...administers])],
    ...(teaches ? { taughtBy: actor.userId } : {}),
  };
}
