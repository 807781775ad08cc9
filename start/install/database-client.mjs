// @ts-check
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.mjs';
import { fingerprint, readStamp, writeStamp } from './fingerprint.mjs';
import { root } from './layout.mjs';
import { step } from './progress.mjs';

const stamp = 'database-client';

/**
 * Generates the Prisma client from the schema, when the schema has changed since the last time.
 * @param {string} node the Node to run Prisma with
 */
export async function ensureDatabaseClient(node) {
  const made = await access(join(root, 'db/src/generated')).then(
    () => true,
    () => false,
  );
  const hash = await fingerprint([
    'db/prisma/schema.prisma',
    'db/prisma/sql',
    'db/prisma.config.ts',
    'db/package.json',
  ]);
  if (made && (await readStamp(stamp)) === hash) return;
  await step('generating the database client', () =>
    run(node, [join(root, 'node_modules/prisma/build/index.js'), 'generate'], {
      cwd: join(root, 'db'),
      env: { ...process.env, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
    }),
  );
  await writeStamp(stamp, hash);
}
