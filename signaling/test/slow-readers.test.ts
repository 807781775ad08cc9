/** Whoever stops reading costs the node bounded memory, and nobody else anything. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { visitsOfClass } from '@keshi/db/presence';
import { beforeEach, expect, test } from 'vitest';
import { patienceMs } from '../src/slow-readers.ts';
import { joinRequest, openPage, ticketFor, type Page } from './harness.ts';
import { useClass } from './setup.ts';

const stage = useClass();
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes this process, the node and its pages, holds on to. */
function held(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The chat in it makes a snapshot at least as long as this, in bytes. */
const snapshotBytes = 50 * 500 * 3;
let host: Page;
let other: Page;
beforeEach(async () => {
  host = await stage.enterHost();
  other = await stage.enterLearner(1);
  await host.send('class.start', {});
  for (let n = 0; n < 50; n += 1)
    await host.send('chat.send', { clientId: randomUUID(), text: '课'.repeat(500) });
});

/** Goes on sending and reads nothing any more, as a browser that hangs. */
function stopReading(page: Page): void {
  const { ws } = page.socket.io.engine.transport as unknown as { ws: { _socket: Socket } };
  ws._socket.pause();
}

/** Asks for snapshots, and reads none of them. */
function ask(page: Page, times: number): void {
  for (let n = 0; n < times; n += 1) page.socket.emit('join', joinRequest, () => undefined);
}

const connections = () => stage.node.signaling.census().connections;

/** The class as those who read see it: what the host says next, and how their own requests are answered. */
async function classGoesOn(): Promise<void> {
  const text = randomUUID();
  await host.send('chat.send', { clientId: randomUUID(), text });
  await other.event('chat.sent', ({ message }) => message.text === text);
  await other.send('hand.raise', {});
  await other.send('hand.lower', {});
}

test('a page that asks on and on and reads nothing is let go at a bound, and the others notice nothing', async () => {
  const page = await stage.enterLearner(0);
  stopReading(page);
  const before = held();
  // By time it would be let go after 20 s of the node's clock, which stands still.
  stage.node.clock.stoppedAt = Date.now();
  let asked = 0;
  await expect
    .poll(
      async () => {
        ask(page, 10);
        asked += 10 * snapshotBytes;
        await classGoesOn();
        return connections();
      },
      { timeout: 30_000, interval: 20 },
    )
    .toBe(2);
  // What it asked for has gone with it: nothing keeps it alive.
  await expect.poll(() => held() - before, { timeout: 5_000 }).toBeLessThan(asked / 4);
  await expect.poll(() => stage.node.signaling.census().slowReaders, { timeout: 5_000 }).toBe(0);
  page.close();
});

test('[AT2] a page that has hung is let go after a while: its visit is lost at its last proof, and it comes back', async () => {
  const page = await stage.enterLearner(0);
  const learner = stage.learner(0);
  const { clock, signaling } = stage.node;
  stopReading(page);
  let stuck = false;
  await expect
    .poll(
      () => {
        const { slowReaders } = signaling.census();
        // Until the system takes no more of it, which may be later than it first seems; then the time passes.
        if (slowReaders === 0) ask(page, 10);
        else if (!stuck) clock.offset += patienceMs;
        stuck = slowReaders > 0;
        return connections();
      },
      { timeout: 30_000, interval: 20 },
    )
    .toBe(2);
  await classGoesOn();
  const visitOf = async () =>
    (await visitsOfClass(stage.world.db, stage.classId)).find(({ userId }) => userId === learner.id);
  await expect.poll(visitOf, { timeout: 5_000 }).toMatchObject({ closed: { cause: 'lost' } });
  const visit = await visitOf();
  expect(visit?.closed?.at).toBe(visit?.lastSeenAt);
  const back = await openPage(stage.node.url, ticketFor(learner, stage.classId, { exp: 1e11 }));
  const { snapshot } = await back.join({ lastSeq: 1 });
  expect(snapshot.class.state).toBe('live');
  page.close();
});
