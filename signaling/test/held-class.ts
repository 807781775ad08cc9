import { createDb } from '@keshi/db/client';
import { silent, testKeys } from '@keshi/db/testing/database';

/**
 * Nothing of the class can be stored, and nobody is taken in, until what this answers is called: another connection to
 * the database has the class's row.
 */
export async function holdClass(databaseUrl: string, classId: string): Promise<() => Promise<void>> {
  const db = createDb({ url: databaseUrl, keys: testKeys, log: silent, poolSize: 1 });
  const held = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const lock = db.transaction(async (sql) => {
    await sql('SELECT 1 FROM "LiveClass" WHERE "id" = $1 FOR UPDATE', [classId]);
    locked.resolve();
    await held.promise;
  });
  await locked.promise;
  return async () => {
    held.resolve();
    await lock;
    await db.close();
  };
}
