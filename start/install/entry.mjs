// @ts-check
import { SetupError } from './progress.mjs';
import { stopOnSignals } from './command.mjs';

/**
 * Runs the body of a command-line entry point: interrupts stop what it started, a SetupError is told in plain
 * words, and the process ends with the returned exit code.
 * @param {() => Promise<number>} body
 */
export async function entry(body) {
  stopOnSignals();
  try {
    process.exitCode = await body();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    process.exitCode = 1;
  }
}
