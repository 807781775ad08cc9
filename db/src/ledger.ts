/**
 * The ledger of credit as it is stored [CH2]. What an entry says is decided by the caller, from chains that nobody else
 * can lengthen meanwhile; this file reads, locks and appends.
 */
import { type ChainHead, type LedgerEntry, ledgerContent } from '@keshi/contract/ledger';
import { appendAuditIn, type NewAuditEntry } from './audit.ts';
import type { Db, Row, Sql } from './client.ts';
import { fromDate, toDate } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';

/** Held shared while entries are appended and exclusively while a root fixes what it covers. */
export const LEDGER_LOCK = 7_271_001;
/** The class of the locks of single chains. */
const CHAIN_LOCKS = 7_271_002;

/** What a decision about one learner's hours in a course is made from. */
export interface StoredChain {
  /** Of the whole chain; null while it is empty. */
  head: Pick<ChainHead, 'seq' | 'hash'> | null;
  /** Those of the course, in their order. */
  entries: LedgerEntry[];
  /** Keys asked for that the chain has already, in any course. */
  known: ReadonlySet<string>;
}

export interface LedgerWrite<T> {
  entries: readonly LedgerEntry[];
  /** Stored in the same transaction. */
  audit?: readonly NewAuditEntry[];
  /** What staff wrote to a decision, under the id the entry refers to. */
  decisions?: readonly { id: string; byId: string; text: string }[];
  /** What else is true from the same commit on; when it throws nothing is written. */
  also?: (sql: Sql) => Promise<void>;
  result: T;
}

/**
 * Locks the chains of these learners, hands them to `decide`, and appends what it answers: all of it or, when it
 * throws or the process dies, nothing. Two who append to one chain do so one after the other.
 */
export async function onChains<T>(
  db: Db,
  of: { learnerIds: readonly string[]; courseId: string; keys?: readonly string[] },
  decide: (chains: ReadonlyMap<string, StoredChain>) => LedgerWrite<T>,
): Promise<T> {
  return db.transaction(async (sql) => {
    await sql('SELECT pg_advisory_xact_lock_shared($1)', [LEDGER_LOCK]);
    await lockChains(sql, of.learnerIds);
    const write = decide(await chainsOf(sql, of));
    await insertEntries(sql, write.entries);
    for (const { id, byId, text } of write.decisions ?? [])
      await sql('INSERT INTO "CreditDecision" ("id", "byId", "textSealed") VALUES ($1, $2, $3)', [
        id,
        byId,
        db.personal.seal('CreditDecision.text', text),
      ]);
    for (const entry of write.audit ?? []) await appendAuditIn(sql, entry);
    await write.also?.(sql);
    return write.result;
  });
}

/** Nobody appends to these chains until the transaction ends. In one order, so that two never wait in a circle. */
export async function lockChains(sql: Sql, learnerIds: readonly string[]): Promise<void> {
  await sql(
    `SELECT pg_advisory_xact_lock($1, lock) FROM
       (SELECT DISTINCT hashtext(l) AS lock FROM unnest($2::text[]) AS l ORDER BY lock) AS locks`,
    [CHAIN_LOCKS, [...new Set(learnerIds)]],
  );
}

async function chainsOf(
  sql: Sql,
  {
    learnerIds,
    courseId,
    keys = [],
  }: { learnerIds: readonly string[]; courseId: string; keys?: readonly string[] },
): Promise<Map<string, StoredChain>> {
  const heads = await sql<{ learnerId: string; seq: number; hash: string }>(
    `SELECT l."learnerId", h."seq", h."hash" FROM unnest($1::uuid[]) AS l("learnerId") CROSS JOIN LATERAL
       (SELECT "seq", "hash" FROM "LedgerEntry" e WHERE e."learnerId" = l."learnerId" ORDER BY "seq" DESC LIMIT 1) h`,
    [learnerIds],
  );
  const rows = await sql<EntryRow>(
    `${entrySelect} WHERE "courseId" = $1 AND "learnerId" = ANY($2::uuid[]) ORDER BY "learnerId", "seq"`,
    [courseId, learnerIds],
  );
  const known =
    keys.length === 0
      ? []
      : await sql<{ learnerId: string; key: string }>(
          'SELECT "learnerId", "key" FROM "LedgerEntry" WHERE "learnerId" = ANY($1::uuid[]) AND "key" = ANY($2)',
          [learnerIds, keys],
        );
  const headOf = new Map(heads.map(({ learnerId, ...head }) => [learnerId, head]));
  const entriesOf = Map.groupBy(rows.map(toEntry), ({ learnerId }) => learnerId);
  const knownOf = Map.groupBy(known, ({ learnerId }) => learnerId);
  return new Map(
    learnerIds.map((learnerId) => [
      learnerId,
      {
        head: headOf.get(learnerId) ?? null,
        entries: entriesOf.get(learnerId) ?? [],
        known: new Set((knownOf.get(learnerId) ?? []).map(({ key }) => key)),
      },
    ]),
  );
}

async function insertEntries(sql: Sql, entries: readonly LedgerEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry) => ({
    ...entry,
    at: toDate(entry.at).toISOString(),
    earnedAt: toDate(entry.earnedAt).toISOString(),
  }));
  await sql(
    `INSERT INTO "LedgerEntry" ("learnerId", "seq", "courseId", "key", "at", "earnedAt", "capMs", "deltaMs", "balanceMs",
       "content", "previousHash", "hash")
     SELECT * FROM jsonb_to_recordset($1) AS r("learnerId" uuid, "seq" int, "courseId" uuid, "key" text, "at" timestamptz,
       "earnedAt" timestamptz, "capMs" bigint, "deltaMs" bigint, "balanceMs" bigint, "content" jsonb, "previousHash" text,
       "hash" text) ORDER BY r."learnerId", r."seq"`,
    [JSON.stringify(rows)],
  );
}

/** One learner's entries, latest first. */
export async function pageEntries(
  db: Db,
  { learnerId, courseIds, ...page }: { learnerId: string; courseIds?: readonly string[] } & PageRequest,
): Promise<Page<LedgerEntry>> {
  const { skip, take } = pageOf(page);
  const where = `WHERE "learnerId" = $1 AND ($2::uuid[] IS NULL OR "courseId" = ANY($2::uuid[]))`;
  const values = [learnerId, courseIds ?? null];
  const [counted, rows] = await Promise.all([
    db.sql<{ n: number }>(`SELECT count(*)::int AS n FROM "LedgerEntry" ${where}`, values),
    db.sql<EntryRow>(`${entrySelect} ${where} ORDER BY "seq" DESC OFFSET $3 LIMIT $4`, [
      ...values,
      skip,
      take,
    ]),
  ]);
  return { total: counted[0]?.n ?? 0, rows: rows.map(toEntry) };
}

/** All entries of one learner in one course, in their order. */
export async function entriesOfCourse(db: Db, learnerId: string, courseId: string): Promise<LedgerEntry[]> {
  const rows = await db.sql<EntryRow>(
    `${entrySelect} WHERE "courseId" = $1 AND "learnerId" = $2 ORDER BY "seq"`,
    [courseId, learnerId],
  );
  return rows.map(toEntry);
}

/** The learner of the next chain after `after` in the order of ids; null when there is none. */
export async function chainsAfter(db: Db, after: string | null, limit: number): Promise<string[]> {
  // Jumps from learner to learner in the index; DISTINCT would read every entry.
  const rows = await db.sql<{ learnerId: string }>(
    `WITH RECURSIVE learners AS (
       (SELECT "learnerId", 1 AS n FROM "LedgerEntry" WHERE $1::uuid IS NULL OR "learnerId" > $1 ORDER BY "learnerId" LIMIT 1)
       UNION ALL
       SELECT e."learnerId", l.n + 1 FROM learners l CROSS JOIN LATERAL
         (SELECT "learnerId" FROM "LedgerEntry" WHERE "learnerId" > l."learnerId" ORDER BY "learnerId" LIMIT 1) e
       WHERE l.n < $2
     ) SELECT "learnerId" FROM learners`,
    [after, limit],
  );
  return rows.map(({ learnerId }) => learnerId);
}

/**
 * Whole chains, as they are stored. What cannot be read as an entry at all comes as `unreadable`: somebody wrote it who is
 * not this program.
 */
export async function readChains(
  db: Db,
  learnerIds: readonly string[],
): Promise<Map<string, ({ entry: LedgerEntry; position: number } | { unreadable: number })[]>> {
  const rows = await db.sql<EntryRow & { position: string }>(
    `${entrySelect.replace(' FROM', ', "position" FROM')} WHERE "learnerId" = ANY($1::uuid[]) ORDER BY "learnerId", "seq"`,
    [learnerIds],
  );
  const chains = new Map<string, ({ entry: LedgerEntry; position: number } | { unreadable: number })[]>();
  for (const row of rows) {
    const chain = chains.get(row.learnerId) ?? [];
    chain.push(
      ledgerContent.safeParse(row.content).success
        ? { entry: toEntry(row), position: Number(row.position) }
        : { unreadable: row.seq },
    );
    chains.set(row.learnerId, chain);
  }
  return chains;
}

type EntryRow = Row & {
  learnerId: string;
  seq: number;
  courseId: string;
  key: string;
  at: Date;
  earnedAt: Date;
  capMs: string | null;
  deltaMs: string;
  balanceMs: string;
  content: unknown;
  previousHash: string;
  hash: string;
};

const entrySelect = `SELECT "learnerId", "seq", "courseId", "key", "at", "earnedAt", "capMs", "deltaMs", "balanceMs", "content",
  "previousHash", "hash" FROM "LedgerEntry"`;

function toEntry(row: EntryRow): LedgerEntry {
  return {
    learnerId: row.learnerId,
    seq: row.seq,
    courseId: row.courseId,
    key: row.key,
    at: fromDate(row.at),
    earnedAt: fromDate(row.earnedAt),
    capMs: row.capMs === null ? null : Number(row.capMs),
    deltaMs: Number(row.deltaMs),
    balanceMs: Number(row.balanceMs),
    content: ledgerContent.parse(row.content),
    previousHash: row.previousHash,
    hash: row.hash,
  };
}
