/** [A2] More come at once than a node can take in: a real node, and a database that is slow at this moment. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createTurnstile } from '../src/turnstile.ts';
import { Refusal, joinRequest, openPage, ticketFor, type Page, type Person } from './harness.ts';
import { holdClass } from './held-class.ts';
import { useClass } from './setup.ts';

/** So slow a node has room for 64, 32 of them newcomers; at its door for 52 and 26. */
const stage = useClass({
  learners: 82,
  turnstile: createTurnstile({ now: () => performance.now(), perSecond: 20 }),
});

const ticket = (person: Person) => ticketFor(person, stage.classId, { exp: 1e11 });
const connect = (person: Person, returning = false) =>
  openPage(stage.node.url, ticket(person), 'tab', returning);
const refusal = (work: Promise<unknown>): Promise<Refusal> =>
  work.then(
    () => Promise.reject(new Error('was let in')),
    (error: unknown) => (error instanceof Refusal ? error : Promise.reject(error)),
  );
const say = (text: string) => ({ clientId: randomUUID(), text });

test('[A2, AT4] whoever is too many is told at once when to come again, first those who are new; the wait of who was here is bridged', async () => {
  const { node } = stage;
  node.clock.stoppedAt = Date.now();
  const host = await stage.enterHost();
  await host.send('class.start', {});
  const learner = await stage.enterLearner(0);
  node.clock.offset += 10_000;
  await learner.beat();
  const crowd: Page[] = [];
  for (let n = 0; n < 80; n += 1) crowd.push(await connect(stage.learner(2 + n)));

  const letGo = await holdClass(stage.world.database.url, stage.classId);
  const stored = host.send('chat.send', say('写不进去'));
  learner.close();
  const joins = (pages: Page[], lastSeq: number | null) =>
    Promise.all(
      pages.map((page, n) => page.sendRaw('join', { ...joinRequest, lastSeq }).then((ack) => ({ n, ack }))),
    );
  // Those who are let in are answered when the database is; those who are not, now.
  const newcomers = joins(crowd.slice(0, 32), null);
  const refused = await joins(crowd.slice(32, 40), null);
  for (const { ack } of refused) expect(ack).toMatchObject({ ok: false, error: { code: 'busy' } });
  const waits = refused.map(({ ack }) => (ack.ok ? 0 : (ack.error.retryMs ?? 0)));
  expect(Math.min(...waits)).toBeGreaterThan((32 / 20) * 1_000 * 0.7);
  expect(new Set(waits).size).toBeGreaterThan(4);
  expect((await refusal(connect(stage.learner(1)))).code).toBe('busy');
  // Who comes back is let in still, until there is no room for them either.
  const returning = joins(crowd.slice(40, 72), 1);
  const tooMany = await joins(crowd.slice(72), 1);
  for (const { ack } of tooMany) expect(ack).toMatchObject({ ok: false, error: { code: 'busy' } });
  const own = await refusal(connect(stage.learner(0), true));
  expect(own.code).toBe('busy');
  expect(own.retryMs).toBeLessThan(20_000);

  await host.message('trouble', ({ kind, healed }) => kind === 'crowd' && !healed);
  node.clock.offset += 50_000;
  await letGo();
  await stored;
  for (const { ack } of [...(await newcomers), ...(await returning)]) expect(ack).toMatchObject({ ok: true });
  await host.message('trouble', ({ kind, healed }) => kind === 'crowd' && healed);
  node.clock.offset += 10_000;
  const back = await connect(stage.learner(0), true);
  await back.join({ lastSeq: 1 });
  await back.message('counted', ({ counting, countedMs }) => counting && countedMs === 70_000);
});
