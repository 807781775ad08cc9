/** [CT1] Who passed the final exam of a course, and with which grade. */
import type { ExamOutcome } from '@keshi/contract/exams';
import type { Sql } from './client.ts';
import { fromDate } from './instants.ts';

/**
 * An outcome for each of the learners; `db` may be a transaction. A course passes by its published final exam; when it has several, by any of them.
 * A passed attempt stands whatever comes after it; without one, an attempt that is not graded to the end leaves it open.
 */
export async function examOutcomes(
  db: { sql: Sql },
  courseId: string,
  learnerIds: readonly string[],
): Promise<Map<string, ExamOutcome>> {
  const [exam] = await db.sql<{ id: string }>(
    `SELECT "id" FROM "Exam" WHERE "courseId" = $1 AND "kind" = 'final' AND "state" = 'published' ORDER BY "id" DESC LIMIT 1`,
    [courseId],
  );
  const rows = await db.sql<{
    userId: string;
    id: string;
    examId: string;
    earned: number | null;
    most: number;
    passed: boolean | null;
    gradedAt: Date | null;
  }>(
    `SELECT DISTINCT ON (a."userId") a."userId", a."id", a."examId", a."earned", a."most",
       CASE WHEN a."endedAt" IS NULL THEN NULL ELSE a."passed" END AS "passed", g."at" AS "gradedAt"
     FROM "ExamAttempt" a JOIN "Exam" e ON e."id" = a."examId"
       LEFT JOIN "ExamGrading" g ON g."attemptId" = a."id" AND g."version" = a."gradingVersion"
     WHERE e."courseId" = $1 AND e."kind" = 'final' AND e."state" = 'published' AND a."userId" = ANY($2::uuid[])
     ORDER BY a."userId",
       CASE WHEN a."endedAt" IS NOT NULL AND a."passed" THEN 0 WHEN a."endedAt" IS NULL OR a."passed" IS NULL THEN 1 ELSE 2 END,
       a."earned"::float / NULLIF(a."most", 0) DESC NULLS LAST, a."number" DESC`,
    [courseId, learnerIds],
  );
  const byLearner = new Map(rows.map((row) => [row.userId, row]));
  return new Map(
    learnerIds.map((learnerId): [string, ExamOutcome] => {
      if (!exam) return [learnerId, { state: 'no-exam' }];
      const row = byLearner.get(learnerId);
      if (!row) return [learnerId, { state: 'not-taken', examId: exam.id }];
      const { examId, passed, earned, most, gradedAt } = row;
      if (passed === null || earned === null || gradedAt === null)
        return [learnerId, { state: 'waiting', examId }];
      return [
        learnerId,
        {
          state: passed ? 'passed' : 'failed',
          examId,
          attemptId: row.id,
          earned,
          most,
          gradedAt: fromDate(gradedAt),
        },
      ];
    }),
  );
}
