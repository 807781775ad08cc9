/** The lessons of a course by name, for what is bound to one of them: questions that are asked in it, self-tests. */
import type { Db, Row } from './client.ts';

export interface LessonName {
  id: string;
  title: string;
}

/** By course, in their order; courses without lessons are left out. */
export async function lessonNames(db: Db, courseIds: readonly string[]): Promise<Map<string, LessonName[]>> {
  const rows = await db.sql<Row & LessonName & { courseId: string }>(
    `SELECT "courseId", "id", "title" FROM "Lesson" WHERE "courseId" = ANY($1::uuid[]) ORDER BY "courseId", "ordinal"`,
    [courseIds],
  );
  const names = new Map<string, LessonName[]>();
  for (const { courseId, id, title } of rows)
    names.set(courseId, [...(names.get(courseId) ?? []), { id, title }]);
  return names;
}

/** What is bound to no lesson is bound to no other course's lesson either. */
export async function isLessonOf(db: Db, courseId: string, lessonId: string | null): Promise<boolean> {
  if (lessonId === null) return true;
  const rows = await db.sql('SELECT 1 FROM "Lesson" WHERE "id" = $1 AND "courseId" = $2', [
    lessonId,
    courseId,
  ]);
  return rows.length > 0;
}
