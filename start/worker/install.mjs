// @ts-check
// The media worker is mediasoup's C++ process. Its binary is looked for in this order: the user's cache, the
// project's official download, a build from the source inside the npm package.
import { rmSync } from 'node:fs';
import { access, copyFile, mkdir, mkdtemp, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { attempt, run } from '../install/command.mjs';
import { ensureDebianPackages } from '../install/debian-packages.mjs';
import { withLock } from '../install/lock.mjs';
import { SetupError, say, step } from '../install/progress.mjs';
import { mediasoupFolder, workerPath } from './path.mjs';

/** The download is about 3 MB; a network that hangs must not hold up the build for long. */
const downloadTimeoutMs = 60_000;

/** What the worker exits with when it runs on this machine but was not started by mediasoup (its main.cpp). */
const refusesStranger = 41;

const buildPackages = [
  'g++',
  'meson',
  'ninja-build',
  'pkg-config',
  'libuv1-dev',
  'libssl-dev',
  'libflatbuffers-dev',
  'flatbuffers-compiler',
  'dpkg-dev',
];

/**
 * Makes sure the media worker exists and runs on this machine.
 * @param {string} node Node 24's path
 * @returns {Promise<string>} the binary's path, for MEDIASOUP_WORKER_BIN
 */
export async function ensureMediaWorker(node) {
  const path = workerPath();
  if (await runsHere(path)) return path;
  if (process.env.MEDIASOUP_WORKER_BIN) {
    throw new SetupError(`MEDIASOUP_WORKER_BIN names ${path}, which does not run here. Correct or unset it.`);
  }
  await withLock(basename(path), async () => {
    // Another process may have finished it while this one waited.
    if (await runsHere(path)) return;
    await mkdir(dirname(path), { recursive: true });
    if (!(await download(node, path))) await build(path);
    if (!(await runsHere(path)))
      throw new SetupError(`The media worker was made but does not run here: ${path}`);
  });
  return path;
}

/** @param {string} path */
async function runsHere(path) {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists && (await attempt(path, [], { env: {}, timeoutMs: 10_000 })).code === refusesStranger;
}

/**
 * @param {string} node
 * @param {string} path
 * @returns {Promise<boolean>} whether the official binary arrived and is now in the cache
 */
async function download(node, path) {
  const official = join(mediasoupFolder, 'worker', 'out', 'Release', 'mediasoup-worker');
  if (!(await runsHere(official))) {
    await step('looking for the official build of the media worker', () =>
      // Without Python the script cannot go on to a build of its own, which would need a network again.
      attempt(node, ['npm-scripts.mjs', 'postinstall'], {
        cwd: mediasoupFolder,
        env: { ...process.env, PYTHON: 'false' },
        timeoutMs: downloadTimeoutMs,
      }),
    );
    if (!(await runsHere(official))) {
      say('  it is not to be had here, so it is built from source');
      return false;
    }
  }
  const partial = `${path}.${process.pid}.tmp`;
  await copyFile(official, partial);
  await rename(partial, path);
  return true;
}

/** @param {string} path */
async function build(path) {
  const scripts = import.meta.dirname ?? dirname(new URL(import.meta.url).pathname);
  await ensureDebianPackages(buildPackages, 'building the media worker');
  const folder = await mkdtemp(join(tmpdir(), 'keshi-worker-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  // An interrupted setup exits at once, past any `finally`.
  process.once('exit', removeFolder);
  try {
    const source = await step('fetching the source of libsrtp', () =>
      attempt('bash', [join(scripts, 'srtp-source.sh'), folder], { timeoutMs: 300_000 }),
    );
    const env = { ...process.env };
    if (source.code === 0) {
      env.LIBSRTP2_SRC = join(folder, 'source');
    } else {
      say(
        `  no source of libsrtp; Debian's build of it works too but is slower (to retry later, delete ${path})`,
      );
      await ensureDebianPackages(['libsrtp2-dev'], 'building the media worker');
    }
    await step('building the media worker from source, about 10 minutes on two cores, once', () =>
      run('bash', [join(scripts, 'build.sh'), mediasoupFolder, path], { env }),
    );
  } finally {
    removeFolder();
    process.off('exit', removeFolder);
  }
}
