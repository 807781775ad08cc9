// @ts-check
// MinIO is a Go program; Debian has no package of it. Go's own client fetches its module and builds it.
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { attempt, run } from '../install/command.mjs';
import { ensureGo } from '../install/go.mjs';
import { withLock } from '../install/lock.mjs';
import { SetupError, step } from '../install/progress.mjs';
import { minioPath, minioVersion } from './path.mjs';

const source = `github.com/minio/minio@${minioVersion}`;
/** About 250 modules are downloaded, then compiled: 5 minutes on two idle cores. */
const buildMs = 45 * 60_000;

/**
 * Makes sure the S3 server of the tests exists and runs on this machine.
 * @returns {Promise<string>} the binary's path, for MINIO_BIN
 */
export async function ensureMinio() {
  const path = minioPath();
  if (await runsHere(path)) return path;
  if (process.env.MINIO_BIN)
    throw new SetupError(`MINIO_BIN names ${path}, which does not run here. Correct or unset it.`);
  await withLock(basename(path), async () => {
    // Another process may have finished it while this one waited.
    if (await runsHere(path)) return;
    await build(path);
    if (!(await runsHere(path))) throw new SetupError(`MinIO was built but does not run here: ${path}`);
  });
  return path;
}

/** @param {string} path */
async function runsHere(path) {
  return (await attempt(path, ['--version'], { timeoutMs: 20_000 })).code === 0;
}

/** @param {string} path */
async function build(path) {
  const go = await ensureGo('building MinIO, the S3 server of the tests');
  // A root named for another Go would lend this one its settings.
  const { GOROOT: _, ...env } = process.env;
  await mkdir(dirname(path), { recursive: true });
  const folder = await mkdtemp(join(dirname(path), 'minio-build-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  // An interrupted setup exits at once, past any `finally`.
  process.once('exit', removeFolder);
  try {
    await step('building MinIO, the S3 server of the tests, some minutes, once', () =>
      // Beside other work it takes what is left of the machine.
      run('nice', ['-n', '15', go, 'install', '-p', '2', '-trimpath', '-ldflags', '-s -w', source], {
        env: { ...env, GOBIN: folder, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' },
        timeoutMs: buildMs,
      }),
    );
    await rename(join(folder, 'minio'), path);
  } finally {
    removeFolder();
    process.off('exit', removeFolder);
  }
}
