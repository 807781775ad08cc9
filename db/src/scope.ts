/**
 * Paths of the organisations that a reader's memberships cover; a row is in scope when a path of its own starts with one of
 * them. No path at all covers nothing.
 */
export type Scope = string | readonly string[];

/** One filter for each path, to be joined by OR over a column that holds a materialised path. Never an empty list. */
export function inScope(scope: Scope): ({ startsWith: string } | { in: string[] })[] {
  const paths = typeof scope === 'string' ? [scope] : scope;
  // An empty OR inside of an AND is dropped by Prisma instead of matching nothing, and everything would be in scope.
  if (paths.length === 0) return [{ in: [] }];
  return paths.map((path) => ({ startsWith: path }));
}
