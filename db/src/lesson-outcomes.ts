/** How many of a course's lessons each learner has completed [WL3, WL9, CT1]. */
import type { Sql } from './client.ts';

/** Replays of classes are none of them: whoever was in the class has nothing to make up for. */
export async function lessonsComplete(
  sql: Sql,
  { courseId, userIds }: { courseId: string; userIds: readonly string[] },
): Promise<Map<string, { complete: number; total: number }>> {
  const rows = await sql<{ userId: string; complete: string; total: string }>(
    `SELECT u."userId", count(p."completedAt") AS "complete", count(l."id") AS "total"
     FROM unnest($2::uuid[]) AS u("userId")
       LEFT JOIN "Lesson" l ON l."courseId" = $1 AND l."state" = 'published' AND l."kind" <> 'replay'
       LEFT JOIN "StudyProgress" p ON p."userId" = u."userId" AND p."lessonId" = l."id"
     GROUP BY u."userId"`,
    [courseId, userIds],
  );
  return new Map(
    rows.map(({ userId, complete, total }) => [userId, { complete: Number(complete), total: Number(total) }]),
  );
}
