/**
 * Compares prisma/schema.prisma with what the migrations make of an empty database. `node tools/drift.ts` exits with 2 and
 * shows the statements that are missing, if any. Needs DATABASE_URL of a server on which it may create a database.
 */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('..', import.meta.url));

/** Null when there is none, else the SQL that leads from the migrations to the schema. */
export function drift(url: string, schema = 'prisma/schema.prisma'): Promise<string | null> {
  const require = createRequire(import.meta.url);
  const cli = path.join(path.dirname(require.resolve('prisma/package.json')), 'build/index.js');
  const ask = [
    'migrate',
    'diff',
    '--from-migrations',
    'prisma/migrations',
    '--to-schema',
    schema,
    '--script',
    '--exit-code',
  ];
  const env = { ...process.env, DATABASE_URL: url, CHECKPOINT_DISABLE: '1' };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [cli, ...ask], { cwd: folder, env }, (error, stdout, stderr) => {
      if (error === null) resolve(null);
      else if (error.code === 2) resolve(stdout);
      else reject(new Error(`prisma migrate diff failed: ${stderr || stdout}`, { cause: error }));
    });
  });
}

if (import.meta.main) {
  const found = await drift(process.env.DATABASE_URL ?? '');
  if (found !== null) {
    process.stdout.write(found);
    process.exitCode = 2;
  }
}
