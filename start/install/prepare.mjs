// @ts-check
import { createHash } from 'node:crypto';
import { delimiter, join } from 'node:path';
import { ensureMediaWorker } from '../worker/install.mjs';
import { ensureDatabaseClient } from './database-client.mjs';
import { ensureFfmpeg } from './ffmpeg.mjs';
import { root } from './layout.mjs';
import { withLock } from './lock.mjs';
import { findNode24 } from './node24.mjs';
import { ensureNpmPackages } from './npm-packages.mjs';
import { ensurePages } from './pages.mjs';

/** @typedef {{ node: string, env: NodeJS.ProcessEnv }} Prepared Node's path, and the environment for services. */

/**
 * Brings a checkout from any state to one whose services can run. Each step looks first whether it is already
 * satisfied, so a second run takes a fraction of a second. Two runs in one checkout take turns.
 * @param {{ pages: boolean, worker?: boolean, recording?: boolean }} wanted what the caller needs beyond packages and
 *   the database client
 * @returns {Promise<Prepared>}
 */
export async function prepare({ pages, worker = true, recording = worker }) {
  const checkout = createHash('sha256').update(root).digest('hex').slice(0, 16);
  return withLock(`prepare-${checkout}`, async () => {
    await ensureNpmPackages();
    const node = await findNode24();
    const bin = join(root, 'node_modules', '.bin');
    /** @type {NodeJS.ProcessEnv} */
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };
    if (worker) env.MEDIASOUP_WORKER_BIN = await ensureMediaWorker(node);
    if (recording) await ensureFfmpeg();
    await ensureDatabaseClient(node);
    if (pages) await ensurePages(node);
    return { node, env };
  });
}
