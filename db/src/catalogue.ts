/** Packages as learners find them: the catalogue, ratings, and enrolling oneself [C1, E5]. */
import {
  audience,
  type Audience,
  coursePoints,
  type CoursePoints,
  packageType,
  type PackageType,
} from '@keshi/contract/courses';
import { lessonKind, type LessonKind } from '@keshi/contract/lessons';
import type { Db } from './client.ts';
import { maskName } from './crypto.ts';
import { refusing } from './failures.ts';
import { newId } from './ids.ts';
import { fromDate, toDate } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { literally } from './text-search.ts';

export interface CatalogueEntry {
  id: string;
  title: string;
  summary: string;
  orgName: string;
  audience: Audience;
  packageType: PackageType;
  occupation: { code: string; name: string } | null;
  project: { id: string; name: string } | null;
  /** Published lessons, and how long they are together. */
  lessons: number;
  totalMs: number;
  rating: number | null;
  ratings: number;
  enrolled: boolean;
}

export interface CatalogueFilter extends PageRequest {
  userId: string;
  /** Paths of the asking person's organisations: an employer's own courses are for its people alone [C9]. */
  paths: readonly string[];
  /** Only those the person is enrolled in. */
  mine?: boolean;
  query?: string | undefined;
  audience?: string | undefined;
  packageType?: string | undefined;
  occupation?: string | undefined;
  projectId?: string | undefined;
  /** This one alone, if it is to be seen. */
  courseId?: string | undefined;
}

interface Row extends Record<string, unknown> {
  id: string;
  title: string;
  summary: string;
  orgName: string;
  audience: string;
  packageType: string;
  occupationCode: string | null;
  occupationName: string | null;
  projectId: string | null;
  projectName: string | null;
  lessons: number;
  totalMs: string;
  rating: number | null;
  ratings: number;
  enrolled: boolean;
  total: number;
}

/** Listed packages and those the person is enrolled in, by title. */
export async function listCatalogue(db: Db, filter: CatalogueFilter): Promise<Page<CatalogueEntry>> {
  const { skip, take } = pageOf(filter);
  const rows = await db.sql<Row>(
    `WITH visible AS (
       SELECT c."id", c."title", c."summary", c."audience", c."packageType", c."occupationCode", c."projectId",
         o."name" AS "orgName",
         EXISTS (SELECT 1 FROM "Enrolment" e JOIN "ClassGroup" g ON g."id" = e."groupId"
           WHERE g."courseId" = c."id" AND e."userId" = $1 AND e."endedAt" IS NULL) AS enrolled,
         c."listing" = 'listed' AND (o."kind" <> 'employer'
           OR EXISTS (SELECT 1 FROM unnest($2::text[]) AS own(path) WHERE starts_with(own.path, o."path"))) AS open
       FROM "Course" c JOIN "Organization" o ON o."id" = c."orgId"
       WHERE ($3::uuid IS NULL OR c."id" = $3) AND ($4::text IS NULL OR c."title" ILIKE $4 OR c."summary" ILIKE $4)
         AND ($5::text IS NULL OR c."audience" IN ($5, 'anyone')) AND ($6::text IS NULL OR c."packageType" = $6)
         AND ($7::text IS NULL OR c."occupationCode" = $7 OR starts_with(c."occupationCode", $7 || '-'))
         AND ($8::uuid IS NULL OR c."projectId" = $8)
     ), page AS (
       SELECT *, count(*) OVER ()::int AS total FROM visible WHERE enrolled OR (open AND NOT $9::boolean)
       ORDER BY "title", "id" OFFSET $10 LIMIT $11
     )
     SELECT p.*, oc."name" AS "occupationName", pr."name" AS "projectName",
       coalesce(l.n, 0)::int AS lessons, coalesce(l.ms, 0)::text AS "totalMs", r.stars AS rating,
       coalesce(r.n, 0)::int AS ratings
     FROM page p
       LEFT JOIN "Occupation" oc ON oc."code" = p."occupationCode"
       LEFT JOIN "TrainingProject" pr ON pr."id" = p."projectId"
       LEFT JOIN LATERAL (SELECT count(*) AS n, sum(coalesce("durationMs", "declaredMs", 0)) AS ms
         FROM "Lesson" WHERE "courseId" = p."id" AND "state" = 'published') l ON true
       LEFT JOIN LATERAL (SELECT count(*) AS n, avg("stars")::float8 AS stars
         FROM "CourseRating" WHERE "courseId" = p."id") r ON true
     ORDER BY p."title", p."id"`,
    [
      filter.userId,
      filter.paths,
      filter.courseId ?? null,
      filter.query ? `%${literally(filter.query)}%` : null,
      filter.audience ?? null,
      filter.packageType ?? null,
      filter.occupation ?? null,
      filter.projectId ?? null,
      filter.mine ?? false,
      skip,
      take,
    ],
  );
  return { total: rows[0]?.total ?? 0, rows: rows.map(fromRow) };
}

function fromRow(row: Row): CatalogueEntry {
  return {
    id: row.id,
    title: row.title,
    summary: row.summary,
    orgName: row.orgName,
    audience: audience.parse(row.audience),
    packageType: packageType.parse(row.packageType),
    occupation:
      row.occupationCode !== null && row.occupationName !== null
        ? { code: row.occupationCode, name: row.occupationName }
        : null,
    project:
      row.projectId !== null && row.projectName !== null
        ? { id: row.projectId, name: row.projectName }
        : null,
    lessons: row.lessons,
    totalMs: Number(row.totalMs),
    rating: row.rating,
    ratings: row.ratings,
    enrolled: row.enrolled,
  };
}

export interface CatalogueCourse {
  introduction: string;
  points: CoursePoints;
  selfEnrol: boolean;
  chapters: { id: string; title: string }[];
  lessons: {
    id: string;
    chapterId: string | null;
    title: string;
    kind: LessonKind;
    durationMs: number | null;
    declaredMs: number | null;
    preview: boolean;
  }[];
}

/** What the page of a course shows beside its entry: published lessons alone, in their order. */
export async function catalogueCourse(db: Db, courseId: string): Promise<CatalogueCourse | null> {
  const row = await db.prisma.course.findUnique({
    where: { id: courseId },
    select: {
      introduction: true,
      points: true,
      selfEnrol: true,
      chapters: { select: { id: true, title: true }, orderBy: { ordinal: 'asc' } },
      lessons: {
        where: { state: 'published' },
        select: {
          id: true,
          chapterId: true,
          title: true,
          kind: true,
          durationMs: true,
          declaredMs: true,
          preview: true,
        },
        orderBy: { ordinal: 'asc' },
      },
    },
  });
  return (
    row && {
      ...row,
      points: coursePoints.parse(row.points),
      lessons: row.lessons.map((lesson) => ({ ...lesson, kind: lessonKind.parse(lesson.kind) })),
    }
  );
}

/** The name of the group of those who enrolled by themselves. */
const ownGroup = '自主报名';

/** Into the group of those who come by themselves, which is made with the first of them. Again changes nothing. */
export async function enrolSelf(
  db: Db,
  { courseId, userId }: { courseId: string; userId: string },
): Promise<void> {
  await refusing('enrolment', () =>
    db.transaction(async (sql) => {
      await sql(
        `INSERT INTO "ClassGroup" ("id", "courseId", "name", "updatedAt") VALUES ($1, $2, $3, now())
         ON CONFLICT ("courseId", "name") DO NOTHING`,
        [newId(), courseId, ownGroup],
      );
      await sql(
        `INSERT INTO "Enrolment" ("groupId", "userId")
         SELECT "id", $2 FROM "ClassGroup" WHERE "courseId" = $1 AND "name" = $3
         ON CONFLICT ("groupId", "userId") DO UPDATE SET "endedAt" = NULL`,
        [courseId, userId, ownGroup],
      );
    }),
  );
}

export interface Rating {
  stars: number;
  text: string;
}

/** [E5] One of each person; another one takes its place. */
export async function rateCourse(
  db: Db,
  { courseId, userId, now, ...rating }: Rating & { courseId: string; userId: string; now: number },
): Promise<void> {
  await refusing('rating', () =>
    db.prisma.courseRating.upsert({
      where: { courseId_userId: { courseId, userId } },
      create: { courseId, userId, ...rating, createdAt: toDate(now) },
      update: rating,
      select: { stars: true },
    }),
  );
}

export async function ratingOf(db: Db, courseId: string, userId: string): Promise<Rating | null> {
  return db.prisma.courseRating.findUnique({
    where: { courseId_userId: { courseId, userId } },
    select: { stars: true, text: true },
  });
}

/** The latest that say something; names masked. */
export async function latestRatings(
  db: Db,
  courseId: string,
): Promise<(Rating & { name: string; at: number })[]> {
  const rows = await db.sql<{ stars: number; text: string; at: Date; nameSealed: string }>(
    `SELECT r."stars", r."text", r."updatedAt" AS at, u."nameSealed" FROM "CourseRating" r
       JOIN "User" u ON u."id" = r."userId"
     WHERE r."courseId" = $1 AND r."text" <> '' ORDER BY r."updatedAt" DESC, r."userId" LIMIT 20`,
    [courseId],
  );
  return rows.map(({ stars, text, at, nameSealed }) => ({
    stars,
    text,
    at: fromDate(at),
    name: maskName(db.personal.open('User.name', nameSealed)),
  }));
}
