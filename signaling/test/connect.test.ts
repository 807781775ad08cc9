import { randomUUID } from 'node:crypto';
import { sessionsChannel } from '@keshi/contract/tokens';
import { describe, expect, test } from 'vitest';
import { codeOf, enter, openPage, sign, ticketFor, tokenSecret } from './harness.ts';
import { useClass } from './setup.ts';

const stage = useClass();

describe('at the door', () => {
  test('only a good, fresh ticket of the right kind opens it', async () => {
    const person = stage.learner();
    const good = ticketFor(person, stage.classId);
    const [head, body, signature] = good.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const forgedBody = Buffer.from(JSON.stringify({ ...claims, role: 'host' })).toString('base64url');
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    const connect = (ticket: string) => codeOf(openPage(stage.node.url, ticket));
    expect(await connect(ticketFor(person, stage.classId, { exp: Math.floor(Date.now() / 1000) - 1 }))).toBe(
      'token-expired',
    );
    const bad = {
      empty: '',
      garbage: 'a.b.c',
      'another secret': sign(claims, `${tokenSecret}!`),
      'changed claims': `${head}.${forgedBody}.${signature}`,
      'no algorithm': `${none}.${body}.`,
      'algorithm none, signed': sign(claims, tokenSecret, { alg: 'none' }),
      'an access token': sign({ ...claims, kind: 'access' }),
      'without an end': sign({ ...claims, exp: undefined }),
      'a strange role': sign({ ...claims, role: 'admin' }),
      'cut off': good.slice(0, -3),
    };
    for (const [why, ticket] of Object.entries(bad))
      expect([why, await connect(ticket)]).toEqual([why, 'unauthenticated']);
    expect(await connect(good)).toBe('ok');
  });

  test('a ticket is for one class: one that does not exist is not found', async () => {
    const page = await openPage(stage.node.url, ticketFor(stage.learner(), randomUUID()));
    expect(await codeOf(page.join())).toBe('not-found');
  });

  test('a second tab takes over: the first is told so and closed, and counted once', async () => {
    const host = await stage.enterHost();
    const first = await stage.enterLearner();
    const second = await stage.enterLearner();
    expect((await first.message('goodbye')).reason).toBe('replaced-in-class');
    await expect.poll(() => first.socket.connected).toBe(false);
    expect(second.socket.connected).toBe(true);
    const roster = await host.send('roster.page', { query: '', offset: 0, limit: 50 });
    expect(roster.rows.filter((row) => row.online && row.role === 'attendee')).toHaveLength(1);
  });

  test('[B6] an ended login session closes its connections at once', async () => {
    const replaced = await stage.enterLearner(0);
    const revoked = await stage.enterLearner(1);
    const other = await stage.enterLearner(2);
    const tell = (n: number, reason: string) =>
      stage.node.state.bus.publish(sessionsChannel, {
        sid: stage.learner(n).sid,
        userId: stage.learner(n).id,
        reason,
      });
    await tell(0, 'session-replaced');
    await tell(1, 'session-revoked');
    expect((await replaced.message('goodbye')).reason).toBe('session-replaced');
    expect((await revoked.message('goodbye')).reason).toBe('session-revoked');
    await expect.poll(() => [replaced.socket.connected, revoked.socket.connected]).toEqual([false, false]);
    expect(other.socket.connected).toBe(true);
    // The ticket of an ended session is still young, and opens nothing any more.
    const again = (n: number) => codeOf(openPage(stage.node.url, ticketFor(stage.learner(n), stage.classId)));
    expect([await again(0), await again(1), await again(2)]).toEqual([
      'session-replaced',
      'session-revoked',
      'ok',
    ]);
    for (const n of [0, 1]) stage.learner(n).sid = randomUUID();
  });

  test('a tab closed in the middle of joining leaves nothing behind', async () => {
    for (let n = 0; n < 20; n += 1) {
      const page = await openPage(stage.node.url, ticketFor(stage.learner(n % 3), stage.classId));
      page.join().catch(() => undefined);
      page.close();
    }
    await expect
      .poll(() => stage.node.signaling.census(), { timeout: 10_000 })
      .toMatchObject({
        connections: 0,
        classes: 0,
        visits: 0,
      });
    const host = await stage.enterHost();
    await expect
      .poll(async () =>
        (await host.send('roster.page', { query: '', offset: 0, limit: 50 })).rows.filter((r) => r.online),
      )
      .toHaveLength(1);
  });

  test('after a hundred visits nothing remains but what is stored', async () => {
    for (let round = 0; round < 34; round += 1) {
      const pages = await Promise.all(
        [0, 1, 2].map((n) => enter(stage.node, stage.learner(n), stage.classId)),
      );
      for (const [n, page] of pages.entries())
        if (n % 2) page.close();
        else await page.send('leave', {});
    }
    // Those who broke off might still have come back; that time is over now.
    stage.node.clock.offset = 60_000;
    await expect
      .poll(() => stage.node.signaling.census(), { timeout: 20_000 })
      .toEqual({ connections: 0, classes: 0, visits: 0, coordinators: 0, slowReaders: 0 });
    const closed = () =>
      stage.world.db.prisma.visit.count({ where: { classId: stage.classId, closedAt: { not: null } } });
    await expect.poll(closed, { timeout: 5_000 }).toBe(102);
    expect(await stage.world.db.prisma.visit.count({ where: { classId: stage.classId } })).toBe(102);
  });
});
