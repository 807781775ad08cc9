/**
 * [WL] What is stored of learners in lessons. `state` belongs to the rules; every write names the version it was decided
 * from, and one that somebody else has overtaken is not stored, so that two who decide at once never credit twice.
 */
import { type EarningKind, earningKind } from '@keshi/contract/study';
import type { Db, Row, Sql } from './client.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';

export interface StudyKey {
  userId: string;
  lessonId: string;
}

export interface StoredStudy extends StudyKey {
  courseId: string;
  version: number;
  state: unknown;
  countedMs: number;
  completedAt: number | null;
  startedAt: number;
  updatedAt: number;
  /** Coverage that reversals took back [CH3]. */
  taken: unknown;
}

export interface StudyWrite extends StudyKey {
  /** The version it was decided from. */
  version: number;
  state: object;
  countedMs: number;
  completedAt: number | null;
  at: number;
  /** What reversals took back, where that changes; the ledger knows of it already. */
  taken?: object;
  /** Stored only while this token holds the account's lease [WL4]; null: whoever holds it. */
  token: string | null;
}

export interface HeldStudy {
  study: StoredStudy;
  /** Who holds the account's lease. */
  token: string | null;
  kind: EarningKind | null;
  /** In the lesson's course, at present. */
  enrolled: boolean;
}

const columns = `p."userId", p."lessonId", p."courseId", p."version", p."state", p."countedMs", p."completedAt", p."startedAt",
  p."updatedAt", p."taken"`;

/** As they are stored, with who holds the accounts' leases; nobody is in the answer who never began. */
export async function readStudies(db: { sql: Sql }, keys: readonly StudyKey[]): Promise<HeldStudy[]> {
  if (keys.length === 0) return [];
  const rows = await db.sql<StudyRow & { token: string | null; kind: string | null; enrolled: boolean }>(
    `SELECT ${columns}, l."token", l."kind", EXISTS (SELECT 1 FROM "Enrolment" e JOIN "ClassGroup" g ON g."id" = e."groupId"
         WHERE e."userId" = p."userId" AND g."courseId" = p."courseId" AND e."endedAt" IS NULL) AS "enrolled"
     FROM unnest($1::uuid[], $2::uuid[]) AS k("userId", "lessonId")
       JOIN "StudyProgress" p ON p."userId" = k."userId" AND p."lessonId" = k."lessonId"
       LEFT JOIN "EarningLease" l ON l."userId" = p."userId"`,
    [keys.map(({ userId }) => userId), keys.map(({ lessonId }) => lessonId)],
  );
  return rows.map(({ token, kind, enrolled, ...row }) => ({
    study: toStudy(row),
    token,
    kind: kind === null ? null : earningKind.parse(kind),
    enrolled,
  }));
}

/**
 * One statement and one commit however many. Answers the keys that were stored; the others were overtaken, or their
 * session holds the lease no more. What is complete for the first time waits for the ledger from the same commit on.
 */
export async function storeStudies(db: { sql: Sql }, writes: readonly StudyWrite[]): Promise<Set<string>> {
  if (writes.length === 0) return new Set();
  const of = <T>(pick: (write: StudyWrite) => T) => writes.map(pick);
  const rows = await db.sql<{ userId: string; lessonId: string }>(
    `UPDATE "StudyProgress" p SET "version" = p."version" + 1, "state" = r."state", "countedMs" = r."countedMs",
       "completedAt" = r."completedAt", "updatedAt" = r."at",
       "dueAt" = CASE WHEN r."taken" IS NOT NULL THEN NULL
         WHEN r."completedAt" IS DISTINCT FROM p."completedAt" THEN r."completedAt" ELSE p."dueAt" END,
       "taken" = COALESCE(r."taken", p."taken")
     FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::jsonb[], $5::int[], $6::timestamptz[], $7::timestamptz[], $8::uuid[],
         $9::jsonb[])
       AS r("userId", "lessonId", "version", "state", "countedMs", "completedAt", "at", "token", "taken")
     WHERE p."userId" = r."userId" AND p."lessonId" = r."lessonId" AND p."version" = r."version" AND (r."token" IS NULL
       OR EXISTS (SELECT 1 FROM "EarningLease" l WHERE l."userId" = r."userId" AND l."token" = r."token"))
     RETURNING p."userId", p."lessonId"`,
    [
      of(({ userId }) => userId),
      of(({ lessonId }) => lessonId),
      of(({ version }) => version),
      of(({ state }) => JSON.stringify(state)),
      of(({ countedMs }) => countedMs),
      of(({ completedAt }) => (completedAt === null ? null : toDate(completedAt))),
      of(({ at }) => toDate(at)),
      of(({ token }) => token),
      of(({ taken }) => (taken === undefined ? null : JSON.stringify(taken))),
    ],
  );
  return new Set(rows.map(keyOf));
}

export const keyOf = ({ userId, lessonId }: StudyKey): string => `${userId}/${lessonId}`;

/** Makes the row when there is none, and locks it until the transaction ends. */
export async function lockStudy(
  sql: Sql,
  { userId, lessonId, courseId, state, at }: StudyKey & { courseId: string; state: object; at: number },
): Promise<StoredStudy> {
  await sql(
    `INSERT INTO "StudyProgress" ("userId", "lessonId", "courseId", "state", "startedAt", "updatedAt")
     VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT ("userId", "lessonId") DO NOTHING`,
    [userId, lessonId, courseId, JSON.stringify(state), toDate(at)],
  );
  const [row] = await sql<StudyRow>(
    `SELECT ${columns} FROM "StudyProgress" p WHERE p."userId" = $1 AND p."lessonId" = $2 FOR UPDATE`,
    [userId, lessonId],
  );
  if (!row) throw new Error('the row that was just made is gone');
  return toStudy(row);
}

/** One learner's lessons of a course, locked until the transaction ends. */
export async function lockStudiesOf(
  sql: Sql,
  { userId, courseId }: { userId: string; courseId: string },
): Promise<StoredStudy[]> {
  const rows = await sql<StudyRow>(
    `SELECT ${columns} FROM "StudyProgress" p WHERE p."userId" = $1 AND p."courseId" = $2 ORDER BY p."lessonId" FOR UPDATE`,
    [userId, courseId],
  );
  return rows.map(toStudy);
}

/** Everything one learner studies, or what of it belongs to these courses. */
export async function studiesOf(
  db: Db,
  of: { userId: string; courseIds?: readonly string[] },
): Promise<StoredStudy[]> {
  const rows = await db.sql<StudyRow>(
    `SELECT ${columns} FROM "StudyProgress" p WHERE p."userId" = $1 AND ($2::uuid[] IS NULL OR p."courseId" = ANY($2::uuid[]))`,
    [of.userId, of.courseIds ?? null],
  );
  return rows.map(toStudy);
}

export interface DueStudy extends StudyKey {
  courseId: string;
  completedAt: number;
  version: number;
}

/** Completions that are not in the ledger yet, those that have waited longest first. */
export async function dueStudies(db: Db, limit: number): Promise<DueStudy[]> {
  const rows = await db.sql<Row & Omit<DueStudy, 'completedAt'> & { completedAt: Date }>(
    `SELECT "userId", "lessonId", "courseId", "completedAt", "version" FROM "StudyProgress"
     WHERE "dueAt" IS NOT NULL AND "completedAt" IS NOT NULL ORDER BY "dueAt" LIMIT $1`,
    [limit],
  );
  return rows.map((row) => ({ ...row, completedAt: fromDate(row.completedAt) }));
}

/** It is in the ledger. What was completed anew meanwhile stays due. */
export async function markEntered(sql: Sql, { userId, lessonId, version }: DueStudy): Promise<void> {
  await sql(
    `UPDATE "StudyProgress" SET "dueAt" = NULL WHERE "userId" = $1 AND "lessonId" = $2 AND "version" = $3`,
    [userId, lessonId, version],
  );
}

interface StudyRow extends Row {
  userId: string;
  lessonId: string;
  courseId: string;
  version: number;
  state: unknown;
  countedMs: number;
  completedAt: Date | null;
  startedAt: Date;
  updatedAt: Date;
  taken: unknown;
}

function toStudy(row: StudyRow): StoredStudy {
  return {
    userId: row.userId,
    lessonId: row.lessonId,
    courseId: row.courseId,
    version: row.version,
    state: row.state,
    countedMs: row.countedMs,
    completedAt: fromDateOrNull(row.completedAt),
    startedAt: fromDate(row.startedAt),
    updatedAt: fromDate(row.updatedAt),
    taken: row.taken,
  };
}
