/** Course packages: what they say of themselves, who writes them, and their way into the catalogue [C1, C3, C7]. */
import {
  type Audience,
  audience,
  type CoursePoints,
  coursePoints,
  type Listing,
  listing,
  type PackageType,
  packageType,
} from '@keshi/contract/courses';
import type { Db } from './client.ts';
import { outdatedOrMissing, Refused, refusing } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { inScope, type Scope } from './scope.ts';
import { containing } from './text-search.ts';

/** With what an access decision needs: the organisation, and who writes it. */
export interface CoursePackage {
  id: string;
  orgId: string;
  orgName: string;
  orgPath: string;
  orgKind: string;
  title: string;
  summary: string;
  introduction: string;
  audience: Audience;
  packageType: PackageType;
  occupation: { code: string; name: string } | null;
  project: { id: string; name: string } | null;
  points: CoursePoints;
  selfEnrol: boolean;
  listing: Listing;
  listingAt: number | null;
  submittedById: string | null;
  authorIds: string[];
  version: number;
}

const columns = {
  id: true,
  orgId: true,
  title: true,
  summary: true,
  introduction: true,
  audience: true,
  packageType: true,
  points: true,
  selfEnrol: true,
  listing: true,
  listingAt: true,
  submittedById: true,
  version: true,
  org: { select: { name: true, path: true, kind: true } },
  occupation: { select: { code: true, name: true } },
  project: { select: { id: true, name: true } },
  authors: { select: { userId: true }, orderBy: { createdAt: 'asc' } },
} satisfies Prisma.CourseSelect;

function fromRow(row: Prisma.CourseGetPayload<{ select: typeof columns }>): CoursePackage {
  const { org, authors, ...course } = row;
  return {
    ...course,
    orgName: org.name,
    orgPath: org.path,
    orgKind: org.kind,
    authorIds: authors.map(({ userId }) => userId),
    audience: audience.parse(course.audience),
    packageType: packageType.parse(course.packageType),
    points: coursePoints.parse(course.points),
    listing: listing.parse(course.listing),
    listingAt: fromDateOrNull(course.listingAt),
  };
}

export async function getPackage(db: Db, id: string): Promise<CoursePackage | null> {
  const row = await db.prisma.course.findUnique({ where: { id }, select: columns });
  return row && fromRow(row);
}

export interface PackageInList {
  id: string;
  orgName: string;
  title: string;
  listing: Listing;
  lessons: number;
  published: number;
  version: number;
}

/** Packages of the organisations in scope, those this person writes, and those submitted where he reviews; by title. */
export async function listPackages(
  db: Db,
  filter: {
    under: Scope;
    writtenBy: string;
    reviewedUnder: Scope;
    listing?: Listing | undefined;
    query?: string;
  } & PageRequest,
): Promise<Page<PackageInList>> {
  const where: Prisma.CourseWhereInput = {
    OR: [
      ...inScope(filter.under).map((path) => ({ org: { path } })),
      { authors: { some: { userId: filter.writtenBy } } },
      ...inScope(filter.reviewedUnder).map((path) => ({
        org: { path },
        listing: { in: ['in-review', 'listed', 'returned'] },
      })),
    ],
    ...(filter.listing && { listing: filter.listing }),
    ...(filter.query && { title: containing(filter.query) }),
  };
  const [total, rows] = await Promise.all([
    db.prisma.course.count({ where }),
    db.prisma.course.findMany({
      where,
      select: {
        id: true,
        title: true,
        listing: true,
        version: true,
        org: { select: { name: true } },
        lessons: { select: { state: true } },
      },
      orderBy: [{ title: 'asc' }, { id: 'asc' }],
      ...pageOf(filter),
    }),
  ]);
  return {
    total,
    rows: rows.map(({ org, lessons, ...course }) => ({
      ...course,
      listing: listing.parse(course.listing),
      orgName: org.name,
      lessons: lessons.length,
      published: lessons.filter(({ state }) => state === 'published').length,
    })),
  };
}

export interface PackageChange {
  title?: string | undefined;
  summary?: string | undefined;
  introduction?: string | undefined;
  audience?: Audience | undefined;
  packageType?: PackageType | undefined;
  occupationCode?: string | null | undefined;
  projectId?: string | null | undefined;
  points?: CoursePoints | undefined;
  selfEnrol?: boolean | undefined;
}

/** `version` is the one the editor saw; absent fields stay. Throws `Refused`: `outdated`, `not-found`, `conflict`. */
export async function describePackage(
  db: Db,
  input: { id: string; version: number } & PackageChange,
): Promise<CoursePackage> {
  const { id, version, ...fields } = input;
  const { count } = await refusing('course', () =>
    db.prisma.course.updateMany({ where: { id, version }, data: { ...fields, version: { increment: 1 } } }),
  );
  const row = await getPackage(db, id);
  return count > 0 && row ? row : outdatedOrMissing('course', Promise.resolve(row));
}

/** `from`: what it must be now; else, or of another version, it is `outdated`. */
export async function moveListing(
  db: Db,
  input: { id: string; version: number; from: readonly Listing[]; to: Listing; byId: string; now: number },
): Promise<void> {
  const { count } = await db.prisma.course.updateMany({
    where: { id: input.id, version: input.version, listing: { in: [...input.from] } },
    data: {
      listing: input.to,
      listingAt: toDate(input.now),
      ...(input.to === 'in-review' && { submittedById: input.byId }),
      version: { increment: 1 },
    },
  });
  if (count === 0) await outdatedOrMissing('course', getPackage(db, input.id));
}

export interface Review {
  id: string;
  byId: string;
  at: number;
  decision: 'approve' | 'return';
  opinion: string;
}

/**
 * Stores an expert's decision about what is in review now, and moves the package when that decides it: one return is
 * enough, and so are `needed` approvals. Throws `Refused`: `outdated` when it is not in review in that version,
 * `conflict` when this expert has decided about it already.
 */
export async function storeReview(
  db: Db,
  input: {
    courseId: string;
    version: number;
    byId: string;
    decision: Review['decision'];
    opinion: string;
    needed: number;
    now: number;
  },
): Promise<Listing> {
  return refusing('review', () =>
    db.transaction(async (sql) => {
      const [course] = await sql<{ listingAt: Date }>(
        `SELECT "listingAt" FROM "Course" WHERE "id" = $1 AND "version" = $2 AND "listing" = 'in-review' FOR UPDATE`,
        [input.courseId, input.version],
      );
      if (!course) throw new Refused('outdated', 'course');
      await sql(
        `INSERT INTO "CourseReview" ("id", "courseId", "submittedAt", "byId", "at", "decision", "opinion")
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [
          newId(input.now),
          input.courseId,
          course.listingAt,
          input.byId,
          toDate(input.now),
          input.decision,
          input.opinion,
        ],
      );
      const [approvals] = await sql<{ count: number }>(
        `SELECT count(*)::int AS count FROM "CourseReview"
         WHERE "courseId" = $1 AND "submittedAt" = $2 AND "decision" = 'approve'`,
        [input.courseId, course.listingAt],
      );
      const decided: Listing =
        input.decision === 'return'
          ? 'returned'
          : (approvals?.count ?? 0) >= input.needed
            ? 'listed'
            : 'in-review';
      if (decided !== 'in-review')
        await sql(
          `UPDATE "Course" SET "listing" = $2, "listingAt" = $3, "version" = "version" + 1, "updatedAt" = now()
           WHERE "id" = $1`,
          [input.courseId, decided, toDate(input.now)],
        );
      return decided;
    }),
  );
}

/** Of the last submission, oldest first. */
export async function latestReviews(db: Db, courseId: string): Promise<Review[]> {
  const newest = await db.prisma.courseReview.findFirst({
    where: { courseId },
    select: { submittedAt: true },
    orderBy: { submittedAt: 'desc' },
  });
  if (!newest) return [];
  const rows = await db.prisma.courseReview.findMany({
    where: { courseId, submittedAt: newest.submittedAt },
    select: { id: true, byId: true, at: true, decision: true, opinion: true },
    orderBy: { at: 'asc' },
    take: 50,
  });
  return rows.map((row) => ({
    ...row,
    at: fromDate(row.at),
    decision: row.decision === 'approve' ? 'approve' : 'return',
  }));
}

/** Those who write it, in place of all who did. Throws `Refused`: `not-found` for an unknown course or person. */
export async function setAuthors(
  db: Db,
  { courseId, userIds }: { courseId: string; userIds: readonly string[] },
): Promise<void> {
  await refusing('author', () =>
    db.transaction(async (sql) => {
      await sql('DELETE FROM "CourseAuthor" WHERE "courseId" = $1 AND NOT "userId" = ANY($2::uuid[])', [
        courseId,
        userIds,
      ]);
      await sql(
        `INSERT INTO "CourseAuthor" ("courseId", "userId") SELECT $1, u FROM unnest($2::uuid[]) AS u
         ON CONFLICT DO NOTHING`,
        [courseId, userIds],
      );
    }),
  );
}

/** Instructors by login, among the people of the organisations at and below any of the paths. Unknown ones are absent. */
export async function instructorsByLogin(
  db: Db,
  filter: { logins: readonly string[]; under: Scope },
): Promise<Map<string, string>> {
  const rows = await db.prisma.user.findMany({
    where: {
      login: { in: [...filter.logins] },
      disabledAt: null,
      memberships: { some: { role: 'instructor' } },
      OR: inScope(filter.under).flatMap((path) => [
        { org: { path } },
        { memberships: { some: { role: 'instructor', org: { path } } } },
      ]),
    },
    select: { id: true, login: true },
  });
  return new Map(rows.map(({ id, login }) => [login, id]));
}

/** Logins and names (not masked: whoever writes a course is named on it), in the order they were added. */
export async function authorsOf(
  db: Db,
  courseId: string,
): Promise<{ id: string; login: string; name: string }[]> {
  const rows = await db.prisma.courseAuthor.findMany({
    where: { courseId },
    select: { user: { select: { id: true, login: true, nameSealed: true } } },
    orderBy: { createdAt: 'asc' },
    take: 50,
  });
  return rows.map(({ user: { id, login, nameSealed } }) => ({
    id,
    login,
    name: db.personal.open('User.name', nameSealed),
  }));
}
