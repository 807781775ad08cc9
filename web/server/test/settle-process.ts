/** Settles everything that is due over and over, until it is killed: a process of its own for the tests that kill it. */
import { createDb } from '@keshi/db/client';
import { silent, testKeys } from '@keshi/db/testing/database';
import { startWorker } from './ledger-world.ts';

const db = createDb({ url: process.env.DATABASE_URL ?? '', keys: testKeys, log: silent, poolSize: 2 });
const worker = startWorker(db);
process.send?.('ready');
for (;;) await worker.sweep();
