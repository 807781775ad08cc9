import type { Db } from './client.ts';
import { type IncidentText, type Purpose, resealed } from './crypto.ts';

/**
 * Rotation's second half: seals everything anew that an older key of the ring sealed, in batches, while the product runs. An
 * edit that comes in between wins. When it answers zeros, the older keys may be taken out of the ring.
 */
export async function resealPersonalData(
  db: Db,
  batch = 500,
): Promise<{
  users: number;
  screeningHits: number;
  documents: number;
  creditDecisions: number;
  incidents: number;
  certificates: number;
}> {
  return {
    users: await resealUsers(db, batch),
    screeningHits: await resealTexts(db, 'ScreeningHit', batch),
    documents: await resealDocuments(db, batch),
    creditDecisions: await resealTexts(db, 'CreditDecision', batch),
    incidents: await resealColumns(db, 'Incident', incidentTexts, batch),
    certificates: await resealColumns(db, 'Certificate', certificateTexts, batch),
  };
}

async function resealUsers(db: Db, batch: number): Promise<number> {
  const { personal } = db;
  let done = 0;
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = await db.sql<{ id: string; nameSealed: string; phoneSealed: string | null }>(
      `SELECT "id", "nameSealed", "phoneSealed" FROM "User"
       WHERE "id" > $1 AND NOT (starts_with("nameSealed", $2) AND starts_with(COALESCE("phoneSealed", $2), $2))
       ORDER BY "id" LIMIT $3`,
      [after, personal.currentPrefix, batch],
    );
    const last = rows.at(-1);
    if (!last) return done;
    after = last.id;
    const fresh = rows.map((row) => {
      const name = resealed(personal, 'User.name', row.nameSealed);
      const phone = row.phoneSealed === null ? null : resealed(personal, 'User.phone', row.phoneSealed);
      return {
        id: row.id,
        oldName: row.nameSealed,
        oldPhone: row.phoneSealed,
        nameSealed: name.sealed,
        nameIndex: name.index,
        phoneSealed: phone?.sealed ?? null,
        phoneIndex: phone?.index ?? null,
      };
    });
    const changed = await db.sql(
      `UPDATE "User" u SET "nameSealed" = r."nameSealed", "nameIndex" = r."nameIndex",
         "phoneSealed" = r."phoneSealed", "phoneIndex" = r."phoneIndex"
       FROM jsonb_to_recordset($1) AS r("id" uuid, "oldName" text, "oldPhone" text, "nameSealed" text, "nameIndex" text,
         "phoneSealed" text, "phoneIndex" text)
       WHERE u."id" = r."id" AND u."nameSealed" = r."oldName" AND u."phoneSealed" IS NOT DISTINCT FROM r."oldPhone"
       RETURNING u."id"`,
      [JSON.stringify(fresh)],
    );
    done += changed.length;
  }
}

/** Tables of sealed texts, each in its column `textSealed`. */
async function resealTexts(db: Db, table: 'ScreeningHit' | 'CreditDecision', batch: number): Promise<number> {
  const { personal } = db;
  let done = 0;
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = await db.sql<{ id: string; textSealed: string }>(
      `SELECT "id", "textSealed" FROM "${table}" WHERE "id" > $1 AND NOT starts_with("textSealed", $2)
       ORDER BY "id" LIMIT $3`,
      [after, personal.currentPrefix, batch],
    );
    const last = rows.at(-1);
    if (!last) return done;
    after = last.id;
    const fresh = rows.map(({ id, textSealed }) => ({
      id,
      textSealed: resealed(personal, `${table}.text`, textSealed).sealed,
    }));
    await db.sql(
      `UPDATE "${table}" h SET "textSealed" = r."textSealed"
       FROM jsonb_to_recordset($1) AS r("id" uuid, "textSealed" text) WHERE h."id" = r."id"`,
      [JSON.stringify(fresh)],
    );
    done += rows.length;
  }
}

async function resealDocuments(db: Db, batch: number): Promise<number> {
  const { personal } = db;
  let done = 0;
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = await db.sql<{ userId: string; numberSealed: string }>(
      `SELECT "userId", "numberSealed" FROM "IdentityDocument"
       WHERE "userId" > $1 AND NOT starts_with("numberSealed", $2) ORDER BY "userId" LIMIT $3`,
      [after, personal.currentPrefix, batch],
    );
    const last = rows.at(-1);
    if (!last) return done;
    after = last.userId;
    const fresh = rows.map(({ userId, numberSealed }) => {
      const { sealed, index } = resealed(personal, 'IdentityDocument.number', numberSealed);
      return { userId, old: numberSealed, sealed, index };
    });
    const changed = await db.sql(
      `UPDATE "IdentityDocument" d SET "numberSealed" = r."sealed", "numberIndex" = r."index"
       FROM jsonb_to_recordset($1) AS r("userId" uuid, "old" text, "sealed" text, "index" text)
       WHERE d."userId" = r."userId" AND d."numberSealed" = r."old" RETURNING d."userId"`,
      [JSON.stringify(fresh)],
    );
    done += changed.length;
  }
}

const incidentTexts = {
  lookReasonSealed: 'Incident.lookReason',
  reasonSealed: 'Incident.reason',
  appealSealed: 'Incident.appeal',
  appealReasonSealed: 'Incident.appealReason',
} as const satisfies Record<string, IncidentText>;

const certificateTexts = {
  holderSealed: 'Certificate.holder',
  revokeSealed: 'Certificate.revocation',
} as const satisfies Record<string, Purpose>;

/** A step that comes in between writes other columns, or has sealed its own with the newest key. */
async function resealColumns(
  db: Db,
  table: 'Incident' | 'Certificate',
  texts: Readonly<Record<string, Purpose>>,
  batch: number,
): Promise<number> {
  const { personal } = db;
  const done = new Set<string>();
  for (const [column, purpose] of Object.entries(texts))
    for (;;) {
      const rows = await db.sql<{ id: string; sealed: string }>(
        `SELECT "id", "${column}" AS "sealed" FROM "${table}"
         WHERE "${column}" IS NOT NULL AND NOT starts_with("${column}", $1) ORDER BY "id" LIMIT $2`,
        [personal.currentPrefix, batch],
      );
      if (rows.length === 0) break;
      await db.sql(
        `UPDATE "${table}" i SET "${column}" = r."fresh"
         FROM jsonb_to_recordset($1) AS r("id" uuid, "old" text, "fresh" text)
         WHERE i."id" = r."id" AND i."${column}" = r."old"`,
        [
          JSON.stringify(
            rows.map(({ id, sealed }) => ({
              id,
              old: sealed,
              fresh: resealed(personal, purpose, sealed).sealed,
            })),
          ),
        ],
      );
      for (const { id } of rows) done.add(id);
    }
  return done.size;
}
