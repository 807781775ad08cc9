// @ts-check
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './layout.mjs';
import { SetupError } from './progress.mjs';

/** The first release that runs this project's TypeScript sources as they are. */
const oldest = { major: 24, minor: 2 };

/**
 * The Node that runs the services: the pinned one from npm, else the current one if it is new enough.
 * @returns {Promise<string>} absolute path of the binary
 */
export async function findNode24() {
  const pinned = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  const present = await access(pinned).then(
    () => true,
    () => false,
  );
  if (present) return pinned;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return process.execPath;
  throw new SetupError(
    `There is no packaged Node for ${process.platform}-${process.arch}, and this is Node ${process.versions.node}.\n` +
      `Install Node ${oldest.major}.${oldest.minor} or later and run the same command with it.`,
  );
}
