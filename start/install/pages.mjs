// @ts-check
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.mjs';
import { fingerprint, readStamp, writeStamp } from './fingerprint.mjs';
import { root } from './layout.mjs';
import { step } from './progress.mjs';

const stamp = 'pages';
const sources = [
  'web/client/src',
  'web/client/static',
  'web/client/package.json',
  'web/client/tsconfig.json',
  'web/client/vite.config.ts',
  'contract/src',
];

/**
 * Builds the pages into web/client/build, when any of their sources has changed since the last time.
 * @param {string} node the Node to run Vite with
 */
export async function ensurePages(node) {
  const built = await access(join(root, 'web/client/build/index.html')).then(
    () => true,
    () => false,
  );
  const hash = await fingerprint(sources);
  if (built && (await readStamp(stamp)) === hash) return;
  await step('building the pages', () =>
    run(node, [join(root, 'node_modules/vite/bin/vite.js'), 'build'], {
      cwd: join(root, 'web/client'),
      env: { ...process.env, NODE_ENV: 'production' },
    }),
  );
  await writeStamp(stamp, hash);
}
