/** Debian's PostgreSQL as a server outside the product, so that it can crash and come back in the middle of a class. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { serverEnvironment, serverUser } from '@keshi/db/embedded-server';
import { freePort } from './product.ts';

const readyWithinMs = 60_000;

export interface Postgres {
  readonly url: string;
  /** Ends it without a word, as a power cut would; resolves when it is gone. */
  readonly crash: () => Promise<void>;
  /** Starts it again on the same port over the same data. */
  readonly start: () => Promise<void>;
  /** Stops it for good and removes its data. */
  readonly stop: () => Promise<void>;
}

/** Rejects where there is no PostgreSQL: a test that needs one must fail, not be skipped. */
export async function startPostgres(): Promise<Postgres> {
  const bin = await newestBinaries();
  const folder = await mkdtemp(join(tmpdir(), 'keshi-postgres-'));
  const data = join(folder, 'data');
  // The server refuses to run as root.
  const user = serverUser(data, ['postgres', 'nobody']);
  if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid);
  const options = { ...user, cwd: folder, env: serverEnvironment };
  const port = await freePort();

  const initdb = spawn(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'keshi', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-instructions'],
    { ...options, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [code] = (await once(initdb, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`initdb ended with ${code}`);

  let server: ChildProcess | null = null;
  const killOnExit = () => void server?.kill('SIGKILL');
  process.once('exit', killOnExit);

  /** Whether this attempt came up; after a crash the first may find what the crashed one has not let go of yet. */
  async function attempt(): Promise<boolean> {
    const started = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
      { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const { promise, resolve } = Promise.withResolvers<boolean>();
    createInterface({ input: started.stderr }).on('line', (line) => {
      if (line.includes('database system is ready to accept connections')) resolve(true);
    });
    started.once('exit', () => resolve(false));
    if (!(await promise)) return false;
    server = started;
    return true;
  }

  async function start(): Promise<void> {
    const deadline = Date.now() + readyWithinMs;
    while (!(await attempt())) if (Date.now() > deadline) throw new Error('PostgreSQL does not start');
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const running = server;
    server = null;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill(signal);
    await exited;
  }

  await start();
  return {
    url: `postgresql://keshi@127.0.0.1:${port}/postgres`,
    crash: () => end('SIGKILL'),
    start,
    async stop() {
      process.off('exit', killOnExit);
      // Immediate: nobody needs what it holds.
      await end('SIGQUIT');
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function newestBinaries(): Promise<string> {
  const root = '/usr/lib/postgresql';
  const versions = (await readdir(root).catch(() => [])).sort((a, b) => Number(b) - Number(a));
  const newest = versions[0];
  if (newest === undefined) throw new Error('no PostgreSQL is installed');
  return join(root, newest, 'bin');
}
