/**
 * Applies `prisma/migrations/<ts>_<name>/migration.sql` through node-postgres, keeping Prisma's own `_prisma_migrations`
 * rows: `prisma migrate status|deploy|dev` and this runner see each other's work. No Prisma CLI is needed at run time.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

/** The advisory lock that Prisma's schema engine takes as well. */
const LOCK = 72_707_369;

const TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

export const migrationsFolder = fileURLToPath(new URL('../prisma/migrations', import.meta.url));

export interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file, hex: Prisma's own checksum. */
  checksum: string;
}

/** Names of what was applied now, and of applied migrations whose file has been edited since. */
export interface MigrateResult {
  applied: string[];
  edited: string[];
}

/** The migrations of this release, oldest first. */
export async function readMigrations(folder = migrationsFolder): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(path.join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/**
 * Brings the database to this release. Safe when several processes start at once: one applies, the others wait.
 * Throws when a migration fails (nothing of it stays), when an earlier one is unfinished, or when the database is newer.
 */
export async function migrate(url: string, folder = migrationsFolder): Promise<MigrateResult> {
  const migrations = await readMigrations(folder);
  const client = new pg.Client({
    connectionString: url,
    options: '-c TimeZone=UTC -c client_min_messages=warning',
  });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await client.query(TABLE);
    const done = await recorded(client, migrations);
    const applied: string[] = [];
    for (const migration of migrations) {
      if (done.has(migration.name)) continue;
      await apply(client, migration);
      applied.push(migration.name);
    }
    const edited = migrations.filter(({ name, checksum }) => (done.get(name) ?? checksum) !== checksum);
    return { applied, edited: edited.map(({ name }) => name) };
  } finally {
    // Ending the connection releases the lock.
    await client.end();
  }
}

async function recorded(client: pg.Client, migrations: Migration[]): Promise<Map<string, string>> {
  const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  const failed = rows.filter((row) => row.finished_at === null).map((row) => row.migration_name);
  if (failed.length > 0) throw new Error(`unfinished migrations, resolve them first: ${failed.join(', ')}`);
  const known = new Set(migrations.map(({ name }) => name));
  const newer = rows.map((row) => row.migration_name).filter((name) => !known.has(name));
  if (newer.length > 0)
    throw new Error(`the database has migrations this release lacks: ${newer.join(', ')}`);
  return new Map(rows.map((row) => [row.migration_name, row.checksum]));
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  const id = randomUUID();
  const begin = 'INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)';
  await client.query(begin, [id, checksum, name]);
  try {
    // One message of the simple protocol is one implicit transaction: all of the script or none of it. What cannot run
    // in a transaction (CREATE INDEX CONCURRENTLY) needs a migration of its own.
    await client.query(sql);
  } catch (error) {
    await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, String(error)]);
    throw new Error(`migration ${name} failed: ${String(error)}`, { cause: error });
  }
  await client.query(
    'UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = $1',
    [id],
  );
}
