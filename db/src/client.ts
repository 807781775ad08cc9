import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { createPersonalData, type PersonalData, type PersonalDataKey } from './crypto.ts';
import { Prisma, PrismaClient } from './generated/client.ts';
import type { Log } from './log.ts';
import { translating } from './unavailable.ts';

export { DatabaseUnavailable, isUnavailable } from './unavailable.ts';

export interface DbOptions {
  url: string;
  /** Newest first. */
  keys: readonly PersonalDataKey[];
  log: Log;
  /** Connections of this process. */
  poolSize?: number;
}

export type Row = Record<string, unknown>;

/** Runs one statement. Rows are typed by the caller, who wrote the SQL. */
export type Sql = <R extends Row>(text: string, values?: readonly unknown[]) => Promise<R[]>;

export interface Db {
  prisma: ReturnType<typeof createPrisma>;
  /** Hot or bulk statements, which Prisma would make many of. On the same pool. */
  sql: Sql;
  /** Several statements on one connection in one transaction; rolled back when `work` throws. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  pool: pg.Pool;
  personal: PersonalData;
  /** One round trip; never throws. */
  health(): Promise<{ ok: true; ms: number } | { ok: false; error: string }>;
  close(): Promise<void>;
}

/** Prisma's client inside a transaction, or the whole one. */
export type PrismaTransaction = Parameters<Parameters<Db['prisma']['$transaction']>[0]>[0];

const CONNECT_MS = 5_000;
const STATEMENT_MS = 30_000;

/**
 * Does not connect yet. Every function of this package throws `DatabaseUnavailable` while PostgreSQL is away and works
 * again as soon as it is back.
 */
export function createDb({ url, keys, log, poolSize = 10 }: DbOptions): Db {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    // UTC is a matter of correctness: the adapter writes instants without an offset and cuts it off when reading, so that
    // in a session of another zone they come out shifted. A database's own setting would otherwise choose the zone.
    options: Object.entries({
      TimeZone: 'UTC',
      statement_timeout: STATEMENT_MS,
      idle_in_transaction_session_timeout: STATEMENT_MS,
      // The default is a disk's with moving heads, and makes the planner read whole tables instead of forty rows of them.
      random_page_cost: 1.1,
    })
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  });
  // Without a listener the loss of an idle connection would end the process. The pool replaces it by itself.
  pool.on('error', (error) => log.warn({ err: error }, 'lost an idle database connection'));
  const prisma = createPrisma(pool);

  const sql: Sql = (text, values) =>
    translating(async () => (await pool.query(text, values && [...values])).rows);

  return {
    prisma,
    sql,
    pool,
    personal: createPersonalData(keys),
    transaction: (work) =>
      translating(async () => {
        const client = await pool.connect();
        // A connection that breaks between two statements says so here; the next statement fails and tells the caller.
        const broken = (error: Error) =>
          log.warn({ err: error }, 'lost a database connection in a transaction');
        client.on('error', broken);
        let failure: unknown;
        try {
          await client.query('BEGIN');
          const result = await work(
            async (text, values) => (await client.query(text, values && [...values])).rows,
          );
          await client.query('COMMIT');
          return result;
        } catch (error) {
          failure = error;
          await client.query('ROLLBACK').then(
            () => (failure = undefined),
            () => undefined,
          );
          throw error;
        } finally {
          client.off('error', broken);
          // A connection that could not roll back is thrown away.
          client.release(failure !== undefined);
        }
      }),
    async health() {
      const from = performance.now();
      try {
        await sql('SELECT 1');
        return { ok: true, ms: Math.round(performance.now() - from) };
      } catch (error) {
        return { ok: false, error: error instanceof Error ? error.message : String(error) };
      }
    },
    async close() {
      await prisma.$disconnect();
      if (!pool.ended) await pool.end();
    },
  };
}

function createPrisma(pool: pg.Pool) {
  const client = new PrismaClient({
    adapter: new PrismaPg(pool),
    errorFormat: 'minimal',
    // A busy machine is no reason to fail what would be done a moment later.
    transactionOptions: { maxWait: 10_000, timeout: 15_000 },
  });
  return client.$extends(
    Prisma.defineExtension({
      name: 'typed-unavailable',
      query: { $allOperations: ({ args, query }) => translating(() => query(args)) },
    }),
  );
}
