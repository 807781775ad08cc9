/** Stops the tests' shared PostgreSQL when nobody has been connected for a while. Started by `database.ts`. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const IDLE_MS = 20_000;
const LOOK_MS = 2_000;

const { KEEP_URL: url, KEEP_PID: pid } = process.env;
if (url === undefined || pid === undefined) throw new Error('KEEP_URL and KEEP_PID say what to keep');

async function inUse(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );
  return (rows[0]?.n ?? 0) > 0;
}

const client = new pg.Client({ connectionString: url });
// The server is gone: nothing is left to keep.
client.on('error', () => process.exit(0));
await client.connect();
for (let idleSince = Date.now(); Date.now() - idleSince < IDLE_MS; await delay(LOOK_MS)) {
  if (await inUse(client)) idleSince = Date.now();
}
await client.end();
process.kill(Number(pid), 'SIGINT');
