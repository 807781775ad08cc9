/** PostgreSQL gone while Redis is there: presence waits in the stream, and is written exactly once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb, type Db } from '@keshi/db/client';
import { startEmbedded, type Embedded } from '@keshi/db/embedded';
import { migrate } from '@keshi/db/migrate';
import { intervalsOfClass, visitsOfClass } from '@keshi/db/presence';
import { silent, testKeys } from '@keshi/db/testing/database';
import { startRedis, type TestRedis } from '@keshi/runtime/testing/redis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  closePages,
  createWorld,
  enter,
  startNode,
  type Node,
  type Page,
  type Person,
  type TestClock,
  type World,
} from './harness.ts';
import { createProofs, storedSpans } from './proofs.ts';

let dir: string;
let server: Embedded;
let redis: TestRedis;
let world: World;
let a: Node;
let b: Node;
let dbOfB: Db;
const clock: TestClock = { offset: 0, stoppedAt: Date.now() };
const start = () => startEmbedded({ dir, log: silent, settings: { synchronous_commit: 'on' } });
const dbOf = () => createDb({ url: server.url, keys: testKeys, log: silent, poolSize: 5 });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'keshi-facts-'));
  server = await start();
  await migrate(server.url);
  redis = await startRedis();
  const db = dbOf();
  world = await createWorld(3, {}, { url: server.url, db, close: () => db.close() });
  a = await startNode(world.db, { redisUrl: redis.url, clock });
  dbOfB = dbOf();
  b = await startNode(dbOfB, { redisUrl: redis.url, clock });
});
afterEach(closePages);
afterAll(async () => {
  await Promise.all([a.close(), b.close()]);
  await dbOfB.close();
  await world.close();
  await redis.stop();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

test('[AT3, AT9] a minute without PostgreSQL: facts of both nodes wait in the stream, and every row is written once, as it happened', async () => {
  const now = () => (clock.stoppedAt ?? 0) + clock.offset;
  const proofs = createProofs();
  const host = await enter(a, world.host, world.classId);
  await host.send('class.start', {});
  const here: [Page, Person][] = [];
  for (const [n, person] of world.learners.entries()) {
    here.push([await enter(n % 2 ? b : a, person, world.classId), person]);
    proofs.note(person, now());
  }
  const beats = async (who: readonly [Page, Person][]) => {
    clock.offset += 10_000;
    for (const [page, person] of who) {
      await page.beat();
      proofs.note(person, now());
    }
  };
  /** More than so many entries are in the stream. */
  const waits = (many: number) =>
    expect.poll(() => a.state.presenceLog.depth(), { timeout: 10_000 }).toBeGreaterThan(many);
  const stored = () =>
    Promise.all(world.learners.map((person) => storedSpans(world.db, world.classId, person)));
  const expected = () => world.learners.map((person) => proofs.spans(person));
  await beats(here);
  await expect.poll(stored, { timeout: 10_000 }).toEqual(expected());

  process.kill(server.pid, 'SIGKILL');
  await expect.poll(() => a.state.presenceLog.depth(), { timeout: 10_000 }).toBe(0);
  // All are there for twenty seconds, then one breaks off and one is silent for longer than a gap may be.
  const [, breaks, silent] = here;
  if (!breaks || !silent) throw new Error('three learners');
  await beats(here);
  await beats(here);
  await waits(1);
  const early = await a.state.presenceLog.depth();
  breaks[0].close();
  await beats(here.slice(0, 1));
  await beats(here.slice(0, 1));
  await beats(here.slice(0, 1));
  await beats([here[0] ?? breaks, silent]);
  // Both nodes have given theirs to the stream, and nobody could take them out.
  await waits(early);

  server = await start();
  await expect.poll(stored, { timeout: 20_000 }).toEqual(expected());
  await expect.poll(() => a.state.presenceLog.depth(), { timeout: 10_000 }).toBe(0);
  const visits = await visitsOfClass(world.db, world.classId);
  expect(
    visits
      .filter(({ role }) => role === 'attendee')
      .map(({ userId }) => userId)
      .sort(),
  ).toEqual(world.learners.map(({ id }) => id).sort());
  // One row for each time somebody was there without a gap: not one twice, and none that overlaps another.
  const rows = await intervalsOfClass(world.db, world.classId);
  expect(rows.map(({ userId, from, lastProof }) => [userId, from, lastProof]).sort()).toEqual(
    world.learners
      .flatMap((person) => proofs.spans(person).map(({ from, to }) => [person.id, from, to]))
      .sort(),
  );
  expect(rows).toHaveLength(4);
  // The node looks twice a second whether the database is back, and writes down how long it was not.
  const outage = () => world.db.prisma.outage.findFirst({ where: { kind: 'database' } });
  await expect.poll(outage, { timeout: 10_000 }).toMatchObject({ scope: 'all' });
});
