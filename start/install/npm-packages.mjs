// @ts-check
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.mjs';
import { root } from './layout.mjs';
import { step } from './progress.mjs';

const stamp = join(root, 'node_modules', '.keshi-lock-hash');

/**
 * Makes node_modules what package-lock.json says. Nothing runs when the lockfile is the one already installed.
 * Install scripts stay off: the few steps they would do are done by the setup itself, in the open.
 */
export async function ensureNpmPackages() {
  const lock = await readFile(join(root, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex');
  if ((await readFile(stamp, 'utf8').catch(() => '')) === hash) return;
  if (!(await installedMatches(lock))) {
    await step('installing npm packages', () =>
      // Development packages build the pages, so NODE_ENV=production must not leave them out.
      run('npm', [
        'ci',
        '--ignore-scripts',
        '--include=dev',
        '--include=optional',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
      ]),
    );
  }
  await writeFile(stamp, hash);
}

/**
 * Whether the lockfile npm leaves inside node_modules names the same packages: true after a plain
 * `npm install`, which then need not be repeated.
 * @param {Buffer} lock
 */
async function installedMatches(lock) {
  const hidden = await readFile(join(root, 'node_modules', '.package-lock.json'), 'utf8').catch(
    () => undefined,
  );
  if (hidden === undefined) return false;
  const installed = JSON.parse(hidden).packages;
  return Object.entries(JSON.parse(lock.toString('utf8')).packages).every(([path, wanted]) => {
    // Only what npm puts into node_modules is listed there; optional packages of other platforms are not.
    if (!path.includes('node_modules/')) return true;
    const found = installed[path];
    if (!found) return wanted.optional === true || wanted.devOptional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}
