import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closePages, createWorld, enter, startNode, type Node, type World } from './harness.ts';

let world: World;
let node: Node;
beforeAll(async () => {
  world = await createWorld();
  node = await startNode(world.db);
});
beforeEach(async () => {
  world.classId = await world.schedule(`课 ${randomUUID()}`);
});
afterEach(closePages);
afterAll(async () => {
  await node.close();
  await world.close();
});

describe('a class from beginning to end', () => {
  test('start, pause, resume, end reach everyone in order', async () => {
    const host = await enter(node, world.host, world.classId);
    const learner = await enter(node, world.learners[0]!, world.classId);
    await host.send('class.start', {});
    await host.send('class.pause', {});
    await host.send('class.resume', {});
    await host.send('class.end', {});
    await learner.event('class.changed', (e) => e.class.state === 'ended');
    const states = learner.events.flatMap((e) => (e.type === 'class.changed' ? [e.class.state] : []));
    expect(states).toEqual(['live', 'paused', 'live', 'ended']);
    const seqs = learner.events.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  });

  test('a chat message is stored before it is acknowledged and seen by all', async () => {
    const host = await enter(node, world.host, world.classId);
    const learner = await enter(node, world.learners[0]!, world.classId);
    const { id } = await learner.send('chat.send', { clientId: randomUUID(), text: '老师好' });
    const stored = await world.db.prisma.chatMessage.findUnique({ where: { id } });
    expect(stored?.text).toBe('老师好');
    expect((await host.event('chat.sent')).message).toMatchObject({ id, text: '老师好' });
  });
});
