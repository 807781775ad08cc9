import { type Action, type Actor, can, type Resource } from '@keshi/rules/access';
import { AppError } from '@keshi/runtime/errors';

/**
 * The one gate every action passes. Throws `forbidden`, or `not-found` where even that a thing exists is not the
 * asking person's business: `hidden` says so.
 */
export function authorise(
  actor: Actor,
  action: Action,
  resource: Resource,
  { hidden = false }: { hidden?: boolean } = {},
): void {
  if (!can(actor, action, resource)) throw new AppError(hidden ? 'not-found' : 'forbidden');
}
