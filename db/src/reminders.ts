/** What is about to be and somebody is to be reminded of: classes and exams of the next day (D2). */
import type { Db } from './client.ts';
import { fromDate, toDate } from './instants.ts';
import { notify } from './notices.ts';

/** People in one transaction. */
const batch = 500;

/**
 * Reminds the learners of classes that begin and of exams that close before `until`, once each; of a class that is moved
 * again. Nobody is reminded of an exam he has begun. Answers how many were told; none: that was all.
 */
export async function remind(db: Db, { now, until }: { now: number; until: number }): Promise<number> {
  return db.transaction(async (sql) => {
    const times = [toDate(now), toDate(until), batch];
    const classes = await sql<{ userId: string; classId: string; title: string; at: Date; key: string }>(
      `SELECT r.* FROM (
         SELECT e."userId", c."id" AS "classId", c."title", c."scheduledStart" AS "at",
           'class/' || c."id" || '/' || (extract(epoch FROM c."scheduledStart") * 1000)::bigint AS "key"
         FROM "LiveClass" c JOIN "Enrolment" e ON e."groupId" = c."groupId" AND e."endedAt" IS NULL
         WHERE c."state" = 'scheduled' AND c."scheduledStart" > $1 AND c."scheduledStart" <= $2
       ) AS r WHERE NOT EXISTS (SELECT 1 FROM "Notice" n WHERE n."userId" = r."userId" AND n."key" = r."key") LIMIT $3`,
      times,
    );
    const exams = await sql<{ userId: string; examId: string; title: string; at: Date }>(
      `SELECT DISTINCT e."userId", x."id" AS "examId", x."title", x."closesAt" AS "at"
       FROM "Exam" x JOIN "ClassGroup" g ON g."courseId" = x."courseId"
         JOIN "Enrolment" e ON e."groupId" = g."id" AND e."endedAt" IS NULL
       WHERE x."state" = 'published' AND x."opensAt" <= $1 AND x."closesAt" > $1 AND x."closesAt" <= $2
         AND NOT EXISTS (SELECT 1 FROM "ExamAttempt" a WHERE a."examId" = x."id" AND a."userId" = e."userId")
         AND NOT EXISTS (SELECT 1 FROM "Notice" n WHERE n."userId" = e."userId" AND n."key" = 'exam-due/' || x."id") LIMIT $3`,
      times,
    );
    await notify(
      sql,
      ...classes.map(({ userId, classId, title, at, key }) => ({
        userId,
        at: now,
        key,
        content: { kind: 'class-scheduled' as const, classId, title, startsAt: fromDate(at) },
      })),
      ...exams.map(({ userId, examId, title, at }) => ({
        userId,
        at: now,
        key: `exam-due/${examId}`,
        content: { kind: 'exam-due' as const, examId, title, closesAt: fromDate(at) },
      })),
    );
    return classes.length + exams.length;
  });
}
