import { type Action, type Actor, type ResourceKind, scopesOf } from '@keshi/rules/access';
import { AppError } from '@keshi/runtime/errors';

/**
 * The organisations whose rows a person may see in a list, by any of the given rights. Throws `forbidden` when there
 * are none: an empty list would look as if there was nothing.
 */
export function listScopes(actor: Actor, ...rights: readonly (readonly [Action, ResourceKind])[]): string[] {
  const paths = [...new Set(rights.flatMap(([action, kind]) => scopesOf(actor, action, kind)))];
  if (paths.length === 0) throw new AppError('forbidden');
  return paths.filter((path) => !paths.some((other) => other !== path && path.startsWith(other)));
}

/** The paths of `scopes` that `path` lies under or over: a list narrowed to one organisation stays inside its scope. */
export function narrowed(scopes: readonly string[], path: string): string[] {
  if (scopes.some((scope) => path.startsWith(scope))) return [path];
  return scopes.filter((scope) => scope.startsWith(path));
}
