/** The demonstration's people and classes, in a database that a cluster's own processes do not fill. */
import { createDb } from '@keshi/db/client';
import { type DemoAccount, seedDemo } from '@keshi/db/demo';
import { migrate } from '@keshi/db/migrate';
import { loadConfig } from '@keshi/runtime/config';
import type { Logger } from '@keshi/runtime/log';

/** `dataDir` is the cluster's own: the keys kept there encrypt the names. */
export async function seedCluster({
  dataDir,
  databaseUrl,
  log,
}: {
  dataDir: string;
  databaseUrl: string;
  log: Logger;
}): Promise<DemoAccount[]> {
  const { piiKeys } = loadConfig({ NODE_ENV: 'development', DATA_DIR: dataDir }, { runs: [] });
  await migrate(databaseUrl);
  const keys = piiKeys.map(({ id, key }) => ({ id, secret: key }));
  const db = createDb({ url: databaseUrl, keys, log, poolSize: 5 });
  try {
    return (await seedDemo(db, { now: Date.now() })).accounts;
  } finally {
    await db.close();
  }
}
