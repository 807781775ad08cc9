/** Redis stopped and started under classes in progress: a real server, real nodes, a real database. */
import { randomUUID } from 'node:crypto';
import { loadAttendanceFacts } from '@keshi/db/attendance-facts';
import { createDb, type Db } from '@keshi/db/client';
import { silent, testKeys } from '@keshi/db/testing/database';
import { attendance } from '@keshi/rules/attendance';
import { resolvePolicy } from '@keshi/rules/policy';
import { startRedis, type TestRedis } from '@keshi/runtime/testing/redis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
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

let redis: TestRedis;
let world: World;
let a: Node;
let b: Node;
let dbOfB: Db;
const clock: TestClock = { offset: 0, stoppedAt: null };
beforeAll(async () => {
  redis = await startRedis();
  world = await createWorld(3);
  a = await startNode(world.db, { redisUrl: redis.url, clock });
  dbOfB = createDb({ url: world.database.url, keys: testKeys, log: silent, poolSize: 5 });
  b = await startNode(dbOfB, { redisUrl: redis.url, clock });
});
beforeEach(async () => {
  Object.assign(clock, { offset: 0, stoppedAt: null });
  world.classId = await world.schedule(`课 ${randomUUID()}`);
});
afterEach(closePages);
afterAll(async () => {
  await Promise.all([a.close(), b.close()]);
  await dbOfB.close();
  await world.close();
  await redis.stop();
});

const say = (text: string) => ({ clientId: randomUUID(), text });
const learner = (n: number): Person => {
  const person = world.learners[n];
  if (!person) throw new Error(`no learner ${n}`);
  return person;
};
const storedChat = async () =>
  (
    await world.db.prisma.chatMessage.findMany({ where: { classId: world.classId }, select: { id: true } })
  ).map(({ id }) => id);
const heardChat = (page: Page) => page.events.flatMap((e) => (e.type === 'chat.sent' ? [e.message.id] : []));

test('Redis crashes and is back at once: what was acknowledged is stored, and heard once, in order, by everybody on either node', async () => {
  const host = await enter(a, world.host, world.classId);
  const there = await enter(b, learner(0), world.classId);
  await host.send('class.start', {});
  const acknowledged: string[] = [];
  let talking = true;
  const talk = async (page: Page) => {
    for (let n = 0; talking; n += 1) {
      const ack = await page.sendRaw('chat.send', say(`第${n}条`));
      if (ack.ok) acknowledged.push((ack.data as { id: string }).id);
      else expect(ack.error.code).toBe('unavailable');
    }
  };
  const talkers = [talk(host), talk(there)];
  const more = async (count: number) => {
    const before = acknowledged.length;
    await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(before + count);
  };
  await more(20);
  await redis.restart('SIGKILL');
  await more(50);
  talking = false;
  await Promise.all(talkers);
  // The last word, so that whoever hears it has heard all before it.
  acknowledged.push((await there.send('chat.send', say('最后'))).id);
  const stored = new Set(await storedChat());
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  for (const page of [host, there]) {
    await expect
      .poll(() => acknowledged.filter((id) => !heardChat(page).includes(id)), { timeout: 10_000 })
      .toEqual([]);
    const seqs = page.events.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((x, y) => x - y));
  }
});

test('[AT2, AT4, AT9] Redis is gone for a minute: the class goes on, presence waits in the node and is stored when it is back, whole', async () => {
  clock.stoppedAt = Date.now();
  const proofs = createProofs();
  const now = () => (clock.stoppedAt ?? 0) + clock.offset;
  const [present, hidden] = [learner(0), learner(1)];
  const host = await enter(a, world.host, world.classId);
  const pages = {
    present: await enter(a, present, world.classId),
    hidden: await enter(a, hidden, world.classId),
  };
  for (const person of [present, hidden]) proofs.note(person, now());
  const startedAt = now();
  await host.send('class.start', {});
  const beat = async (page: Page, person: Person, visible: boolean) => {
    await page.beat(visible);
    if (visible) proofs.note(person, now());
  };
  /** Ten seconds of the class; one learner looks elsewhere for the forty from 20 s on. */
  const tenSeconds = async () => {
    clock.offset += 10_000;
    const looksElsewhere = now() - startedAt >= 20_000 && now() - startedAt < 60_000;
    await beat(pages.present, present, true);
    await beat(pages.hidden, hidden, !looksElsewhere);
  };
  await tenSeconds();
  await expect
    .poll(() => storedSpans(world.db, world.classId, present), { timeout: 10_000 })
    .toEqual(proofs.spans(present));

  await redis.halt('SIGKILL');
  await host.message('trouble', ({ kind, healed }) => kind === 'shared-state' && !healed);
  const acknowledged: string[] = [];
  for (let n = 0; n < 6; n += 1) {
    await tenSeconds();
    acknowledged.push((await pages.present.send('chat.send', say(`没有 Redis ${n}`))).id);
  }
  const { quizId } = await host.send('quiz.open', {
    kind: 'single',
    stem: '一加一',
    options: ['1', '2'],
    correct: [1],
    seconds: 60,
  });
  await pages.present.send('quiz.answer', { quizId, choice: [1] });
  await pages.hidden.event('chat.sent', (e) => e.message.id === acknowledged.at(-1));
  expect(await storedSpans(world.db, world.classId, present)).toEqual([
    { from: startedAt, to: startedAt + 10_000 },
  ]);

  await redis.start();
  await host.message('trouble', ({ kind, healed }) => kind === 'shared-state' && healed);
  await tenSeconds();
  await host.send('class.end', {});
  await pages.present.event('class.changed', (e) => e.class.state === 'ended');
  // The end finds both in the class [AT1].
  for (const person of [present, hidden]) proofs.note(person, now());
  const expected = (person: Person) => proofs.spans(person).reduce((sum, { from, to }) => sum + to - from, 0);
  expect([expected(present), expected(hidden)]).toEqual([80_000, 30_000]);
  const counted = async (person: Person) => {
    const facts = await loadAttendanceFacts(world.db, world.classId);
    const own = facts?.learners.find(({ userId }) => userId === person.id);
    if (!facts || !own) return null;
    const { live, outages } = facts;
    const policy = resolvePolicy({});
    return attendance({ intervals: own.intervals, live, outages, policy, now: now(), endedAt: now() })
      .presentMs;
  };
  await expect.poll(() => counted(present), { timeout: 10_000 }).toBe(80_000);
  await expect.poll(() => counted(hidden), { timeout: 10_000 }).toBe(30_000);
  expect(await storedChat()).toEqual(expect.arrayContaining(acknowledged));
  const answers = await world.db.prisma.quizAnswer.findMany({
    where: { quizId },
    select: { userId: true, correct: true },
  });
  expect(answers).toEqual([{ userId: present.id, correct: true }]);
});
