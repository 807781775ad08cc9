/**
 * Settled checks that nobody has looked at for incidents, and the transaction in which they are [PR4]. What a check makes
 * is decided by the caller; this file gathers, locks and writes. A row is marked by the commit that writes what it made,
 * so that a crash forgets nothing and nothing is done twice.
 */
import type { IncidentKind } from '@keshi/contract/incidents';
import { type Verdict, verdict } from '@keshi/contract/proctor';
import { appendAuditIn, type NewAuditEntry } from './audit.ts';
import type { Db, Sql } from './client.ts';
import { fromDate, toDate } from './instants.ts';
import { courseTitleOf, notify } from './notices.ts';

export interface CheckedPerson {
  kind: IncidentKind;
  contextId: string;
  userId: string;
}

/** Kinds of contexts whose course is known here; checks of others wait until theirs is. */
const knownKinds: readonly IncidentKind[] = ['class', 'lesson', 'exam'];

/** People with checks that wait, each once, those that wait longest first. */
export async function unweighedPeople(
  db: Db,
  filter: { userId?: string; limit?: number } = {},
): Promise<CheckedPerson[]> {
  return db.sql<CheckedPerson & Record<string, unknown>>(
    `SELECT "kind", "contextId", "userId" FROM "FaceCheck"
     WHERE "weighedAt" IS NULL AND "verdict" IS NOT NULL AND "kind" = ANY($1::text[])
       AND ($2::uuid IS NULL OR "userId" = $2)
     GROUP BY "kind", "contextId", "userId" ORDER BY min("settledAt") LIMIT $3`,
    [knownKinds, filter.userId ?? null, filter.limit ?? 200],
  );
}

/** Since when the check that has waited longest waits; null when none does. */
export async function oldestUnweighed(db: Db): Promise<number | null> {
  const [row] = await db.sql<{ at: Date | null }>(
    `SELECT min("settledAt") AS "at" FROM "FaceCheck"
     WHERE "weighedAt" IS NULL AND "verdict" IS NOT NULL AND "kind" = ANY($1::text[])`,
    [knownKinds],
  );
  return row?.at ? fromDate(row.at) : null;
}

export interface WeighedCheck {
  id: string;
  /** The moment its verdict is about. */
  at: number;
  verdict: Verdict;
}

export interface CheckPicture {
  checkId: string;
  position: number;
  keyId: string;
  sealed: Uint8Array;
  takenAt: number;
}

export interface WeighingFacts {
  /**
   * In the order they were asked. Those that were looked at before an incident was dismissed, or an appeal granted, are
   * not among them: nobody is judged twice for the same.
   */
  checks: WeighedCheck[];
  /** The incident that stands, if there is one. `pictures`: it still holds some. */
  standing: { id: string; keyId: string; checkIds: ReadonlySet<string>; holds: boolean } | null;
  place: { courseId: string; orgPath: string };
  picturesOf(checkIds: readonly string[]): Promise<CheckPicture[]>;
}

export interface Weighed<T> {
  /** Null when there is nothing to write but that it was looked at. */
  incident:
    | (({ kind: 'open'; openedAt: number; decideBy: number; keyId: string } | { kind: 'extend' }) & {
        id: string;
        checkIds: readonly string[];
        pictures: readonly { checkId: string; position: number; sealed: Uint8Array; takenAt: number }[];
      })
    | null;
  audit?: readonly NewAuditEntry[];
  result: T;
}

/**
 * Locks the person, hands over the facts, and writes what `decide` answers: all of it, or nothing. Two at once look one
 * after the other, and who withdraws consent meanwhile waits. Null when nothing is waiting any more.
 */
export async function onUnweighed<T>(
  db: Db,
  of: CheckedPerson,
  now: number,
  decide: (facts: WeighingFacts) => Promise<Weighed<T>>,
): Promise<T | null> {
  return db.transaction(async (sql) => {
    await sql('SELECT 1 FROM "User" WHERE "id" = $1 FOR NO KEY UPDATE', [of.userId]);
    const waiting = await sql<{ id: string }>(
      `SELECT "id" FROM "FaceCheck" WHERE "kind" = $1 AND "contextId" = $2 AND "userId" = $3
         AND "weighedAt" IS NULL AND "verdict" IS NOT NULL ORDER BY "id" FOR UPDATE`,
      [of.kind, of.contextId, of.userId],
    );
    if (waiting.length === 0) return null;
    const place = await placeOf(sql, of);
    if (!place) return null;
    const standing = await standingOf(sql, of);
    const weighed = await decide({
      checks: await checksOf(sql, of),
      standing,
      place,
      picturesOf: (checkIds) => picturesOf(sql, checkIds),
    });
    if (weighed.incident) await write(sql, of, place, weighed.incident);
    for (const entry of weighed.audit ?? []) await appendAuditIn(sql, entry);
    await sql('UPDATE "FaceCheck" SET "weighedAt" = $2 WHERE "id" = ANY($1::uuid[])', [
      waiting.map(({ id }) => id),
      toDate(now),
    ]);
    return weighed.result;
  });
}

/** Whose course a context belongs to. Kinds without one here are not in `knownKinds`. */
async function placeOf(sql: Sql, of: CheckedPerson): Promise<WeighingFacts['place'] | null> {
  const [row] = await sql<{ courseId: string; orgPath: string }>(
    `SELECT co."id" AS "courseId", o."path" AS "orgPath" FROM "Course" co JOIN "Organization" o ON o."id" = co."orgId"
     WHERE co."id" = CASE $2 WHEN 'class' THEN (SELECT g."courseId" FROM "LiveClass" c JOIN "ClassGroup" g ON g."id" = c."groupId"
         WHERE c."id" = $1) WHEN 'lesson' THEN (SELECT l."courseId" FROM "Lesson" l WHERE l."id" = $1)
         WHEN 'exam' THEN (SELECT x."courseId" FROM "Exam" x WHERE x."id" = $1) END`,
    [of.contextId, of.kind],
  );
  return row ?? null;
}

async function standingOf(sql: Sql, of: CheckedPerson): Promise<WeighingFacts['standing']> {
  const [row] = await sql<{ id: string; keyId: string; holds: boolean; checkIds: string[] }>(
    `SELECT i."id", i."keyId", i."picturesGoneAt" IS NULL AS "holds",
       ARRAY(SELECT c."checkId"::text FROM "IncidentCheck" c WHERE c."incidentId" = i."id") AS "checkIds"
     FROM "Incident" i WHERE "kind" = $1 AND "contextId" = $2 AND "userId" = $3
       AND "state" NOT IN ('dismissed', 'granted') FOR UPDATE`,
    [of.kind, of.contextId, of.userId],
  );
  return row ? { ...row, checkIds: new Set(row.checkIds) } : null;
}

async function checksOf(sql: Sql, of: CheckedPerson): Promise<WeighedCheck[]> {
  const rows = await sql<{ id: string; at: Date; verdict: string }>(
    `SELECT "id", COALESCE("answeredAt", "settledAt") AS "at", "verdict" FROM "FaceCheck"
     WHERE "kind" = $1 AND "contextId" = $2 AND "userId" = $3 AND "verdict" IS NOT NULL
       AND ("weighedAt" IS NULL OR "weighedAt" > COALESCE(
         (SELECT max(COALESCE(i."appealDecidedAt", i."decidedAt")) FROM "Incident" i
          WHERE i."kind" = $1 AND i."contextId" = $2 AND i."userId" = $3 AND i."state" IN ('dismissed', 'granted')),
         '-infinity'::timestamptz))
     ORDER BY "askedAt", "id"`,
    [of.kind, of.contextId, of.userId],
  );
  return rows.map((row) => ({ id: row.id, at: fromDate(row.at), verdict: verdict.parse(row.verdict) }));
}

async function picturesOf(sql: Sql, checkIds: readonly string[]): Promise<CheckPicture[]> {
  const rows = await sql<{
    checkId: string;
    position: number;
    keyId: string;
    pictureSealed: Buffer;
    takenAt: Date;
  }>(
    `SELECT "checkId", "position", "keyId", "pictureSealed", "takenAt" FROM "FaceCheckPicture"
     WHERE "checkId" = ANY($1::uuid[]) ORDER BY "checkId", "position"`,
    [checkIds],
  );
  return rows.map(({ pictureSealed, takenAt, ...row }) => ({
    ...row,
    sealed: pictureSealed,
    takenAt: fromDate(takenAt),
  }));
}

async function write(
  sql: Sql,
  of: CheckedPerson,
  place: WeighingFacts['place'],
  incident: NonNullable<Weighed<unknown>['incident']>,
): Promise<void> {
  if (incident.kind === 'open') {
    await sql(
      `INSERT INTO "Incident" ("id", "kind", "contextId", "userId", "courseId", "orgPath", "openedAt", "decideBy", "keyId")
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        incident.id,
        of.kind,
        of.contextId,
        of.userId,
        place.courseId,
        place.orgPath,
        toDate(incident.openedAt),
        toDate(incident.decideBy),
        incident.keyId,
      ],
    );
    await notify(sql, {
      userId: of.userId,
      at: incident.openedAt,
      key: `finding/${incident.id}`,
      content: {
        kind: 'finding-opened',
        incidentId: incident.id,
        courseTitle: await courseTitleOf(sql, place.courseId),
      },
    });
    // Who decides has seen all of it, or is told that there is more.
  } else await sql('UPDATE "Incident" SET "version" = "version" + 1 WHERE "id" = $1', [incident.id]);
  await sql(
    'INSERT INTO "IncidentCheck" ("checkId", "incidentId") SELECT unnest($1::uuid[]), $2 ON CONFLICT DO NOTHING',
    [incident.checkIds, incident.id],
  );
  for (const { checkId, position, sealed, takenAt } of incident.pictures)
    await sql(
      `INSERT INTO "IncidentPicture" ("incidentId", "checkId", "position", "pictureSealed", "takenAt")
       VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
      [incident.id, checkId, position, Buffer.from(sealed), toDate(takenAt)],
    );
}
