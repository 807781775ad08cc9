/** [WL9] Whether a lesson without a time line is done as it is declared: by its package's own word, or a passed self-test. */
import type { Db } from './client.ts';
import { lessonCompletedByPackage } from './package-states.ts';

/** Null without a published self-test of the lesson. */
export async function selfTestOf(db: Db, lessonId: string): Promise<string | null> {
  const [row] = await db.sql<{ id: string }>(
    `SELECT "id" FROM "Exam" WHERE "lessonId" = $1 AND "kind" = 'self-test' AND "state" = 'published' ORDER BY "id" DESC LIMIT 1`,
    [lessonId],
  );
  return row?.id ?? null;
}

/** What is declared to be read is done when its learner says so; the least time it takes is asked for elsewhere. */
export async function isDoneAsDeclared(
  db: Db,
  { lessonId, userId, completion }: { lessonId: string; userId: string; completion: string | null },
): Promise<boolean> {
  switch (completion) {
    case 'package':
      return (await lessonCompletedByPackage(db, { lessonId, userId })) !== null;
    case 'self-test': {
      const rows = await db.sql(
        `SELECT 1 FROM "ExamAttempt" a JOIN "Exam" e ON e."id" = a."examId"
         WHERE e."lessonId" = $1 AND e."kind" = 'self-test' AND a."userId" = $2 AND a."endedAt" IS NOT NULL AND a."passed" LIMIT 1`,
        [lessonId, userId],
      );
      return rows.length > 0;
    }
    default:
      return true;
  }
}
