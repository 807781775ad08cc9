/** [E1] Discussions of courses: threads and what was said in them. A deleted post keeps its place and loses its text. */
import type { Db, Row } from './client.ts';
import { newId } from './ids.ts';
import { fromDate, toDate } from './instants.ts';
import { notify } from './notices.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';

export interface CourseCircle {
  courseId: string;
  title: string;
  orgPath: string;
  /** Who writes it and who teaches classes of it. */
  teacherIds: string[];
  /** Whether the one asked about takes it at present. */
  enrolled: boolean;
}

const circle = `SELECT c."id" AS "courseId", c."title", o."path" AS "orgPath",
    ARRAY(SELECT a."userId"::text FROM "CourseAuthor" a WHERE a."courseId" = c."id"
      UNION SELECT l."instructorId"::text FROM "LiveClass" l JOIN "ClassGroup" g ON g."id" = l."groupId"
        WHERE g."courseId" = c."id") AS "teacherIds",
    EXISTS (SELECT 1 FROM "Enrolment" e JOIN "ClassGroup" g ON g."id" = e."groupId"
      WHERE g."courseId" = c."id" AND e."userId" = $2 AND e."endedAt" IS NULL) AS "enrolled"
  FROM "Course" c JOIN "Organization" o ON o."id" = c."orgId"`;

/** Null without that course. */
export async function circleOfCourse(db: Db, courseId: string, userId: string): Promise<CourseCircle | null> {
  const [row] = await db.sql<Row & CourseCircle>(`${circle} WHERE c."id" = $1`, [courseId, userId]);
  return row ?? null;
}

/** Null without that thread, or once it was deleted. */
export async function circleOfThread(db: Db, threadId: string, userId: string): Promise<CourseCircle | null> {
  const [row] = await db.sql<Row & CourseCircle>(
    `${circle} WHERE c."id" = (SELECT "courseId" FROM "CourseThread" WHERE "id" = $1 AND "deletedAt" IS NULL)`,
    [threadId, userId],
  );
  return row ?? null;
}

export interface Thread {
  id: string;
  title: string;
  userId: string;
  createdAt: number;
  lastAt: number;
  posts: number;
  answered: boolean;
}

export async function pageThreads(
  db: Db,
  filter: PageRequest & { courseId: string; query: string },
): Promise<Page<Thread>> {
  const { skip, take } = pageOf(filter);
  const where = `FROM "CourseThread" t WHERE t."courseId" = $1 AND t."deletedAt" IS NULL
    AND ($2 = '' OR strpos(lower(t."title"), lower($2)) > 0)`;
  const of = [filter.courseId, filter.query];
  const [counted, rows] = await Promise.all([
    db.sql<{ n: number }>(`SELECT count(*)::int AS n ${where}`, of),
    db.sql<Row & Omit<Thread, 'createdAt' | 'lastAt'> & { createdAt: Date; lastAt: Date }>(
      `SELECT t."id", t."title", t."userId", t."createdAt", t."lastAt",
         (SELECT count(*)::int FROM "CoursePost" p WHERE p."threadId" = t."id") AS "posts",
         EXISTS (SELECT 1 FROM "CoursePost" p WHERE p."threadId" = t."id" AND p."asTeacher" AND p."deletedAt" IS NULL
           AND p."userId" <> t."userId") AS "answered"
       ${where} ORDER BY t."lastAt" DESC, t."id" OFFSET $3 LIMIT $4`,
      [...of, skip, take],
    ),
  ]);
  return {
    total: counted[0]?.n ?? 0,
    rows: rows.map((row) => ({ ...row, createdAt: fromDate(row.createdAt), lastAt: fromDate(row.lastAt) })),
  };
}

export async function openThread(
  db: Db,
  input: { courseId: string; userId: string; asTeacher: boolean; title: string; text: string; at: number },
): Promise<string> {
  const { courseId, userId, asTeacher, title, text, at } = input;
  const id = newId(at);
  const when = toDate(at);
  await db.prisma.courseThread.create({
    data: {
      ...{ id, courseId, userId, title, createdAt: when, lastAt: when },
      posts: { create: { id: newId(at), userId, asTeacher, text, createdAt: when } },
    },
  });
  return id;
}

export interface Post {
  id: string;
  userId: string;
  asTeacher: boolean;
  text: string | null;
  createdAt: number;
}

const mostPosts = 1_000;

export async function readThread(db: Db, id: string): Promise<{ title: string; posts: Post[] } | null> {
  const row = await db.prisma.courseThread.findUnique({
    where: { id, deletedAt: null },
    select: { title: true, posts: { orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: mostPosts } },
  });
  return (
    row && {
      title: row.title,
      posts: row.posts.map(({ id: postId, userId, asTeacher, text, createdAt, deletedAt }) => ({
        ...{ id: postId, userId, asTeacher, createdAt: fromDate(createdAt) },
        text: deletedAt === null ? text : null,
      })),
    }
  );
}

/** Whoever began the thread is told, in the same transaction, when a teacher of the course answers. */
export async function replyToThread(
  db: Db,
  input: { threadId: string; userId: string; asTeacher: boolean; text: string; at: number; path: string },
): Promise<boolean> {
  const { threadId, userId, asTeacher, text, at, path } = input;
  return db.transaction(async (sql) => {
    const [thread] = await sql<Row & { userId: string; title: string }>(
      `UPDATE "CourseThread" SET "lastAt" = GREATEST("lastAt", $2) WHERE "id" = $1 AND "deletedAt" IS NULL
       RETURNING "userId", "title"`,
      [threadId, toDate(at)],
    );
    if (!thread) return false;
    const id = newId(at);
    await sql(
      `INSERT INTO "CoursePost" ("id", "threadId", "userId", "asTeacher", "text", "createdAt") VALUES ($1, $2, $3, $4, $5, $6)`,
      [id, threadId, userId, asTeacher, text, toDate(at)],
    );
    if (asTeacher && thread.userId !== userId)
      await notify(sql, {
        ...{ userId: thread.userId, at, key: `discussion:${id}` },
        content: { kind: 'discussion-answered', path, title: thread.title },
      });
    return true;
  });
}

/** Null without that post. */
export async function threadOfPost(db: Db, id: string): Promise<{ threadId: string; userId: string } | null> {
  return db.prisma.coursePost.findUnique({
    where: { id, deletedAt: null },
    select: { threadId: true, userId: true },
  });
}

/** A thread of which nothing is left goes with its last post. */
export async function deletePost(db: Db, { id, at }: { id: string; at: number }): Promise<void> {
  await db.transaction(async (sql) => {
    const [post] = await sql<Row & { threadId: string }>(
      `UPDATE "CoursePost" SET "deletedAt" = $2, "text" = '' WHERE "id" = $1 AND "deletedAt" IS NULL RETURNING "threadId"`,
      [id, toDate(at)],
    );
    if (!post) return;
    await sql(
      `UPDATE "CourseThread" SET "deletedAt" = $2 WHERE "id" = $1
       AND NOT EXISTS (SELECT 1 FROM "CoursePost" WHERE "threadId" = $1 AND "deletedAt" IS NULL)`,
      [post.threadId, toDate(at)],
    );
  });
}
