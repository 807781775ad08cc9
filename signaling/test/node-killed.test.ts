/** kill -9 in the middle of everything: what was acknowledged is there, and nobody's time suffers. */
import { randomUUID } from 'node:crypto';
import { createDb } from '@keshi/db/client';
import { visitsOfClass } from '@keshi/db/presence';
import { silent, testKeys } from '@keshi/db/testing/database';
import { startRedis, type TestRedis } from '@keshi/runtime/testing/redis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  closePages,
  createWorld,
  enter,
  openPage,
  startNode,
  ticketFor,
  type Node,
  type Page,
  type World,
} from './harness.ts';
import { runNode } from './node-process.ts';

const learnersThere = 6;
let redis: TestRedis;
let world: World;
let survivor: Node;
const db = () => createDb({ url: world.database.url, keys: testKeys, log: silent, poolSize: 5 });
let dbOfSurvivor: ReturnType<typeof db>;
beforeAll(async () => {
  redis = await startRedis();
  world = await createWorld(learnersThere);
  dbOfSurvivor = db();
  survivor = await startNode(dbOfSurvivor, { redisUrl: redis.url });
});
afterEach(closePages);
afterAll(async () => {
  await survivor.close();
  await dbOfSurvivor.close();
  await world.close();
  await redis.stop();
});

test('[AT4, AT9] the node that coordinates a class is killed while all talk and answer: no acknowledged message, no answer and no attendance is lost', async () => {
  const dying = await runNode({ database: world.database.url, redis: redis.url });
  const host = await enter(dying, world.host, world.classId);
  await host.send('class.start', {});
  const pages: Page[] = [];
  for (const person of world.learners) pages.push(await enter(dying, person, world.classId));
  // From here on everybody is there, as everybody knows.
  const together = Date.now();
  const { quizId } = await host.send('quiz.open', {
    kind: 'single',
    stem: '一加一',
    options: ['1', '2'],
    correct: [1],
    seconds: 120,
  });
  const messages: string[] = [];
  const answers: string[] = [];
  let killed = false;
  const talk = async (page: Page, n: number) => {
    for (let at = 0; !killed; at += 1) {
      const ack = await page.sendRaw('chat.send', { clientId: randomUUID(), text: `${n} 说 ${at}` });
      if (ack.ok) messages.push((ack.data as { id: string }).id);
      // One after another: some of the answers are under way at the end.
      if (at === 3 * n) {
        const answer = await page.sendRaw('quiz.answer', { quizId, choice: [1] });
        if (answer.ok) answers.push(world.learners[n]?.id ?? '');
      }
    }
  };
  const talking = Promise.allSettled(pages.map(talk));
  await expect.poll(() => answers.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(learnersThere / 2);
  // Each has been seen once: what left the node later than that is the heartbeat a crash may take [AT9].
  await expect
    .poll(async () => (await visitsOfClass(world.db, world.classId)).length, { timeout: 10_000 })
    .toBe(learnersThere + 1);
  await dying.kill();
  killed = true;
  await talking;

  const stored = await world.db.prisma.chatMessage.findMany({
    where: { classId: world.classId },
    select: { id: true },
  });
  const ids = new Set(stored.map(({ id }) => id));
  expect(messages.filter((id) => !ids.has(id))).toEqual([]);
  const given = await world.db.prisma.quizAnswer.findMany({ where: { quizId }, select: { userId: true } });
  expect(answers.filter((id) => !given.some(({ userId }) => userId === id))).toEqual([]);

  // All come back to the node that is left, which takes the class over, and read that the time was never broken.
  for (const person of world.learners) {
    const page = await openPage(survivor.url, ticketFor(person, world.classId));
    await page.join({ lastSeq: 1 });
    await page.message(
      'counted',
      ({ counting, countedMs, asOf }) => counting && countedMs >= asOf - together,
    );
  }
});
