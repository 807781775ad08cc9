/** [PR5] What came of the checks in classes, of those learners of whom one failed: of nobody else is anything taken back. */
import { type JudgedCheck, judgedCheck } from '@keshi/contract/class-checks';
import type { Db, Row } from './client.ts';
import { fromDate } from './instants.ts';

interface JudgedRow extends Row {
  classId: string;
  userId: string;
  at: Date;
  verdict: string;
  by: string;
}

/**
 * Of these classes, and of these people where they are given; in the order of time. A finding that a person dismissed, or
 * that an appeal undid, takes its checks with it. Who was known by a person passed at that moment.
 */
export async function judgedChecksOf(
  db: Db,
  classIds: readonly string[],
  userIds: readonly string[] | null = null,
): Promise<(JudgedCheck & { classId: string; userId: string })[]> {
  if (classIds.length === 0) return [];
  const rows = await db.sql<JudgedRow>(
    `WITH "failed" AS (
       SELECT DISTINCT "contextId", "userId" FROM "FaceCheck"
       WHERE "kind" = 'class' AND "verdict" NOT IN ('match', 'uncertain', 'error')
         AND "contextId" = ANY($1::uuid[]) AND ($2::uuid[] IS NULL OR "userId" = ANY($2))
     )
     SELECT "contextId" AS "classId", "userId", COALESCE("answeredAt", LEAST("deadline", "settledAt")) AS "at", "verdict",
       'face' AS "by"
     FROM "failed" JOIN "FaceCheck" USING ("contextId", "userId")
     WHERE "kind" = 'class' AND "verdict" IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM "IncidentCheck" JOIN "Incident" ON "Incident"."id" = "IncidentCheck"."incidentId"
       WHERE "IncidentCheck"."checkId" = "FaceCheck"."id" AND "Incident"."state" IN ('dismissed', 'granted'))
     UNION ALL
     SELECT "classId", "Recognition"."userId", "decidedAt", 'match', 'person'
     FROM "failed" JOIN "Recognition" ON "classId" = "contextId" AND "Recognition"."userId" = "failed"."userId"
     WHERE "decision" = 'confirmed'
     ORDER BY "at"`,
    [classIds, userIds],
  );
  return rows.map(({ classId, userId, at, ...row }) => ({
    classId,
    userId,
    ...judgedCheck.parse({ ...row, at: fromDate(at) }),
  }));
}
