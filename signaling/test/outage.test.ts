/** Our outage is not their absence, and the learner reads that on the own chip. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  closePages,
  createWorld,
  enter,
  openPage,
  startNode,
  ticketFor,
  type Node,
  type Person,
  type TestClock,
  type World,
} from './harness.ts';

const second = 1_000;
const clock: TestClock = { offset: 0, stoppedAt: Date.now() };
let world: World;
let node: Node;
beforeAll(async () => {
  world = await createWorld(2);
  node = await startNode(world.db, { clock });
});
afterEach(closePages);
afterAll(async () => {
  await node.close();
  await world.close();
});

test('[AT4] a node that goes away is bridged on the chip of who comes back in time, and of nobody else', async () => {
  const [prompt, late] = world.learners;
  if (!prompt || !late) throw new Error('two learners');
  const wait = (seconds: number) => (clock.offset += seconds * second);
  const host = await enter(node, world.host, world.classId);
  await host.send('class.start', {});
  const before = await Promise.all([prompt, late].map((person) => enter(node, person, world.classId)));
  wait(10);
  for (const page of before) await page.beat();
  wait(5);
  await node.close();

  wait(60);
  node = await startNode(world.db, { clock });
  // The next node ends the outage, at 75 s; pages were told to wait for at most 4.2 s.
  await expect
    .poll(() => world.db.prisma.outage.findFirst({ where: { kind: 'signaling' } }))
    .toMatchObject({ to: expect.any(Date) });
  const comeBack = async (person: Person) => {
    const page = await openPage(node.url, ticketFor(person, world.classId, { exp: 1e11 }));
    await page.join({ lastSeq: 1 });
    return page;
  };
  wait(64);
  const back = await comeBack(prompt);
  await back.message('counted', ({ counting, countedMs }) => counting && countedMs === 139 * second);
  wait(1);
  const tooLate = await comeBack(late);
  await tooLate.message('counted', ({ counting, countedMs }) => counting && countedMs === 10 * second);
  wait(10);
  await tooLate.beat();
  await back.beat();
  const again = await comeBack(world.host);
  await again.send('class.pause', {});
  const counted = await Promise.all(
    [back, tooLate].map((page) => page.message('counted', ({ reason }) => reason === 'paused')),
  );
  expect(counted.map(({ countedMs }) => countedMs / second)).toEqual([150, 20]);
});
