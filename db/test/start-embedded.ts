/** A process of its own that starts the embedded server, asks it something, and stays connected. */
import pg from 'pg';
import { startEmbedded } from '../src/embedded.ts';
import { silent } from '../src/testing/database.ts';

const dir = process.argv[2] ?? '';
const { url, pid, adopted } = await startEmbedded({ dir, log: silent, settings: { fsync: 'off' } });
const client = new pg.Client({ connectionString: url });
client.on('error', () => process.exit(1));
await client.connect();
const { rows } = await client.query<{ answer: number }>('SELECT 1 AS answer');
process.send?.({ pid, adopted, answer: rows[0]?.answer });
