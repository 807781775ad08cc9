// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, root } from '../install/layout.mjs';

/** Folder of the installed mediasoup package. */
export const mediasoupFolder = join(root, 'node_modules', 'mediasoup');

/**
 * The media worker's binary: the one named by MEDIASOUP_WORKER_BIN, else the cached one for the installed
 * mediasoup version and this platform. The file need not exist yet; `npm start` and `npm test` put it there.
 * Throws when mediasoup is not installed.
 * @returns {string} absolute path
 */
export function workerPath() {
  if (process.env.MEDIASOUP_WORKER_BIN) return process.env.MEDIASOUP_WORKER_BIN;
  const { version } = JSON.parse(readFileSync(join(mediasoupFolder, 'package.json'), 'utf8'));
  return join(cacheFolder(), `mediasoup-worker-${version}-${process.platform}-${process.arch}`);
}
