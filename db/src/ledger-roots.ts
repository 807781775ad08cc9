/** [CH2] The daily roots over all chains, with the heads that changed since the root before. */
import type { ChainHead, LedgerRoot } from '@keshi/contract/ledger';
import type { Db, Row } from './client.ts';
import { fromDate, toDate } from './instants.ts';
import { LEDGER_LOCK } from './ledger.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';

export type StoredRoot = LedgerRoot & { changes: ChainHead[] };

/**
 * A position up to which every entry there will ever be is stored: appending holds the lock shared until its commit, so
 * nothing is on its way while it is held exclusively here. Null while the ledger is empty.
 */
export async function settledPosition(db: Db): Promise<number | null> {
  return db.transaction(async (sql) => {
    await sql('SELECT pg_advisory_xact_lock($1)', [LEDGER_LOCK]);
    const [row] = await sql<{ position: string | null }>(
      'SELECT max("position") AS "position" FROM "LedgerEntry"',
    );
    return row?.position ? Number(row.position) : null;
  });
}

/** When the first entry was made; null while the ledger is empty. */
export async function firstEntryAt(db: Db): Promise<number | null> {
  const [row] = await db.sql<{ at: Date }>('SELECT "at" FROM "LedgerEntry" ORDER BY "position" LIMIT 1');
  return row ? fromDate(row.at) : null;
}

export async function countEntries(db: Db, position: number): Promise<number> {
  const [row] = await db.sql<{ n: number }>(
    'SELECT count(*)::int AS n FROM "LedgerEntry" WHERE "position" <= $1',
    [position],
  );
  return row?.n ?? 0;
}

/** Ends of chains as they were at a position, by learner, in pieces that fit into memory. */
export async function* headsAt(db: Db, position: number, batch = 5_000): AsyncGenerator<ChainHead[]> {
  for (let after: string | null = null; ;) {
    const rows: ChainHead[] = await db.sql<ChainHead & Row>(
      `WITH RECURSIVE learners AS (
         (SELECT "learnerId", 1 AS n FROM "LedgerEntry" WHERE $1::uuid IS NULL OR "learnerId" > $1 ORDER BY "learnerId" LIMIT 1)
         UNION ALL
         SELECT e."learnerId", l.n + 1 FROM learners l CROSS JOIN LATERAL
           (SELECT "learnerId" FROM "LedgerEntry" WHERE "learnerId" > l."learnerId" ORDER BY "learnerId" LIMIT 1) e
         WHERE l.n < $2
       ) SELECT l."learnerId", COALESCE(h."seq", 0) AS "seq", COALESCE(h."hash", '') AS "hash" FROM learners l LEFT JOIN LATERAL
         (SELECT "seq", "hash" FROM "LedgerEntry" WHERE "learnerId" = l."learnerId" AND "position" <= $3
          ORDER BY "seq" DESC LIMIT 1) h ON true ORDER BY l."learnerId"`,
      [after, batch, position],
    );
    const last = rows.at(-1);
    if (!last) return;
    after = last.learnerId;
    yield rows.filter(({ seq }) => seq > 0);
  }
}

/** Ends of those chains that got longer in `(from, to]`, by learner. */
export async function headsChanged(db: Db, from: number, to: number): Promise<ChainHead[]> {
  return db.sql<ChainHead & Row>(
    `SELECT DISTINCT ON ("learnerId") "learnerId", "seq", "hash" FROM "LedgerEntry"
     WHERE "position" > $1 AND "position" <= $2 ORDER BY "learnerId", "seq" DESC`,
    [from, to],
  );
}

/** False when the day has its root already: two makers at once leave one. */
export async function appendRoot(db: Db, { changes, ...root }: StoredRoot): Promise<boolean> {
  return db.transaction(async (sql) => {
    const stored = await sql(
      `INSERT INTO "LedgerRoot" ("day", "madeAt", "position", "learners", "entries", "merkleRoot", "changesHash",
         "previousHash", "keyId", "hash", "signature")
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING "day"`,
      [
        root.day,
        toDate(root.madeAt),
        root.position,
        root.learners,
        root.entries,
        root.merkleRoot,
        root.changesHash,
        root.previousHash,
        root.keyId,
        root.hash,
        root.signature,
      ],
    );
    if (stored.length === 0) return false;
    await sql(
      `INSERT INTO "LedgerRootChange" ("day", "learnerId", "seq", "hash")
       SELECT $1, r."learnerId", r."seq", r."hash" FROM jsonb_to_recordset($2) AS r("learnerId" uuid, "seq" int, "hash" text)`,
      [root.day, JSON.stringify(changes)],
    );
    return true;
  });
}

export async function lastRoot(db: Db): Promise<LedgerRoot | null> {
  const [row] = await db.sql<RootRow>(`${rootSelect} ORDER BY "day" DESC LIMIT 1`);
  return row ? toRoot(row) : null;
}

/** Latest first. */
export async function pageRoots(db: Db, page: PageRequest): Promise<Page<LedgerRoot>> {
  const { skip, take } = pageOf(page);
  const [counted, rows] = await Promise.all([
    db.sql<{ n: number }>('SELECT count(*)::int AS n FROM "LedgerRoot"'),
    db.sql<RootRow>(`${rootSelect} ORDER BY "day" DESC OFFSET $1 LIMIT $2`, [skip, take]),
  ]);
  return { total: counted[0]?.n ?? 0, rows: rows.map(toRoot) };
}

/** Oldest first, from the day on to that day, both included; one after another, each with its changed heads. */
export async function* readRoots(
  db: Db,
  { from = '', to = '9999-12-31' }: { from?: string | undefined; to?: string | undefined } = {},
): AsyncGenerator<StoredRoot> {
  const rows = await db.sql<RootRow>(`${rootSelect} WHERE "day" >= $1 AND "day" <= $2 ORDER BY "day"`, [
    from,
    to,
  ]);
  for (const row of rows)
    yield {
      ...toRoot(row),
      changes: await db.sql<ChainHead & Row>(
        'SELECT "learnerId", "seq", "hash" FROM "LedgerRootChange" WHERE "day" = $1 ORDER BY "learnerId"',
        [row.day],
      ),
    };
}

type RootRow = Row &
  Omit<LedgerRoot, 'madeAt' | 'position' | 'entries'> & { madeAt: Date; position: string; entries: string };

const rootSelect = `SELECT "day", "madeAt", "position", "learners", "entries", "merkleRoot", "changesHash", "previousHash", "keyId",
  "hash", "signature" FROM "LedgerRoot"`;

function toRoot(row: RootRow): LedgerRoot {
  return {
    ...row,
    madeAt: fromDate(row.madeAt),
    position: Number(row.position),
    entries: Number(row.entries),
  };
}

/** Ends of these chains that roots on record have seen. */
export async function signedHeadsOf(
  db: Db,
  learnerIds: readonly string[],
): Promise<Map<string, ChainHead[]>> {
  const rows = await db.sql<ChainHead & Row>(
    `SELECT "learnerId", "seq", "hash" FROM "LedgerRootChange" WHERE "learnerId" = ANY($1::uuid[]) ORDER BY "learnerId", "seq"`,
    [learnerIds],
  );
  return Map.groupBy(rows, ({ learnerId }) => learnerId);
}

/** The first learner of whom a root on record has seen a chain and who has none any more. */
export async function signedWithoutChain(db: Db): Promise<string[]> {
  const rows = await db.sql<{ learnerId: string }>(
    `SELECT c."learnerId" FROM "LedgerRootChange" c
     WHERE NOT EXISTS (SELECT 1 FROM "LedgerEntry" e WHERE e."learnerId" = c."learnerId") ORDER BY 1 LIMIT 1`,
  );
  return rows.map(({ learnerId }) => learnerId);
}
