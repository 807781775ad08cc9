// @ts-check
// Programs written in Go that Debian has no package of: Go's own client fetches their modules and builds them, once.
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { attempt, run } from './command.mjs';
import { ensureGo } from './go.mjs';
import { withLock } from './lock.mjs';
import { SetupError, step } from './progress.mjs';

/** Hundreds of modules are downloaded, then compiled: some minutes on two idle cores. */
const buildMs = 45 * 60_000;

/**
 * @typedef {object} GoProgram
 * @property {string} name as a person reads it, with what it is for
 * @property {string} path where the binary belongs
 * @property {string} variable the environment variable that may name another binary
 * @property {string[]} versionArguments what it is asked to see whether it runs
 * @property {(folder: string) => { args: string[], built: string, cwd?: string }} build what `go` is told so that it
 *   leaves the binary `built` in the folder, and where
 */

/**
 * Makes sure that the program exists and runs on this machine.
 * @param {GoProgram} program
 * @returns {Promise<string>} the binary's path
 */
export async function ensureGoProgram(program) {
  const { path, name, variable } = program;
  if (await runsHere(program)) return path;
  if (process.env[variable])
    throw new SetupError(`${variable} names ${path}, which does not run here. Correct or unset it.`);
  await withLock(basename(path), async () => {
    // Another process may have finished it while this one waited.
    if (await runsHere(program)) return;
    await build(program);
    if (!(await runsHere(program))) throw new SetupError(`${name} was built but does not run here: ${path}`);
  });
  return path;
}

/** @param {GoProgram} program */
async function runsHere({ path, versionArguments }) {
  return (await attempt(path, versionArguments, { timeoutMs: 20_000 })).code === 0;
}

/** @param {GoProgram} program */
async function build({ name, path, build }) {
  const go = await ensureGo(`building ${name}`);
  // A root named for another Go would lend this one its settings.
  const { GOROOT: _, ...env } = process.env;
  await mkdir(dirname(path), { recursive: true });
  const folder = await mkdtemp(join(dirname(path), `${basename(path)}-build-`));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  // An interrupted setup exits at once, past any `finally`.
  process.once('exit', removeFolder);
  try {
    const { args, built, cwd } = build(folder);
    await step(`building ${name}, some minutes, once`, () =>
      // Beside other work it takes what is left of the machine.
      run('nice', ['-n', '15', go, ...args], {
        env: { ...env, GOBIN: folder, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' },
        timeoutMs: buildMs,
        ...(cwd === undefined ? {} : { cwd }),
      }),
    );
    await rename(join(folder, built), path);
  } finally {
    removeFolder();
    process.off('exit', removeFolder);
  }
}
