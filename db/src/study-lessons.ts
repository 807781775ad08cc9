/** Lessons as somebody studies them: what plays, in which course, and what may be asked about it. */
import type { Db, Row, Sql } from './client.ts';
import { toDate } from './instants.ts';

export interface StudyLessonRow {
  id: string;
  courseId: string;
  courseTitle: string;
  /** Of the institution and of employers whose people take the course. */
  orgPaths: string[];
  title: string;
  kind: string;
  state: string;
  durationMs: number | null;
  declaredMs: number | null;
  minimumMs: number | null;
  completion: string | null;
  mediaKey: string | null;
  classId: string | null;
  /** Of the course, as stored. */
  policy: unknown;
  /** Who teaches classes of the course. */
  instructorIds: string[];
}

/** Null when there is none. */
export async function getStudyLesson(db: Db, id: string): Promise<StudyLessonRow | null> {
  const [row] = await db.sql<Row & StudyLessonRow>(
    `SELECT l."id", l."courseId", c."title" AS "courseTitle", l."title", l."kind", l."state", l."durationMs",
       l."declaredMs", l."minimumMs", l."completion", l."mediaKey", l."classId", c."policy",
       array_remove(array_append(ARRAY(SELECT DISTINCT w."path" FROM "ClassGroup" g JOIN "Organization" w ON w."id" = g."employerOrgId"
         WHERE g."courseId" = c."id"), o."path"), NULL) AS "orgPaths",
       ARRAY(SELECT DISTINCT k."instructorId"::text FROM "LiveClass" k JOIN "ClassGroup" g ON g."id" = k."groupId"
         WHERE g."courseId" = c."id") AS "instructorIds"
     FROM "Lesson" l JOIN "Course" c ON c."id" = l."courseId" JOIN "Organization" o ON o."id" = c."orgId" WHERE l."id" = $1`,
    [id],
  );
  return row ?? null;
}

/** Whether somebody takes the course at present. */
export async function isEnrolled(db: Db, userId: string, courseId: string): Promise<boolean> {
  const [row] = await db.sql(
    `SELECT 1 FROM "Enrolment" e JOIN "ClassGroup" g ON g."id" = e."groupId"
     WHERE e."userId" = $1 AND g."courseId" = $2 AND e."endedAt" IS NULL LIMIT 1`,
    [userId, courseId],
  );
  return row !== undefined;
}

export interface LessonOfCourse {
  id: string;
  courseId: string;
  courseTitle: string;
  ordinal: number;
  title: string;
  kind: string;
  chapter: string | null;
  durationMs: number | null;
  declaredMs: number | null;
  minimumMs: number | null;
}

const listed = `SELECT l."id", l."courseId", c."title" AS "courseTitle", l."ordinal", l."title", l."kind", h."title" AS "chapter",
    l."durationMs", l."declaredMs", l."minimumMs"
  FROM "Lesson" l JOIN "Course" c ON c."id" = l."courseId" LEFT JOIN "Chapter" h ON h."id" = l."chapterId"
  WHERE l."state" = 'published' AND (l."durationMs" IS NOT NULL OR l."declaredMs" IS NOT NULL)`;

/** Published lessons of these courses, in their order. */
export async function lessonsOfCourses(db: Db, courseIds: readonly string[]): Promise<LessonOfCourse[]> {
  if (courseIds.length === 0) return [];
  return db.sql<Row & LessonOfCourse>(
    `${listed} AND l."courseId" = ANY($1::uuid[]) ORDER BY c."title", l."courseId", l."ordinal"`,
    [courseIds],
  );
}

/** Courses somebody takes at present, or has studied in. */
export async function coursesStudied(db: Db, userId: string): Promise<string[]> {
  const rows = await db.sql<{ courseId: string }>(
    `SELECT g."courseId" FROM "Enrolment" e JOIN "ClassGroup" g ON g."id" = e."groupId" WHERE e."userId" = $1 AND e."endedAt" IS NULL
     UNION SELECT p."courseId" FROM "StudyProgress" p WHERE p."userId" = $1`,
    [userId],
  );
  return rows.map(({ courseId }) => courseId);
}

/** [WL6] Approved questions about a lesson that have one right answer to choose, each with how many there are to choose from. */
export async function challengeItems(
  sql: Sql,
  lessonId: string,
  most: number,
): Promise<{ id: string; choices: number }[]> {
  return sql<{ id: string; choices: number }>(
    `SELECT i."id", CASE WHEN i."kind" = 'single' THEN jsonb_array_length(r."content"->'options') ELSE 2 END AS "choices"
     FROM "BankItem" i JOIN "BankItemRevision" r ON r."itemId" = i."id" AND r."revision" = i."revision"
     WHERE i."lessonId" = $1 AND i."state" = 'approved' AND i."kind" IN ('single', 'true-false')
     ORDER BY random() LIMIT $2`,
    [lessonId, most],
  );
}

/** [WL6] Challenges that somebody failed in other lessons since then, and did not make good. */
export async function failuresElsewhere(
  sql: Sql,
  { userId, lessonId, since }: { userId: string; lessonId: string; since: number },
): Promise<number> {
  const [row] = await sql<{ failures: string | null }>(
    `SELECT sum(("state"->>'failures')::int) AS "failures" FROM "StudyProgress"
     WHERE "userId" = $1 AND "lessonId" <> $2 AND "updatedAt" > $3`,
    [userId, lessonId, toDate(since)],
  );
  return Number(row?.failures ?? 0);
}

/** What a question says in the revision in use; null when it is gone. */
export async function itemContentOf(
  { sql }: { sql: Sql },
  itemId: string,
): Promise<{ revision: number; content: unknown } | null> {
  const [row] = await sql<{ revision: number; content: unknown }>(
    `SELECT r."revision", r."content" FROM "BankItem" i JOIN "BankItemRevision" r ON r."itemId" = i."id" AND r."revision" = i."revision"
     WHERE i."id" = $1`,
    [itemId],
  );
  return row ?? null;
}
