// @ts-check
import { setTimeout as delay } from 'node:timers/promises';
import { attempt, run } from './command.mjs';
import { SetupError, say, step } from './progress.mjs';

/** How often to look whether somebody else has installed what is missing. */
const pollMs = 3_000;

let listsAreFresh = false;

/**
 * Makes sure Debian packages are installed. As root they are installed; otherwise the command is shown and the
 * setup waits until somebody has run it, then goes on by itself. Under CI nobody will, so there it fails.
 * @param {string[]} names
 * @param {string} purpose what they are for, completing "… is needed for"
 */
export async function ensureDebianPackages(names, purpose) {
  const missing = await missingPackages(names);
  if (missing.length === 0) return;
  if (process.getuid?.() === 0) {
    await step(`installing Debian packages for ${purpose}: ${missing.join(' ')}`, () => aptInstall(missing));
    return;
  }
  const instruction = `These Debian packages are needed for ${purpose}. Install them with:\n\n  sudo apt-get install -y ${missing.join(' ')}\n`;
  if (process.env.CI) throw new SetupError(instruction);
  say(instruction);
  await step('waiting until they are installed', async () => {
    while ((await missingPackages(missing)).length > 0) await delay(pollMs);
  });
}

/**
 * @param {string[]} names
 * @returns {Promise<string[]>} those of them that are not installed
 */
export async function missingPackages(names) {
  const { code, output } = await attempt('dpkg-query', [
    '-W',
    '-f',
    '${Package} ${db:Status-Status}\n',
    ...names,
  ]);
  if (code === 127) {
    throw new SetupError(`This is not a Debian system. Install by hand, then run again: ${names.join(' ')}`);
  }
  const installed = new Set(
    output
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/** @param {string[]} names */
async function aptInstall(names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300'];
  // One update for the whole setup. Its failure is not final: a third-party list may be broken while Debian's
  // own is fine, and if it is not, the install says so.
  if (!listsAreFresh) await attempt('apt-get', [...apt, 'update'], { env });
  listsAreFresh = true;
  await run('apt-get', [...apt, 'install', '--no-install-recommends', ...names], { env });
}
