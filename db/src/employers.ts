/** Whose people learners are: a class may hold people of several employers, and each may see its own alone. */
import type { Db } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { inScope, type Scope } from './scope.ts';

/** Paths of the employers that people belong to, by home or as learners; who belongs to none is absent. */
export async function employersOf(db: Db, userIds: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await db.sql<{ userId: string; path: string }>(
    `SELECT u."id" AS "userId", o."path" FROM "User" u JOIN "Organization" o ON o."id" = u."orgId"
     WHERE u."id" = ANY($1::uuid[]) AND o."kind" = 'employer'
     UNION SELECT m."userId", o."path" FROM "Membership" m JOIN "Organization" o ON o."id" = m."orgId"
     WHERE m."userId" = ANY($1::uuid[]) AND m."role" = 'learner' AND o."kind" = 'employer'`,
    [userIds],
  );
  const byUser = Map.groupBy(rows, ({ userId }) => userId);
  return new Map([...byUser].map(([userId, found]) => [userId, found.map(({ path }) => path)]));
}

/** People who belong to an employer in `under`, or to none: the same by query. */
export function peopleOfEmployers(under: Scope): Prisma.UserWhereInput {
  const employer = { kind: 'employer' };
  return {
    OR: [
      { org: { isNot: employer }, memberships: { none: { role: 'learner', org: employer } } },
      ...inScope(under).flatMap((path) => [
        { org: { ...employer, path } },
        { memberships: { some: { role: 'learner', org: { ...employer, path } } } },
      ]),
    ],
  };
}
