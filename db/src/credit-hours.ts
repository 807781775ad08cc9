/** What the ledger comes to: by course, by learner, and over time. Sums are the database's, decisions are not here. */
import type { Db, Row } from './client.ts';
import { toDate } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import type { Scope } from './scope.ts';

export interface CreditRow {
  userId: string;
  /** Not masked. */
  name: string;
  login: string;
  courseId: string;
  courseTitle: string;
  orgName: string;
  /** As stored. */
  policy: unknown;
  groups: string[];
  /** The credit in the course as it is now. */
  balanceMs: number;
  /** What was added in the range asked for, taken-back hours subtracted. */
  inRangeMs: number;
  /** Hours of classes that are settled, and presence in them. */
  hours: number;
  presentMs: number;
  liveMs: number;
  /** Confirmed violations that stand. */
  violations: number;
  /** [PR2] It is decided who the learner is: by document, and by the face where there is one. */
  identityConfirmed: boolean;
}

export interface CreditFilter extends PageRequest {
  /** Whose groups: of the institutions and employers under these paths, and of classes this person teaches. */
  under: Scope;
  taughtBy?: string | undefined;
  userId?: string | undefined;
  courseId?: string | undefined;
  groupId?: string | undefined;
  query?: string | undefined;
  /** Half-open, by when it was earned, ms. */
  from?: number | undefined;
  to?: number | undefined;
}

/**
 * Learners with a course each, by course and login. Who reaches a group through its employer alone sees that
 * employer's people and those of none, never another employer's.
 */
const people = `SELECT e."userId", g."courseId", array_agg(DISTINCT g."name" ORDER BY g."name") AS "groups"
  FROM "Enrolment" e JOIN "ClassGroup" g ON g."id" = e."groupId" JOIN "Course" c ON c."id" = g."courseId"
    JOIN "Organization" o ON o."id" = c."orgId" LEFT JOIN "Organization" w ON w."id" = g."employerOrgId"
    JOIN "User" u ON u."id" = e."userId"
  WHERE (o."path" LIKE ANY($1) OR (w."path" LIKE ANY($1) AND (
           NOT EXISTS (SELECT 1 FROM "Organization" x WHERE x."kind" = 'employer' AND (x."id" = u."orgId" OR EXISTS
             (SELECT 1 FROM "Membership" m WHERE m."userId" = u."id" AND m."role" = 'learner' AND m."orgId" = x."id")))
           OR EXISTS (SELECT 1 FROM "Organization" x WHERE x."kind" = 'employer' AND x."path" LIKE ANY($1) AND (x."id" = u."orgId" OR EXISTS
             (SELECT 1 FROM "Membership" m WHERE m."userId" = u."id" AND m."role" = 'learner' AND m."orgId" = x."id")))))
         OR EXISTS (SELECT 1 FROM "LiveClass" l WHERE l."groupId" = g."id" AND l."instructorId" = $2))
    AND ($3::uuid IS NULL OR e."userId" = $3) AND ($4::uuid IS NULL OR c."id" = $4) AND ($5::uuid IS NULL OR g."id" = $5)
    AND ($6 = '' OR strpos(lower(c."title"), $6) > 0 OR strpos(lower(g."name"), $6) > 0 OR starts_with(u."login", $6))
  GROUP BY e."userId", g."courseId"`;

/** Of every hour the latest revision stands for it. */
const figures = `SELECT
    (SELECT b."balanceMs" FROM "LedgerEntry" b WHERE b."courseId" = p."courseId" AND b."learnerId" = p."userId" ORDER BY b."seq" DESC LIMIT 1) AS "balanceMs",
    sum(t."deltaMs") FILTER (WHERE t."earnedAt" >= $7 AND t."earnedAt" < $8) AS "inRangeMs",
    count(*) FILTER (WHERE t."stands") AS "hours",
    sum((t."content"->>'presentMs')::bigint) FILTER (WHERE t."stands") AS "presentMs",
    sum((t."content"->>'liveMs')::bigint) FILTER (WHERE t."stands") AS "liveMs",
    count(*) FILTER (WHERE t."content"->>'kind' = 'reversal') - count(DISTINCT t."content"->>'reversal') AS "violations"
  FROM (
    SELECT l."deltaMs", l."earnedAt", l."content",
      l."content"->>'source' = 'live' AND NOT EXISTS (SELECT 1 FROM "LedgerEntry" k WHERE k."courseId" = l."courseId"
        AND k."learnerId" = l."learnerId" AND k."seq" > l."seq" AND (k."content"->>'corrects')::int = l."seq") AS "stands"
    FROM "LedgerEntry" l WHERE l."courseId" = p."courseId" AND l."learnerId" = p."userId"
  ) t`;

export async function pageCredit(db: Db, filter: CreditFilter): Promise<Page<CreditRow>> {
  const { skip, take } = pageOf(filter);
  const paths = [filter.under].flat().map((path) => `${path}%`);
  const who = [
    paths,
    filter.taughtBy ?? null,
    filter.userId ?? null,
    filter.courseId ?? null,
    filter.groupId ?? null,
    (filter.query ?? '').toLowerCase(),
  ];
  const [counted, rows] = await Promise.all([
    db.sql<{ n: number }>(`SELECT count(*)::int AS n FROM (${people}) AS p`, who),
    db.sql<
      Row & {
        userId: string;
        nameSealed: string;
        login: string;
        courseId: string;
        courseTitle: string;
        orgName: string;
        policy: unknown;
        groups: string[];
        identityConfirmed: boolean;
      } & Record<'balanceMs' | 'inRangeMs' | 'hours' | 'presentMs' | 'liveMs' | 'violations', string | null>
    >(
      `SELECT p.*, f.* FROM (
         SELECT p.*, u."nameSealed", u."login", c."title" AS "courseTitle", c."policy", o."name" AS "orgName",
           EXISTS (SELECT 1 FROM "IdentityDocument" d WHERE d."userId" = p."userId" AND d."state" = 'confirmed')
             AND NOT EXISTS (SELECT 1 FROM "FaceEnrolment" f WHERE f."userId" = p."userId" AND f."state" <> 'confirmed')
             AS "identityConfirmed"
         FROM (${people}) AS p JOIN "User" u ON u."id" = p."userId" JOIN "Course" c ON c."id" = p."courseId"
           JOIN "Organization" o ON o."id" = c."orgId"
         ORDER BY c."title", p."courseId", u."login" OFFSET $9 LIMIT $10
       ) AS p CROSS JOIN LATERAL (${figures}) AS f ORDER BY p."courseTitle", p."courseId", p."login"`,
      [...who, toDate(filter.from ?? 0), toDate(filter.to ?? FAR), skip, take],
    ),
  ]);
  return {
    total: counted[0]?.n ?? 0,
    rows: rows.map(({ nameSealed, ...row }) => ({
      ...row,
      name: db.personal.open('User.name', nameSealed),
      balanceMs: Number(row.balanceMs ?? 0),
      inRangeMs: Number(row.inRangeMs ?? 0),
      hours: Number(row.hours ?? 0),
      presentMs: Number(row.presentMs ?? 0),
      liveMs: Number(row.liveMs ?? 0),
      violations: Number(row.violations ?? 0),
    })),
  };
}

const FAR = Date.UTC(9999, 0);

/** The courses somebody learns or has learned in: by enrolment. */
export async function coursesOf(
  db: Db,
  userId: string,
  range: { from?: number | undefined; to?: number | undefined },
): Promise<CreditRow[]> {
  // Everything that concerns oneself is in reach, whoever organises it.
  const { rows } = await pageCredit(db, { under: '/', userId, limit: 500, ...range });
  return rows;
}

export type Bucket = 'day' | 'week' | 'month';

/** Credit by day, week (from Monday) or month of Asia/Shanghai, oldest first; what came to nothing is left out. */
export async function creditOverTime(
  db: Db,
  {
    learnerId,
    courseIds,
    by,
    from,
    to,
  }: { learnerId: string; courseIds?: readonly string[]; by: Bucket; from: number; to: number },
): Promise<{ from: number; creditedMs: number }[]> {
  const rows = await db.sql<{ from: Date; creditedMs: string }>(
    `SELECT date_trunc($2, "earnedAt" AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai' AS "from",
       sum("deltaMs") AS "creditedMs"
     FROM "LedgerEntry" WHERE "learnerId" = $1 AND ($3::uuid[] IS NULL OR "courseId" = ANY($3::uuid[]))
       AND "earnedAt" >= $4 AND "earnedAt" < $5
     GROUP BY 1 HAVING sum("deltaMs") <> 0 ORDER BY 1`,
    [learnerId, by, courseIds ?? null, toDate(from), toDate(to)],
  );
  return rows.map(({ from: start, creditedMs }) => ({
    from: start.getTime(),
    creditedMs: Number(creditedMs),
  }));
}

/** Titles of the classes and courses that entries speak of. */
export async function namesOfEntries(
  db: Db,
  { classIds, courseIds }: { classIds: readonly string[]; courseIds: readonly string[] },
): Promise<{ classes: Map<string, { title: string; ordinal: number }>; courses: Map<string, string> }> {
  const [classes, courses] = await Promise.all([
    db.sql<{ id: string; title: string; ordinal: number }>(
      'SELECT "id", "title", "ordinal" FROM "LiveClass" WHERE "id" = ANY($1::uuid[])',
      [classIds],
    ),
    db.sql<{ id: string; title: string }>('SELECT "id", "title" FROM "Course" WHERE "id" = ANY($1::uuid[])', [
      courseIds,
    ]),
  ]);
  return {
    classes: new Map(classes.map(({ id, ...about }) => [id, about])),
    courses: new Map(courses.map(({ id, title }) => [id, title])),
  };
}

/** Which of a learner's reversals were taken back, by their place in the chain. */
export async function restoredReversals(db: Db, learnerId: string | null): Promise<Set<number>> {
  const rows = await db.sql<{ seq: number }>(
    `SELECT ("content"->>'reversal')::int AS "seq" FROM "LedgerEntry"
     WHERE "learnerId" = $1 AND "content"->>'kind' = 'restoration'`,
    [learnerId],
  );
  return new Set(rows.map(({ seq }) => seq));
}
