// @ts-check
// Child processes of the setup. Each runs in a process group of its own, so that one Ctrl-C reaches only this
// process, which then stops the whole group (npm, ninja and compilers included) and nothing is left behind.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root } from './layout.mjs';
import { SetupError } from './progress.mjs';

/** How much output of a failed command is shown: some tell the cause first, others last. */
const shown = { firstLines: 15, lastLines: 30 };

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
export function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is already gone.
  }
}

/** @typedef {{ code: number, output: string }} Outcome `output` is stdout and stderr as they came. */

/**
 * Runs a command to its end, without a shell and without stdin.
 * @param {string} file
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, show?: boolean }} [options]
 *   `show` passes the output through to the terminal as well
 * @returns {Promise<Outcome>} the exit code (124 after a timeout, 127 when the command does not exist)
 */
export function attempt(file, args, { cwd = root, env = process.env, timeoutMs, show = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    /** @type {Buffer[]} */
    const chunks = [];
    let timedOut = false;
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            signalGroup(child, 'SIGKILL');
          }, timeoutMs);
    child.stdout.on('data', (chunk) => {
      chunks.push(chunk);
      if (show) process.stdout.write(chunk);
    });
    child.stderr.on('data', (chunk) => {
      chunks.push(chunk);
      if (show) process.stderr.write(chunk);
    });
    /** @param {number} code */
    const finish = (code) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code, output: Buffer.concat(chunks).toString('utf8') });
    };
    child.on('error', (error) => {
      chunks.push(Buffer.from(`${error.message}\n`));
      finish(127);
    });
    child.on('close', (code, signal) => {
      if (timedOut) return finish(124);
      finish(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

/**
 * Like `attempt`, but a failure throws a SetupError with the command's output.
 * @param {string} file
 * @param {string[]} args
 * @param {Parameters<typeof attempt>[2]} [options]
 * @returns {Promise<string>} the output
 */
export async function run(file, args, options) {
  const { code, output } = await attempt(file, args, options);
  if (code === 0) return output;
  const lines = output.trimEnd().split('\n');
  const omitted = lines.length - shown.firstLines - shown.lastLines;
  if (omitted > 0) lines.splice(shown.firstLines, omitted, `… ${omitted} lines left out …`);
  throw new SetupError(
    `${lines.join('\n')}\n\nThis command failed with code ${code}: ${[file, ...args].join(' ')}`,
  );
}

/** Ends this process, and every command still running, when it is interrupted. For entry points. */
export function stopOnSignals() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => {
      for (const child of running) signalGroup(child, 'SIGTERM');
      process.exit(128 + constants.signals[signal]);
    });
  }
}
