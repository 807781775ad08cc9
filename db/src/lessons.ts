/** Chapters and lessons of a course, as whoever makes them sees them. */
import {
  type ChapterMarks,
  chapterMarks,
  lessonCompletion,
  type LessonCompletion,
  lessonKind,
  type LessonKind,
  lessonState,
  type LessonState,
  type MadeMedia,
  type QualityReport,
} from '@keshi/contract/lessons';
import type { Db, Sql } from './client.ts';
import { outdatedOrMissing, Refused, refusing } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import { revisionColumns, type Revision, revisionFromRow } from './lesson-revisions.ts';

/** With what an access decision needs to know of its course. */
export interface Lesson {
  id: string;
  courseId: string;
  courseTitle: string;
  orgPath: string;
  authorIds: string[];
  /** Experts are looking at its course, or have approved it as it stands. */
  underReview: boolean;
  chapterId: string | null;
  ordinal: number;
  title: string;
  kind: LessonKind;
  state: LessonState;
  durationMs: number | null;
  declaredMs: number | null;
  minimumMs: number | null;
  completion: LessonCompletion | null;
  mediaKey: string | null;
  classId: string | null;
  preview: boolean;
  body: string;
  marks: ChapterMarks;
  /** What became of the last upload. */
  revision: Revision | null;
  /** What is under `mediaKey`, and how it measured. */
  madeMedia: MadeMedia | null;
  quality: QualityReport | null;
  captions: { language: string; name: string }[];
  version: number;
}

const columns = {
  id: true,
  courseId: true,
  chapterId: true,
  ordinal: true,
  title: true,
  kind: true,
  state: true,
  durationMs: true,
  declaredMs: true,
  minimumMs: true,
  completion: true,
  mediaKey: true,
  classId: true,
  preview: true,
  body: true,
  marks: true,
  version: true,
  course: {
    select: {
      title: true,
      listing: true,
      org: { select: { path: true } },
      authors: { select: { userId: true } },
    },
  },
  captions: { select: { language: true, name: true }, orderBy: { language: 'asc' } },
  revisions: { select: revisionColumns, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], take: 5 },
} satisfies Prisma.LessonSelect;

function fromRow(row: Prisma.LessonGetPayload<{ select: typeof columns }>): Lesson {
  const { course, revisions, ...lesson } = row;
  const all = revisions.map(revisionFromRow);
  const current = all.find(({ id }) => lesson.mediaKey?.includes(id));
  return {
    ...lesson,
    courseTitle: course.title,
    orgPath: course.org.path,
    authorIds: course.authors.map(({ userId }) => userId),
    underReview: course.listing === 'in-review' || course.listing === 'listed',
    kind: lessonKind.parse(lesson.kind),
    state: lessonState.parse(lesson.state),
    completion: lessonCompletion.nullable().parse(lesson.completion),
    marks: chapterMarks.parse(lesson.marks),
    revision: all[0] ?? null,
    madeMedia: current?.media ?? null,
    quality: current?.quality ?? null,
  };
}

export async function getLesson(db: Db, id: string): Promise<Lesson | null> {
  const row = await db.prisma.lesson.findUnique({ where: { id }, select: columns });
  return row && fromRow(row);
}

/** In the order they are studied in. A course has at most a thousand. */
export async function lessonsOf(db: Db, courseId: string): Promise<Lesson[]> {
  const rows = await db.prisma.lesson.findMany({
    where: { courseId },
    select: columns,
    orderBy: { ordinal: 'asc' },
    take: mostLessons,
  });
  return rows.map(fromRow);
}

export const mostLessons = 1_000;

/** Held while the order of a course changes, so that two who add at once do not take the same place. */
async function lockCourse(sql: Sql, courseId: string): Promise<void> {
  const rows = await sql('SELECT 1 FROM "Course" WHERE "id" = $1 FOR UPDATE', [courseId]);
  if (rows.length === 0) throw new Refused('not-found', 'course');
}

/** Whether the course has such a chapter; no chapter at all is one it has. */
async function demandChapter(sql: Sql, courseId: string, chapterId: string | null): Promise<void> {
  if (chapterId === null) return;
  const rows = await sql('SELECT 1 FROM "Chapter" WHERE "id" = $1 AND "courseId" = $2', [
    chapterId,
    courseId,
  ]);
  if (rows.length === 0) throw new Refused('not-found', 'chapter');
}

/** At the end of its course. Throws `Refused`: `not-found`, or `conflict` when the course is full. */
export async function createLesson(
  db: Db,
  input: {
    courseId: string;
    chapterId: string | null;
    title: string;
    kind: LessonKind;
    classId?: string;
    durationMs?: number;
  },
): Promise<Lesson> {
  const id = newId();
  await db.transaction(async (sql) => {
    await lockCourse(sql, input.courseId);
    await demandChapter(sql, input.courseId, input.chapterId);
    const [last] = await sql<{ count: number; ordinal: number }>(
      'SELECT count(*)::int AS count, coalesce(max("ordinal"), 0) AS ordinal FROM "Lesson" WHERE "courseId" = $1',
      [input.courseId],
    );
    if (last && last.count >= mostLessons) throw new Refused('conflict', 'lesson');
    await sql(
      `INSERT INTO "Lesson" ("id", "courseId", "chapterId", "ordinal", "title", "kind", "classId", "durationMs", "updatedAt")
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())`,
      [
        id,
        input.courseId,
        input.chapterId,
        (last?.ordinal ?? 0) + 1,
        input.title,
        input.kind,
        input.classId ?? null,
        input.durationMs ?? null,
      ],
    );
  });
  return found(await getLesson(db, id));
}

function found(lesson: Lesson | null): Lesson {
  if (!lesson) throw new Refused('not-found', 'lesson');
  return lesson;
}

export interface LessonChange {
  title?: string | undefined;
  chapterId?: string | null | undefined;
  body?: string | undefined;
  marks?: ChapterMarks | undefined;
  preview?: boolean | undefined;
  declaredMs?: number | null | undefined;
  minimumMs?: number | null | undefined;
  completion?: LessonCompletion | null | undefined;
  state?: LessonState | undefined;
}

/** `version` is the one the editor saw; absent fields stay. Throws `Refused`: `outdated`, `not-found`. */
export async function updateLesson(
  db: Db,
  input: { id: string; version: number } & LessonChange,
): Promise<Lesson> {
  const { id, version, ...fields } = input;
  const { count } = await refusing('lesson', () =>
    db.prisma.lesson.updateMany({ where: { id, version }, data: { ...fields, version: { increment: 1 } } }),
  );
  const lesson = await getLesson(db, id);
  return count > 0 && lesson ? lesson : outdatedOrMissing('lesson', Promise.resolve(lesson));
}

/** Only a draft that nobody can have studied. Answers the uploads whose pieces are to be removed. */
export async function deleteLesson(db: Db, id: string): Promise<string[]> {
  return db.transaction(async (sql) => {
    const rows = await sql(`SELECT 1 FROM "Lesson" WHERE "id" = $1 AND "state" = 'draft' FOR UPDATE`, [id]);
    if (rows.length === 0) throw new Refused('conflict', 'lesson');
    await sql('DELETE FROM "LessonRevision" WHERE "lessonId" = $1', [id]);
    const uploads = await sql<{ id: string }>(
      'DELETE FROM "LessonUpload" WHERE "lessonId" = $1 RETURNING "id"',
      [id],
    );
    await sql('DELETE FROM "LessonCaption" WHERE "lessonId" = $1', [id]);
    await sql('DELETE FROM "PackageState" WHERE "lessonId" = $1', [id]);
    await sql('DELETE FROM "Lesson" WHERE "id" = $1', [id]);
    return uploads.map((upload) => upload.id);
  });
}

/** All lessons of the course in their new order. Throws `Refused`: `outdated` when the course has others by now. */
export async function arrangeLessons(
  db: Db,
  input: { courseId: string; lessons: readonly { id: string; chapterId: string | null }[] },
): Promise<void> {
  await db.transaction(async (sql) => {
    await lockCourse(sql, input.courseId);
    const present = await sql<{ id: string }>('SELECT "id" FROM "Lesson" WHERE "courseId" = $1', [
      input.courseId,
    ]);
    const ids = new Set(input.lessons.map(({ id }) => id));
    if (present.length !== input.lessons.length || present.some(({ id }) => !ids.has(id)))
      throw new Refused('outdated', 'course');
    const chapters = new Set(input.lessons.map(({ chapterId }) => chapterId));
    for (const chapterId of chapters) await demandChapter(sql, input.courseId, chapterId);
    // First out of the way of each other: no two may have one place even for a moment.
    await sql('UPDATE "Lesson" SET "ordinal" = -"ordinal" WHERE "courseId" = $1', [input.courseId]);
    await sql(
      `UPDATE "Lesson" SET "ordinal" = given.place, "chapterId" = given.chapter
       FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS given(id, chapter, place) WHERE "Lesson"."id" = given.id`,
      [input.lessons.map(({ id }) => id), input.lessons.map(({ chapterId }) => chapterId)],
    );
  });
}

export interface Chapter {
  id: string;
  courseId: string;
  ordinal: number;
  title: string;
  version: number;
}

const chapterColumns = { id: true, courseId: true, ordinal: true, title: true, version: true } as const;

export function chaptersOf(db: Db, courseId: string): Promise<Chapter[]> {
  return db.prisma.chapter.findMany({
    where: { courseId },
    select: chapterColumns,
    orderBy: { ordinal: 'asc' },
    take: mostLessons,
  });
}

export function getChapter(db: Db, id: string): Promise<Chapter | null> {
  return db.prisma.chapter.findUnique({ where: { id }, select: chapterColumns });
}

export async function createChapter(db: Db, input: { courseId: string; title: string }): Promise<string> {
  const id = newId();
  await db.transaction(async (sql) => {
    await lockCourse(sql, input.courseId);
    await sql(
      `INSERT INTO "Chapter" ("id", "courseId", "ordinal", "title", "updatedAt")
       SELECT $1, $2, coalesce(max("ordinal"), 0) + 1, $3, now() FROM "Chapter" WHERE "courseId" = $2`,
      [id, input.courseId, input.title],
    );
  });
  return id;
}

export async function renameChapter(
  db: Db,
  { id, version, title }: { id: string; version: number; title: string },
): Promise<void> {
  const { count } = await db.prisma.chapter.updateMany({
    where: { id, version },
    data: { title, version: { increment: 1 } },
  });
  if (count === 0) await outdatedOrMissing('chapter', getChapter(db, id));
}

/** Its lessons stay, in no chapter. */
export async function deleteChapter(db: Db, id: string): Promise<void> {
  await refusing('chapter', () => db.prisma.chapter.delete({ where: { id }, select: { id: true } }));
}

export async function setCaption(
  db: Db,
  input: { lessonId: string; language: string; name: string },
): Promise<string | null> {
  const { lessonId, language, name } = input;
  const before = await db.prisma.lessonCaption.findUnique({
    where: { lessonId_language: { lessonId, language } },
    select: { name: true },
  });
  await db.prisma.lessonCaption.upsert({
    where: { lessonId_language: { lessonId, language } },
    create: input,
    update: { name },
    select: { name: true },
  });
  return before?.name ?? null;
}

/** The name in the media store that it had; null when there was none. */
export async function removeCaption(
  db: Db,
  input: { lessonId: string; language: string },
): Promise<string | null> {
  const [gone] = await db.sql<{ name: string }>(
    'DELETE FROM "LessonCaption" WHERE "lessonId" = $1 AND "language" = $2 RETURNING "name"',
    [input.lessonId, input.language],
  );
  return gone?.name ?? null;
}
