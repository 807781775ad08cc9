/**
 * A fresh, migrated, real database for each test file that asks. All tests of this machine and user share one embedded
 * server under the system's temporary folder; whoever comes first starts it, later ones adopt it, and it stops by itself
 * some seconds after the last one left (`keeper.ts`). Safe with parallel test workers.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { createDb, type Db } from '../client.ts';
import type { PersonalDataKey } from '../crypto.ts';
import { startEmbedded } from '../embedded.ts';
import { isAlive } from '../embedded-server.ts';
import type { Log } from '../log.ts';
import { migrate, readMigrations } from '../migrate.ts';

export interface TestDatabase {
  url: string;
  db: Db;
  /** Disconnects and drops the database. */
  close(): Promise<void>;
}

const nothing = () => undefined;
export const silent: Log = { info: nothing, warn: nothing, error: nothing };
/** For tests alone. */
export const testKeys: readonly PersonalDataKey[] = [{ id: 'test', secret: Buffer.alloc(32, 7) }];

export const testServerFolder = path.join(os.tmpdir(), `keshi-test-postgresql-18-${os.userInfo().uid}`);

/** Nothing in a test outlives the machine: writing through to the disk would only make them slow. */
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };
/** Held while the template is made, in the database `postgres`. */
const TEMPLATE_LOCK = 5_374_811;

interface Server {
  urlOf(database: string): string;
  template: string;
}

let server: Promise<Server> | undefined;

/** `empty: true` gives a database without any table. */
export async function testDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  server ??= connect();
  const { urlOf, template } = await server;
  const asAdmin = (statement: string) => withClient(urlOf('postgres'), (admin) => admin.query(statement));
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`;
  await asAdmin(`CREATE DATABASE ${name} TEMPLATE ${options.empty ? 'template0' : template}`);
  const url = urlOf(name);
  const db = createDb({ url, keys: testKeys, log: silent, poolSize: 5 });
  return {
    url,
    db,
    async close() {
      await db.close();
      await asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function connect(): Promise<Server> {
  const url = await reach();
  const urlOf = (database: string) => {
    const result = new URL(url);
    result.pathname = `/${database}`;
    return result.toString();
  };
  return withClient(urlOf('postgres'), async (admin) => {
    // Ending the connection releases the lock.
    await admin.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    await dropLeftovers(admin);
    return { urlOf, template: await ensureTemplate(admin, urlOf) };
  });
}

/** The keeper may stop the server between our finding it and our connecting to it: then it is started again. */
async function reach(attempts = 5): Promise<string> {
  const embedded = await startEmbedded({ dir: testServerFolder, log: silent, database: 'tests', settings });
  if (!embedded.adopted) {
    const keeper = fileURLToPath(new URL('./keeper.ts', import.meta.url));
    const env = { ...process.env, KEEP_URL: embedded.url, KEEP_PID: String(embedded.pid) };
    spawn(process.execPath, [keeper], { detached: true, stdio: 'ignore', cwd: '/', env }).unref();
  }
  // Stays open as long as this process lives, without keeping it alive: so the keeper sees that the server is in use.
  const presence = new pg.Client({ connectionString: embedded.url });
  presence.on('error', nothing);
  try {
    await presence.connect();
  } catch (error) {
    if (attempts <= 1) throw error;
    return reach(attempts - 1);
  }
  if ('unref' in presence && typeof presence.unref === 'function') presence.unref();
  return embedded.url;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', nothing);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function ensureTemplate(admin: pg.Client, urlOf: (database: string) => string): Promise<string> {
  const hash = createHash('sha256');
  for (const { checksum } of await readMigrations()) hash.update(checksum);
  const template = `migrated_${hash.digest('hex').slice(0, 16)}`;
  const { rowCount } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
  if (rowCount) return template;
  // Built under another name, so that a half-made one is never taken for whole.
  await admin.query('DROP DATABASE IF EXISTS building WITH (FORCE)');
  await admin.query('CREATE DATABASE building TEMPLATE template0');
  await migrate(urlOf('building'));
  await admin.query(`ALTER DATABASE building RENAME TO ${template}`);
  return template;
}

/** Databases of test runs that were killed. */
async function dropLeftovers(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ name: string }>(
    `SELECT datname AS name FROM pg_database WHERE datname ~ '^test_[0-9]+_[0-9a-f]+$'`,
  );
  for (const { name } of rows) {
    if (isAlive(Number(name.split('_')[1]))) continue;
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }
}
