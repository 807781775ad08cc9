/** [AT4] Times in which something of ours was not there for learners. */
import type { Db } from './client.ts';
import { newId } from './ids.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';

export type OutageKind = 'signaling' | 'sfu' | 'database' | 'shared-state';

export interface StoredOutage {
  id: string;
  kind: OutageKind;
  /** The node that held the connections concerned, or `all`. */
  scope: string;
  from: number;
  /** Null while it lasts. */
  to: number | null;
  /** What clients were told to wait before they come back, ms. */
  retryMs: number;
}

/** Idempotent: while one of that kind and scope lasts, it is that one; its beginning becomes the earlier of the two. */
export async function openOutage(
  db: Db,
  input: { kind: OutageKind; scope: string; from: number; retryMs: number },
): Promise<void> {
  await db.sql(
    `INSERT INTO "Outage" AS o ("id", "kind", "scope", "from", "retryMs") VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT ("kind", "scope") WHERE "to" IS NULL
     DO UPDATE SET "from" = LEAST(o."from", EXCLUDED."from"), "retryMs" = GREATEST(o."retryMs", EXCLUDED."retryMs")`,
    [newId(), input.kind, input.scope, toDate(input.from), input.retryMs],
  );
}

/** False when none of that kind and scope lasted. */
export async function closeOutage(
  db: Db,
  input: { kind: OutageKind; scope: string; to: number },
): Promise<boolean> {
  const rows = await db.sql(
    `UPDATE "Outage" SET "to" = GREATEST("from", $3) WHERE "kind" = $1 AND "scope" = $2 AND "to" IS NULL RETURNING "id"`,
    [input.kind, input.scope, toDate(input.to)],
  );
  return rows.length > 0;
}

/** One that is over already, e.g. of the database itself, which could not be written while it lasted. */
export async function recordOutage(
  db: Db,
  input: { kind: OutageKind; scope: string; from: number; to: number; retryMs: number },
): Promise<void> {
  await db.sql(
    `INSERT INTO "Outage" ("id", "kind", "scope", "from", "to", "retryMs") VALUES ($1, $2, $3, $4, GREATEST($4::timestamptz, $5), $6)`,
    [newId(), input.kind, input.scope, toDate(input.from), toDate(input.to), input.retryMs],
  );
}

/** Those that overlap `[from, to)`, oldest first. */
export async function outagesBetween(db: Db, from: number, to: number): Promise<StoredOutage[]> {
  const rows = await db.sql<OutageRow>(
    `SELECT "id", "kind", "scope", "from", "to", "retryMs" FROM "Outage"
     WHERE tstzrange("from", "to") && tstzrange($1, $2) ORDER BY "from"`,
    [toDate(from), toDate(to)],
  );
  return rows.map(toOutage);
}

/** All on record, latest first. */
export async function listOutages(db: Db, page: PageRequest): Promise<Page<StoredOutage>> {
  const { skip, take } = pageOf(page);
  const [total, rows] = await Promise.all([
    db.prisma.outage.count(),
    db.sql<OutageRow>(
      'SELECT "id", "kind", "scope", "from", "to", "retryMs" FROM "Outage" ORDER BY "from" DESC OFFSET $1 LIMIT $2',
      [skip, take],
    ),
  ]);
  return { total, rows: rows.map(toOutage) };
}

interface OutageRow extends Record<string, unknown> {
  id: string;
  kind: OutageKind;
  scope: string;
  from: Date;
  to: Date | null;
  retryMs: number;
}

function toOutage(row: OutageRow): StoredOutage {
  return { ...row, from: fromDate(row.from), to: fromDateOrNull(row.to) };
}
