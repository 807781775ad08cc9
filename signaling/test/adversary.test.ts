/** What a changed client, a raw socket or an unlucky moment may try: rights and presence are decided here, not there. */
import { randomUUID } from 'node:crypto';
import { intervalsOfPerson } from '@keshi/db/presence';
import { beforeEach, describe, expect, test } from 'vitest';
import { joinRequest, openPage, ticketFor } from './harness.ts';
import { holdClass } from './held-class.ts';
import { useClass } from './setup.ts';

const stage = useClass();
beforeEach(() => {
  stage.node.clock.stoppedAt = Date.now();
});
const second = 1_000;

function wait(seconds: number): void {
  stage.node.clock.offset += seconds * second;
}

const intervals = async () => {
  const rows = await intervalsOfPerson(stage.world.db, stage.classId, stage.learner().id);
  return rows.map(({ from, lastProof, cause }) => ({
    seconds: Math.round((lastProof - from) / second),
    cause,
  }));
};
const say = (text: string) => ({ clientId: randomUUID(), text });

describe('two sockets of one person', () => {
  test('a second tab that connects and never joins takes nothing from the first', async () => {
    const host = await stage.enterHost();
    const page = await stage.enterLearner();
    const idle = await openPage(stage.node.url, ticketFor(stage.learner(), stage.classId));
    await host.send('member.mute', { userId: stage.learner().id, minutes: 5 });
    await page.event('member.muted', ({ until }) => until !== null);
    idle.close();
    await expect.poll(() => stage.node.signaling.census().connections).toBe(2);
    await host.send('member.mute', { userId: stage.learner().id, minutes: 0 });
    await page.event('member.muted', ({ until }) => until === null);
  });

  test('a page that joins while it is joining is refused, and its class is held once', async () => {
    const other = await stage.enterLearner(1);
    const page = await openPage(stage.node.url, ticketFor(stage.learner(), stage.classId));
    const acks = await Promise.all([0, 1, 2].map(() => page.sendRaw('join', joinRequest)));
    expect(acks.map((ack) => (ack.ok ? 'ok' : ack.error.code))).toEqual(['ok', 'conflict', 'conflict']);
    await page.send('leave', {});
    await other.send('chat.send', say('还在'));
    await other.event('chat.sent');
    expect(stage.node.signaling.census().classes).toBe(1);
  });
});

describe('proofs that are none', () => {
  test('[AT1] beats before joining, after leaving and after the end prove nothing', async () => {
    const host = await stage.enterHost();
    const page = await openPage(stage.node.url, ticketFor(stage.learner(), stage.classId));
    await page.beat();
    wait(10);
    await page.beat();
    await page.join();
    await host.send('class.start', {});
    wait(10);
    await page.beat();
    await host.send('class.end', {});
    await page.event('class.changed', (e) => e.class.state === 'ended');
    wait(10);
    await page.beat();
    page.socket.emit('leave', {}, () => undefined);
    page.socket.emit('beat', { visible: true, rttMs: null });
    await expect.poll(() => page.socket.connected).toBe(false);
    await expect.poll(intervals, { timeout: 5_000 }).toEqual([{ seconds: 10, cause: 'ended' }]);
  });

  test('[AT1] messages of a hidden page prove nothing, however many', async () => {
    const page = await stage.enterLearner();
    await page.beat(false);
    for (let n = 0; n < 5; n += 1) {
      wait(10);
      await page.send('chat.send', say(`第${n}条`));
    }
    page.close();
    await expect.poll(intervals, { timeout: 5_000 }).toEqual([{ seconds: 0, cause: 'hidden' }]);
  });

  test('[AT1] a message proves presence when it arrives, not when the database has stored it', async () => {
    const page = await stage.enterLearner();
    const letGo = await holdClass(stage.world.database.url, stage.classId);
    const raised = page.send('hand.raise', {});
    // Answered after the hand has arrived: messages of one connection come in order.
    await page.sendRaw('nothing', {});
    wait(20);
    await Promise.all([letGo(), raised]);
    page.close();
    await expect.poll(intervals, { timeout: 5_000 }).toEqual([{ seconds: 0, cause: 'lost' }]);
  });
});

describe('sessions', () => {
  test('[B6] the ticket of a session whose end this node was never told opens nothing for long', async () => {
    const { db } = stage.world;
    const { id: userId, sid } = stage.learner();
    const at = new Date();
    await db.prisma.loginSession.create({
      data: { id: sid, userId, refreshHash: randomUUID(), expiresAt: at, endedAt: at, endReason: 'revoked' },
    });
    const page = await stage.enterLearner();
    expect((await page.message('goodbye')).reason).toBe('session-revoked');
    stage.learner().sid = randomUUID();
  });
});
