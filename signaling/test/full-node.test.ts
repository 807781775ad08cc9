/** [A2] A node has room for as many as its process may open: who is more is told so, and nobody hangs. */
import { expect, test } from 'vitest';
import { connectionsWithin, openFileLimit } from '../src/open-files.ts';
import { Refusal, openPage, ticketFor } from './harness.ts';
import { useClass } from './setup.ts';

const stage = useClass({ learners: 3, mostConnections: 2 });

test('[A2] whoever finds the node full is sent away at once, and let in when somebody has left', async () => {
  const connect = (n: number) => openPage(stage.node.url, ticketFor(stage.learner(n), stage.classId));
  const first = await connect(0);
  await connect(1);
  const refused: unknown = await connect(2).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Refusal);
  expect(refused).toMatchObject({ code: 'busy', retryMs: 1_000 });
  first.close();
  await expect.poll(() => stage.node.signaling.census().connections).toBe(1);
  const third = await connect(2);
  await third.join();
});

test('some of what a process may open is kept for other things', () => {
  expect(connectionsWithin(20_000)).toBe(19_000);
  expect(connectionsWithin(1_024)).toBe(824);
  expect(connectionsWithin(Infinity)).toBe(Infinity);
  expect(openFileLimit()).toBeGreaterThan(100);
});
