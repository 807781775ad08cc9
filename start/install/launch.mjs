// @ts-check
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { signalGroup } from './command.mjs';
import { root } from './layout.mjs';

/**
 * Runs a TypeScript file with Node until it ends. The first interrupt asks it to stop; it is passed on once,
 * though a terminal, npm and a supervisor may each send their own. An impatient one, over a second later, ends
 * its whole process group. If this process is killed outright, the file's process stops by itself.
 * @param {import('./prepare.mjs').Prepared} prepared
 * @param {string} file
 * @param {string[]} args
 * @returns {Promise<number>} its exit code
 */
export function launch({ node, env }, file, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(
      node,
      [
        '--disable-warning=ExperimentalWarning',
        '--import',
        join(root, 'start/install/end-with-parent.mjs'),
        file,
        ...args,
      ],
      { env, detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    );
    let askedAt = 0;
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      process.removeAllListeners(signal);
      process.on(signal, () => {
        if (askedAt === 0) {
          askedAt = Date.now();
          child.kill(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM');
        } else if (Date.now() - askedAt > 1_000) {
          signalGroup(child, 'SIGKILL');
        }
      });
    }
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
