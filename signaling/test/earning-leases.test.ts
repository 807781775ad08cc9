import { randomUUID } from 'node:crypto';
import { earningEndings } from '@keshi/contract/study';
import { earningPlaces, takeEarningLeases } from '@keshi/db/earning-leases';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { closePages, createWorld, enter, startNode, type Node, type Person, type World } from './harness.ts';

let world: World;
let node: Node;
let learner: Person;
beforeAll(async () => {
  world = await createWorld(1);
  [learner] = world.learners as [Person];
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

const place = async () => (await earningPlaces(world.db, [learner.id])).get(learner.id) ?? null;
const soon = { timeout: 10_000, interval: 50 };

describe('[WL4] one account earns in one place', () => {
  test('a class that was joined holds the lease, and one that is left gives it back', async () => {
    const page = await enter(node, learner, world.classId);
    await vi.waitFor(
      async () => expect(await place()).toMatchObject({ kind: 'live', contextId: world.classId }),
      soon,
    );
    page.close();
    await vi.waitFor(async () => expect(await place()).toBeNull(), soon);
  });

  test('a lesson that is begun ends the class at once, and visibly', async () => {
    const page = await enter(node, learner, world.classId);
    await vi.waitFor(async () => expect((await place())?.contextId).toBe(world.classId), soon);
    const lesson = {
      userId: learner.id,
      kind: 'lesson' as const,
      contextId: randomUUID(),
      token: randomUUID(),
    };
    const [taken] = await takeEarningLeases(world.db, [lesson], Date.now());
    expect(taken?.ended).toMatchObject({ kind: 'live', contextId: world.classId });
    await node.state.bus.publish(earningEndings, { userId: learner.id, ...taken?.ended });
    expect(await page.message('goodbye')).toMatchObject({ reason: 'replaced-in-class' });
    const cause = async () =>
      (await world.db.prisma.presenceInterval.findFirst({ where: { classId: world.classId } }))?.cause;
    await vi.waitFor(async () => expect(await cause()).toBe('replaced'), soon);
    // What the lesson holds is not given back by the class that ended.
    expect(await place()).toMatchObject({ kind: 'lesson', token: lesson.token });
  });

  test('another class that is joined ends the first', async () => {
    const first = await enter(node, learner, world.classId);
    await vi.waitFor(async () => expect((await place())?.contextId).toBe(world.classId), soon);
    const other = await world.schedule(`课 ${randomUUID()}`);
    await enter(node, learner, other);
    expect(await first.message('goodbye')).toMatchObject({ reason: 'replaced-in-class' });
    await vi.waitFor(async () => expect((await place())?.contextId).toBe(other), soon);
  });
});
