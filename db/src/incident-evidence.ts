/** What an incident rests on: its checks with their signed records, and its pictures [PR6]. */
import { checkCause, checkPurpose } from '@keshi/contract/incidents';
import { type Verdict, verdict } from '@keshi/contract/proctor';
import type { z } from 'zod';
import type { Db, Row, Sql } from './client.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import type { Vault } from './vault.ts';

export interface IncidentCheckRow {
  id: string;
  purpose: z.infer<typeof checkPurpose>;
  cause: z.infer<typeof checkCause>;
  askedAt: number;
  deadline: number;
  answeredAt: number | null;
  settledAt: number;
  verdict: Verdict;
  /** As the proctor signed it; null where no picture was judged. */
  record: unknown;
  keyId: string | null;
  signature: string | null;
  /** How many pictures of it are held. */
  pictures: number;
}

export async function checksOfIncidents(
  db: Db,
  incidentIds: readonly string[],
): Promise<Map<string, IncidentCheckRow[]>> {
  const rows = await db.sql<
    Row & {
      incidentId: string;
      id: string;
      purpose: string;
      cause: string;
      askedAt: Date;
      deadline: Date;
      answeredAt: Date | null;
      settledAt: Date;
      verdict: string;
      record: unknown;
      keyId: string | null;
      signature: string | null;
      pictures: number;
    }
  >(
    `SELECT k."incidentId", f."id", f."purpose", f."cause", f."askedAt", f."deadline", f."answeredAt", f."settledAt", f."verdict",
       f."record", f."keyId", f."signature",
       (SELECT count(*)::int FROM "IncidentPicture" p WHERE p."incidentId" = k."incidentId" AND p."checkId" = f."id") AS "pictures"
     FROM "IncidentCheck" k JOIN "FaceCheck" f ON f."id" = k."checkId"
     WHERE k."incidentId" = ANY($1::uuid[]) ORDER BY f."askedAt", f."id"`,
    [incidentIds],
  );
  const checks = rows.map(({ incidentId, ...row }) => ({
    incidentId,
    ...row,
    purpose: checkPurpose.parse(row.purpose),
    cause: checkCause.parse(row.cause),
    askedAt: fromDate(row.askedAt),
    deadline: fromDate(row.deadline),
    answeredAt: fromDateOrNull(row.answeredAt),
    settledAt: fromDate(row.settledAt),
    verdict: verdict.parse(row.verdict),
  }));
  return Map.groupBy(checks, ({ incidentId }) => incidentId);
}

export interface IncidentPictureOpened {
  checkId: string;
  position: number;
  takenAt: number;
  /** JPEG. */
  picture: Buffer;
}

/** All pictures of an incident, opened; none when its key is gone. */
export async function openIncidentPictures(
  db: Db,
  vault: Vault,
  incident: { id: string; keyId: string },
): Promise<IncidentPictureOpened[]> {
  const key = await vault.find(incident.keyId);
  if (!key) return [];
  const rows = await db.prisma.incidentPicture.findMany({
    where: { incidentId: incident.id },
    orderBy: [{ checkId: 'asc' }, { position: 'asc' }],
  });
  return rows.map(({ checkId, position, takenAt, pictureSealed }) => ({
    checkId,
    position,
    takenAt: fromDate(takenAt),
    picture: key.open('IncidentPicture.picture', pictureSealed),
  }));
}

/** Incidents whose pictures may be over: not undecided, and their time to appeal, if there was one, has gone by. */
export async function incidentsToLetGo(db: Db, now: number, limit = 200): Promise<string[]> {
  const rows = await db.sql<{ id: string }>(
    `SELECT "id" FROM "Incident" WHERE "picturesGoneAt" IS NULL
       AND ("state" IN ('dismissed', 'granted', 'refused') OR ("state" = 'confirmed' AND "appealBy" <= $1))
     ORDER BY "id" LIMIT $2`,
    [toDate(now), limit],
  );
  return rows.map(({ id }) => id);
}

/**
 * Deletes the pictures of an incident that is locked, and hands its key over to be destroyed: the order stands in the
 * database until the vault has confirmed.
 */
export async function letPicturesGo(
  sql: Sql,
  incident: { id: string; userId: string; keyId: string },
  now: number,
): Promise<void> {
  await sql('DELETE FROM "IncidentPicture" WHERE "incidentId" = $1', [incident.id]);
  await sql(
    `INSERT INTO "KeyDestruction" ("keyId", "userId", "requestedAt") VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
    [incident.keyId, incident.userId, toDate(now)],
  );
  await sql('UPDATE "Incident" SET "picturesGoneAt" = $2 WHERE "id" = $1', [incident.id, toDate(now)]);
}
