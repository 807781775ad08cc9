// @ts-check
// Steps that turn sources into something else leave the hash of what they were made from in a stamp, and are
// skipped while it still holds. Stamps live in node_modules: new dependencies make everything anew.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root } from './layout.mjs';

const stampFolder = join(root, 'node_modules', '.cache', 'keshi');

/**
 * Hash of the names and contents of files and whole folders.
 * @param {string[]} paths relative to the root; one that does not exist counts as absent
 * @returns {Promise<string>} hex
 */
export async function fingerprint(paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of await filesUnder(path)) {
      hash
        .update(`${file}\0`)
        .update(await readFile(join(root, file)))
        .update('\0');
    }
  }
  return hash.digest('hex');
}

/**
 * @param {string} path
 * @returns {Promise<string[]>} sorted, relative to the root
 */
async function filesUnder(path) {
  const info = await stat(join(root, path)).catch(() => undefined);
  if (!info) return [];
  if (!info.isDirectory()) return [path];
  const names = (await readdir(join(root, path))).filter((name) => name !== 'node_modules').sort();
  return (await Promise.all(names.map((name) => filesUnder(join(path, name))))).flat();
}

/**
 * @param {string} name
 * @returns {Promise<string | undefined>} the stamped hash
 */
export function readStamp(name) {
  return readFile(join(stampFolder, name), 'utf8').catch(() => undefined);
}

/**
 * @param {string} name
 * @param {string} hash
 */
export async function writeStamp(name, hash) {
  const file = join(stampFolder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, hash);
}
