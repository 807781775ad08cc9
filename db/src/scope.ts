/**
 * Paths of the organisations that a reader's memberships cover; a row is in scope when a path of its own starts with one of
 * them. No path at all covers nothing.
 */
export type Scope = string | readonly string[];

/** One filter for each path, to be joined by OR over a column that holds a materialised path. */
export function inScope(scope: Scope): { startsWith: string }[] {
  const paths = typeof scope === 'string' ? [scope] : scope;
  return paths.map((path) => ({ startsWith: path }));
}
