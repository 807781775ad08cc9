// @ts-check
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { ensureGoProgram } from '../install/go-program.mjs';
import { k6Path } from './path.mjs';

/** Names k6's version and the checksums of all it is made of. */
const moduleFolder = fileURLToPath(new URL('../../loadtest/k6-tool', import.meta.url));

/**
 * Makes sure k6, the load generator, exists and runs on this machine. It is a tool beside the product: nothing of it is
 * linked to or shipped with ours.
 * @returns {Promise<string>} the binary's path, for K6_BIN
 */
export function ensureK6() {
  return ensureGoProgram({
    name: 'k6, the load generator',
    path: k6Path(),
    variable: 'K6_BIN',
    versionArguments: ['version'],
    build: (folder) => ({
      args: [
        'build',
        '-p',
        '2',
        '-trimpath',
        '-ldflags',
        '-s -w',
        '-o',
        join(folder, 'k6'),
        'go.k6.io/k6/v2',
      ],
      built: 'k6',
      cwd: moduleFolder,
    }),
  });
}
