/** One server of the bench `study` as a process of its own: the product's pages, or the barest that stores the same. */
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { createDb } from '@keshi/db/client';
import { testKeys } from '@keshi/db/testing/database';
import { testWrappingKeys } from '@keshi/db/testing/vault';
import { openVault } from '@keshi/db/vault';
import { createLogger } from '@keshi/runtime/log';
import { createMemoryState } from '@keshi/runtime/state/memory/state';
import { openBenchWeb } from '../bench-web.ts';
import { answer } from '../fanout/child.ts';
import { benchSecret, type ServeAnswers, type SideName } from './messages.ts';

const url = process.env['DATABASE_URL'] ?? '';
const vaultUrl = process.env['VAULT_URL'] ?? '';
const side = process.env['SIDE'] as SideName;
const log = createLogger({ name: 'study', level: 'error', format: 'json' });
const db = createDb({ url, keys: testKeys, log, poolSize: 10 });

async function openOurs(): Promise<number> {
  const state = createMemoryState({ log });
  const vault = await openVault({ url: vaultUrl, keys: testWrappingKeys, log });
  const web = await openBenchWeb({
    ...{ db, state, vault, judge: null, log },
    tokenSecret: benchSecret,
    env: 'production',
  });
  return web.port;
}

interface Told {
  userId: string;
  seq: number;
  position: number;
}

async function bodyOf(request: IncomingMessage): Promise<Told> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { seq, position } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Omit<Told, 'userId'>;
  return { userId: String(request.headers['x-user']), seq, position };
}

/** Stores what it is told for everybody who waits, in one statement. */
function groupCommit(): (told: Told) => Promise<void> {
  let waiting: { told: Told; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let running = false;
  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await db.sql(
          `UPDATE "BareStudy" b SET "seq" = r."seq", "position" = r."position", "at" = now()
           FROM unnest($1::uuid[], $2::int[], $3::int[]) AS r("userId", "seq", "position") WHERE b."userId" = r."userId"`,
          [
            batch.map(({ told }) => told.userId),
            batch.map(({ told }) => told.seq),
            batch.map(({ told }) => told.position),
          ],
        );
        for (const one of batch) one.resolve();
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    running = false;
  }
  return (told) =>
    new Promise((resolve, reject) => {
      waiting.push({ told, resolve, reject });
      if (!running) void run();
    });
}

async function oneByOne({ userId, seq, position }: Told): Promise<void> {
  await db.sql('UPDATE "BareStudy" SET "seq" = $2, "position" = $3, "at" = now() WHERE "userId" = $1', [
    userId,
    seq,
    position,
  ]);
}

async function openBare(store: (told: Told) => Promise<void>): Promise<number> {
  const server = createServer((request, response) => {
    bodyOf(request)
      .then(async (told) => {
        await store(told);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ seq: told.seq, position: told.position }));
      })
      .catch(() => response.writeHead(500).end());
  });
  server.listen(0, '127.0.0.1', 4_096);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

const port = side === 'ours' ? openOurs() : openBare(side === 'bare' ? groupCommit() : oneByOne);
answer({ port: () => port } satisfies ServeAnswers);
