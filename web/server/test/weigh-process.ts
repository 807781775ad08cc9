/** Weighs everything that waits over and over, until it is killed: a process of its own for the tests that kill it. */
import { createDb } from '@keshi/db/client';
import { silent, testKeys } from '@keshi/db/testing/database';
import { testWrappingKeys } from '@keshi/db/testing/vault';
import { openVault } from '@keshi/db/vault';
import { startIncidentWorker } from './incident-worker.ts';

const db = createDb({ url: process.env.DATABASE_URL ?? '', keys: testKeys, log: silent, poolSize: 2 });
const vault = await openVault({ url: process.env.VAULT_URL ?? '', keys: testWrappingKeys, log: silent });
const worker = startIncidentWorker(db, vault);
process.send?.('ready');
for (;;) await worker.sweep();
