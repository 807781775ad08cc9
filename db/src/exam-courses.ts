/** Whose business the bank and the exams of a course are. */
import type { Db } from './client.ts';
import { inScope, type Scope } from './scope.ts';

export interface ExamCourse {
  id: string;
  title: string;
  /** Of the institution whose course it is. */
  orgPath: string;
  /** Who teaches a class of it, or writes it. */
  authorIds: string[];
  /** Whether the asking person learns in it. */
  enrolled: boolean;
}

const authors = `ARRAY(
  SELECT c."instructorId"::text FROM "LiveClass" c JOIN "ClassGroup" g ON g."id" = c."groupId" WHERE g."courseId" = co."id"
  UNION SELECT w."userId"::text FROM "CourseAuthor" w WHERE w."courseId" = co."id")`;
const enrolled = `EXISTS (SELECT 1 FROM "Enrolment" e JOIN "ClassGroup" g ON g."id" = e."groupId"
  WHERE g."courseId" = co."id" AND e."userId" = $2 AND e."endedAt" IS NULL)`;

export async function examCourse(db: Db, courseId: string, userId: string): Promise<ExamCourse | null> {
  const [row] = await db.sql<ExamCourse & Record<string, unknown>>(
    `SELECT co."id", co."title", o."path" AS "orgPath", ${authors} AS "authorIds", ${enrolled} AS "enrolled"
     FROM "Course" co JOIN "Organization" o ON o."id" = co."orgId" WHERE co."id" = $1`,
    [courseId, userId],
  );
  return row ?? null;
}

/** Courses under these organisations, and those the person teaches or writes; by title. */
export async function coursesWithBank(
  db: Db,
  { under, teacherId }: { under: Scope; teacherId: string },
): Promise<Omit<ExamCourse, 'enrolled'>[]> {
  const rows = await db.prisma.course.findMany({
    where: {
      OR: [
        ...inScope(under).map((path) => ({ org: { path } })),
        { groups: { some: { classes: { some: { instructorId: teacherId } } } } },
        { authors: { some: { userId: teacherId } } },
      ],
    },
    select: { id: true, title: true, org: { select: { path: true } } },
    orderBy: [{ title: 'asc' }, { id: 'asc' }],
    take: 500,
  });
  const taught = await db.sql<{ courseId: string }>(
    `SELECT DISTINCT g."courseId" FROM "LiveClass" c JOIN "ClassGroup" g ON g."id" = c."groupId" WHERE c."instructorId" = $1
     UNION SELECT "courseId" FROM "CourseAuthor" WHERE "userId" = $1`,
    [teacherId],
  );
  const own = new Set(taught.map(({ courseId }) => courseId));
  return rows.map(({ org, ...course }) => ({
    ...course,
    orgPath: org.path,
    authorIds: own.has(course.id) ? [teacherId] : [],
  }));
}

/** As the course of the exam stores it; null without such an exam. */
export async function policyAroundExam(db: Db, examId: string): Promise<unknown> {
  const [row] = await db.sql<{ policy: unknown }>(
    `SELECT co."policy" FROM "Exam" e JOIN "Course" co ON co."id" = e."courseId" WHERE e."id" = $1`,
    [examId],
  );
  return row?.policy ?? null;
}
