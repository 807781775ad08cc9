import { type Action, type Actor, can, type Resource, scopesOf } from '@keshi/rules/access';

/** Whose record a person may see of a class or group: everybody's (null), or only that of people of these employers. */
export type PeopleReach = readonly string[] | null;

/**
 * Who covers the institution, or teaches the class, sees everybody in it. Who reaches it through the group's employer
 * alone sees that employer's own people and those who belong to no employer, never another employer's.
 */
export function peopleReach(
  actor: Actor,
  action: Action,
  resource: Extract<Resource, { kind: 'class' | 'group' }>,
): PeopleReach {
  const institution = resource.orgPaths.slice(0, 1);
  if (can(actor, action, { ...resource, orgPaths: institution })) return null;
  return scopesOf(actor, action, resource.kind);
}

/** The same for lists, where `scopes` already are what the person may see. */
export function peopleReachOf(scopes: readonly string[], orgPaths: readonly string[]): PeopleReach {
  return scopes.some((scope) => orgPaths[0]?.startsWith(scope)) ? null : scopes;
}

/** `employers`: paths of the employers a person belongs to. */
export function isInReach(reach: PeopleReach, employers: readonly string[]): boolean {
  if (reach === null || employers.length === 0) return true;
  return employers.some((path) => reach.some((scope) => path.startsWith(scope)));
}
