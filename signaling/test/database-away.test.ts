import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb } from '@keshi/db/client';
import { startEmbedded, type Embedded } from '@keshi/db/embedded';
import { migrate } from '@keshi/db/migrate';
import { intervalsOfPerson } from '@keshi/db/presence';
import { silent, testKeys } from '@keshi/db/testing/database';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { closePages, codeOf, createWorld, enter, startNode, type Node, type World } from './harness.ts';

let dir: string;
let server: Embedded;
let world: World;
let node: Node;
const start = () => startEmbedded({ dir, log: silent, settings: { synchronous_commit: 'on' } });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'keshi-away-'));
  server = await start();
  await migrate(server.url);
  const db = createDb({ url: server.url, keys: testKeys, log: silent, poolSize: 5 });
  world = await createWorld(2, {}, { url: server.url, db, close: () => db.close() });
  node = await startNode(db);
});
afterEach(closePages);
afterAll(async () => {
  await node.close();
  await world.close();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

const say = (text: string) => ({ clientId: randomUUID(), text });

test('[AT4] PostgreSQL crashes in the middle of a class: commands say so, nothing acknowledged is lost, the outage is on record', async () => {
  const [one, two] = world.learners;
  if (!one || !two) throw new Error('two learners');
  const host = await enter(node, world.host, world.classId);
  const learner = await enter(node, one, world.classId);
  await host.send('class.start', {});
  const acknowledged: string[] = [];
  let refusals = 0;
  let running = true;
  const talking = (async () => {
    for (let n = 0; running; n += 1) {
      const ack = await learner.sendRaw('chat.send', say(`第${n}条`));
      if (ack.ok) acknowledged.push((ack.data as { id: string }).id);
      else {
        expect(ack.error).toMatchObject({ code: 'unavailable', retryMs: 2_000 });
        refusals += 1;
      }
    }
  })();
  await expect.poll(() => acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(20);
  process.kill(server.pid, 'SIGKILL');
  await host.message('trouble', ({ kind, healed }) => kind === 'database' && !healed);
  await expect.poll(() => refusals, { timeout: 10_000 }).toBeGreaterThan(0);

  // Who is there stays, who comes is let in, and the beats go on counting.
  const late = await enter(node, two, world.classId);
  expect(await codeOf(late.send('hand.raise', {}))).toBe('unavailable');
  node.clock.offset += 8_000;
  await learner.beat();
  await late.beat();

  const before = acknowledged.length;
  server = await start();
  await host.message('trouble', ({ kind, healed }) => kind === 'database' && healed);
  await expect.poll(() => acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(before + 20);
  running = false;
  await talking;

  const { db } = world;
  const stored = await db.prisma.chatMessage.findMany({
    where: { classId: world.classId },
    select: { id: true },
  });
  const ids = new Set(stored.map(({ id }) => id));
  expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
  await expect
    .poll(() => {
      const seen = new Set(host.events.flatMap((e) => (e.type === 'chat.sent' ? [e.message.id] : [])));
      return acknowledged.filter((id) => !seen.has(id));
    })
    .toEqual([]);
  const seqs = host.events.map(({ seq }) => seq);
  expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));

  const outage = await db.prisma.outage.findFirstOrThrow({ where: { kind: 'database' } });
  expect(outage).toMatchObject({ scope: 'all', retryMs: 2_000 });
  // Presence of the time without a database is there, in one piece.
  for (const person of [one, two])
    await expect
      .poll(async () =>
        (await intervalsOfPerson(db, world.classId, person.id)).map(
          ({ from, lastProof }) => lastProof - from >= 8_000,
        ),
      )
      .toEqual([true]);
});
