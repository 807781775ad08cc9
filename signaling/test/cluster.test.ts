import { randomUUID } from 'node:crypto';
import { visitsOfClass } from '@keshi/db/presence';
import { createDb, type Db } from '@keshi/db/client';
import { silent, testKeys } from '@keshi/db/testing/database';
import { startRedis, type TestRedis } from '@keshi/runtime/testing/redis';
import { sessionsChannel } from '@keshi/contract/tokens';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  closePages,
  createWorld,
  enter,
  openPage,
  startNode,
  ticketFor,
  type Node,
  type World,
} from './harness.ts';
import { runNode } from './node-process.ts';

let redis: TestRedis;
let world: World;
let a: Node;
let b: Node;
let dbOfB: Db;
beforeAll(async () => {
  redis = await startRedis();
  world = await createWorld(4);
  a = await startNode(world.db, { redisUrl: redis.url });
  dbOfB = createDb({ url: world.database.url, keys: testKeys, log: silent, poolSize: 5 });
  b = await startNode(dbOfB, { redisUrl: redis.url });
});
beforeEach(async () => {
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
const learner = (n: number) => {
  const person = world.learners[n];
  if (!person) throw new Error(`no learner ${n}`);
  return person;
};

describe('two nodes are one class', () => {
  test('everyone hears everything in one order, on either node', async () => {
    const host = await enter(a, world.host, world.classId);
    const here = await enter(a, learner(0), world.classId);
    const there = await enter(b, learner(1), world.classId);
    await host.send('class.start', {});
    await there.send('chat.send', say('从另一台'));
    await here.send('chat.send', say('从这一台'));
    await there.send('hand.raise', {});
    await host.event('hand.raised');
    const { quizId } = await host.send('quiz.open', {
      kind: 'single',
      stem: '一加一',
      options: ['1', '2'],
      correct: [1],
      seconds: 60,
    });
    await there.send('quiz.answer', { quizId, choice: [1] });
    await host.message('tally', ({ quiz }) => quiz?.answered === 1);
    await there.message('tally', ({ quiz }) => quiz?.answered === 1 && quiz.correct === null);
    await host.message('counts', ({ online }) => online === 2);
    // How many came is nothing a learner's page shows.
    expect(there.heard('counts')).toEqual([]);
    const texts = (page: typeof host) =>
      page.events.flatMap((e) => (e.type === 'chat.sent' ? [`${e.seq} ${e.message.text}`] : []));
    expect(texts(there)).toEqual(texts(host));
    expect(texts(host)).toHaveLength(2);
    expect(a.signaling.census().coordinators + b.signaling.census().coordinators).toBeGreaterThanOrEqual(1);
  });

  test('a second connection on the other node replaces the first', async () => {
    const first = await enter(a, learner(0), world.classId);
    const second = await enter(b, learner(0), world.classId);
    expect((await first.message('goodbye')).reason).toBe('replaced-in-class');
    await expect.poll(() => first.socket.connected).toBe(false);
    expect(second.socket.connected).toBe(true);
  });

  test('[B6] the end of a session is heard on every node', async () => {
    const page = await enter(b, learner(3), world.classId);
    const ended = { sid: learner(3).sid, userId: learner(3).id, reason: 'session-revoked' };
    await a.state.bus.publish(sessionsChannel, ended);
    expect((await page.message('goodbye')).reason).toBe('session-revoked');
  });

  test('a board on one node sees learners of the other within two seconds', async () => {
    const host = await enter(a, world.host, world.classId);
    await host.send('class.start', {});
    await host.send('board.watch', { watch: true });
    const began = performance.now();
    await enter(b, learner(2), world.classId);
    await host.message('board', ({ totals }) => totals.present === 1);
    expect(performance.now() - began).toBeLessThan(2_500);
  });
});

describe('a node that dies', () => {
  test('[AT4, AT9] its class goes on elsewhere: numbers continue, nothing acknowledged is lost, presence is closed at its last proof', async () => {
    const dying = await runNode({ database: world.database.url, redis: redis.url });
    const there = await enter(dying, learner(1), world.classId);
    const host = await enter(a, world.host, world.classId);
    await host.send('class.start', {});
    const acknowledged: string[] = [];
    const send = async (page: typeof host, text: string) => {
      const { id } = await page.send('chat.send', say(text));
      acknowledged.push(id);
    };
    for (let n = 0; n < 10; n += 1) await send(n % 2 ? there : host, `之前 ${n}`);
    const { quizId } = await host.send('quiz.open', {
      kind: 'single',
      stem: '一加一',
      options: ['1', '2'],
      correct: [1],
      seconds: 6,
    });
    await there.send('quiz.answer', { quizId, choice: [1] });
    await there.send('question.ask', say('还在吗？'));
    const before = host.events.at(-1)?.seq ?? 0;
    // The facts of the last second have to leave the node before it dies: that is the heartbeat AT9 allows to lose.
    await expect.poll(async () => (await visitsOfClass(world.db, world.classId)).length).toBe(2);

    await dying.kill();
    await send(host, '之后');
    expect(host.events.every(({ seq }, n) => n === 0 || seq > (host.events[n - 1]?.seq ?? 0))).toBe(true);
    const { seq } = await host.event('chat.sent', (e) => e.message.text === '之后');
    expect(seq).toBeGreaterThan(before);

    const back = await openPage(b.url, ticketFor(learner(1), world.classId));
    const { snapshot, missed } = await back.join({ lastSeq: before });
    expect(missed?.map((e) => e.type)).toContain('chat.sent');
    expect(snapshot.quizzes).toMatchObject([{ id: quizId, mine: [1], totals: { answered: 1 } }]);
    expect(snapshot.questions).toMatchObject([{ text: '还在吗？' }]);
    const stored = await world.db.prisma.chatMessage.findMany({ where: { id: { in: acknowledged } } });
    expect(stored).toHaveLength(acknowledged.length);
    // The timer of the quiz goes on in the new coordinator.
    await back.event('quiz.closed', (e) => e.quiz.id === quizId);

    await expect
      .poll(
        async () =>
          (await visitsOfClass(world.db, world.classId)).find(
            ({ userId, closed }) => userId === learner(1).id && closed?.cause === 'node-lost',
          ),
        { timeout: 20_000 },
      )
      .toBeDefined();
    const outage = await world.db.prisma.outage.findFirstOrThrow({ where: { scope: dying.nodeId } });
    expect(outage).toMatchObject({ kind: 'signaling' });
    expect(outage.to?.getTime()).toBeGreaterThan(outage.from.getTime());
  });

  test('a node that is stopped in order tells its own pages, and no others, when to come back, and hands its classes on', async () => {
    const leaving = await runNode({ database: world.database.url, redis: redis.url });
    const host = await enter(leaving, world.host, world.classId);
    await host.send('class.start', {});
    await host.send('chat.send', say('一'));
    const elsewhere = await enter(a, learner(0), world.classId);
    const stopped = leaving.stop();
    const goodbye = await host.message('goodbye');
    expect(goodbye.reason).toBe('draining');
    expect(goodbye.retryMs).toBeGreaterThan(0);
    expect(await stopped).toBe(0);
    const back = await openPage(a.url, ticketFor(world.host, world.classId));
    const { snapshot } = await back.join();
    expect(snapshot.class.state).toBe('live');
    expect(snapshot.chat.map(({ text }) => text)).toEqual(['一']);
    expect(await world.db.prisma.visit.count({ where: { nodeId: leaving.nodeId, closedAt: null } })).toBe(0);
    expect(elsewhere.socket.connected).toBe(true);
  });
});

describe('a coordinator that dies between storing and telling', () => {
  test('a ban holds: who is still connected is put out by the next coordinator', async () => {
    const third = await startNode(world.db, { redisUrl: redis.url });
    const observer = await enter(third, world.observer, world.classId);
    const page = await enter(a, learner(0), world.classId);
    const bannedAt = new Date();
    const member = { classId: world.classId, userId: learner(0).id };
    await world.db.prisma.classMember.create({ data: { ...member, bannedAt } });
    const gone = observer.message('goodbye');
    await third.close();
    await gone;
    await enter(b, world.host, world.classId);
    expect((await page.message('goodbye')).reason).toBe('banned');
    await expect.poll(() => page.socket.connected).toBe(false);
  });
});

describe('Redis away', () => {
  test('[AT4] a class goes on for those connected to its node, and is whole again afterwards', async () => {
    const host = await enter(a, world.host, world.classId);
    const here = await enter(a, learner(0), world.classId);
    await host.send('class.start', {});
    await redis.halt('SIGKILL');
    await host.send('chat.send', say('没有 Redis'));
    await here.event('chat.sent', (e) => e.message.text === '没有 Redis');
    await host.message('trouble', ({ kind, healed }) => kind === 'shared-state' && !healed);
    await redis.start();
    await expect
      .poll(
        async () => {
          const page = await openPage(b.url, ticketFor(learner(1), world.classId));
          const ack = await page.sendRaw('join', {
            rtpCapabilities: null,
            resume: false,
            audioOnly: false,
            lastSeq: null,
            visible: true,
            device: 'phone',
          });
          return ack.ok;
        },
        { timeout: 20_000, interval: 500 },
      )
      .toBe(true);
    await host.send('chat.send', say('又有了'));
    await here.event('chat.sent', (e) => e.message.text === '又有了');
    // Whoever could not come back meanwhile is bridged.
    await expect
      .poll(() => world.db.prisma.outage.findFirst({ where: { kind: 'shared-state' } }), { timeout: 10_000 })
      .toMatchObject({ scope: 'all', to: expect.any(Date) });
  });
});
