// @ts-check
import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt, run } from './command.mjs';
import { ensureDebianPackages } from './debian-packages.mjs';
import { SetupError, step } from './progress.mjs';

/** The oldest Go that builds what we build, and the release that is fetched where only an older one is installed. */
const oldestGo = { major: 1, minor: 25 };
const fetchedGo = '1.25.8';

/**
 * A Go that is new enough: the one on the PATH, or one that Debian's older Go fetches from the module proxy, where
 * Go's releases are modules like any other (checked against Go's checksum database like any other).
 * @param {string} purpose what it is for, completing "… is needed for"
 * @returns {Promise<string>} what to run
 */
export async function ensureGo(purpose) {
  const installed = await goVersion();
  if (installed && isNewEnough(installed)) return 'go';
  if (!installed) await ensureDebianPackages(['golang-go', 'ca-certificates'], purpose);
  const platform = { x64: 'amd64', arm64: 'arm64' }[String(process.arch)];
  if (process.platform !== 'linux' || !platform)
    throw new SetupError(
      `Go ${oldestGo.major}.${oldestGo.minor} or later is needed for ${purpose}. Install it, then run again.`,
    );
  const module = `golang.org/toolchain@v0.0.1-go${fetchedGo}.linux-${platform}`;
  const output = await step(`fetching Go ${fetchedGo}`, () =>
    run('go', ['mod', 'download', '-json', module], {
      env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '' },
      timeoutMs: 10 * 60_000,
    }),
  );
  // Progress lines may stand around the description.
  const described = JSON.parse(/\{[^]*\}/.exec(output)?.[0] ?? '{}');
  const folder = String(described.Dir);
  await makeExecutable(folder, platform);
  return join(folder, 'bin', 'go');
}

/**
 * @returns {Promise<{ major: number, minor: number } | undefined>} of the `go` on the PATH; undefined without one
 */
async function goVersion() {
  const { code, output } = await attempt('go', ['version'], {
    env: { ...process.env, GOTOOLCHAIN: 'local' },
    timeoutMs: 20_000,
  });
  const match = /\bgo(\d+)\.(\d+)/.exec(output);
  return code === 0 && match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
}

/** @param {{ major: number, minor: number }} version */
function isNewEnough({ major, minor }) {
  return major > oldestGo.major || (major === oldestGo.major && minor >= oldestGo.minor);
}

/**
 * Modules carry no permissions; newer Go commands do the same when they fetch a newer one of themselves.
 * @param {string} folder
 * @param {string} platform
 */
async function makeExecutable(folder, platform) {
  for (const part of ['bin', join('pkg', 'tool', `linux_${platform}`)]) {
    for (const name of await readdir(join(folder, part))) await chmod(join(folder, part, name), 0o755);
  }
}
