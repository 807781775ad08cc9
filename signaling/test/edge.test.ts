import { randomUUID } from 'node:crypto';
import { limits, type ClientEventName } from '@keshi/contract/signaling';
import { describe, expect, test } from 'vitest';
import { rolesOf } from '../src/permissions.ts';
import { enter, openPage, ticketFor, startNode, type Page } from './harness.ts';
import { eventNames, wellFormed, withoutFields } from './requests.ts';
import { useClass } from './setup.ts';

const stage = useClass();

/** What a refused message must leave as it was. */
async function stored() {
  const { classId, world } = stage;
  const { db } = world;
  const [of, events, chat, questions, quizzes, members] = await Promise.all([
    db.prisma.liveClass.findUniqueOrThrow({ where: { id: classId }, select: { state: true, seq: true } }),
    db.prisma.classEvent.count({ where: { classId } }),
    db.prisma.chatMessage.count({ where: { classId } }),
    db.prisma.question.count({ where: { classId } }),
    db.prisma.quiz.count({ where: { classId } }),
    db.prisma.classMember.count({ where: { classId } }),
  ]);
  return { ...of, events, chat, questions, quizzes, members };
}

const answer = async (page: Page, name: string, payload: unknown) => {
  const ack = await page.sendRaw(name, payload);
  return ack.ok ? 'ok' : ack.error.code;
};

describe('every event passes one edge', () => {
  test.each(['attendee', 'observer'] as const)('what is not for the role %s is forbidden', async (role) => {
    const host = await stage.enterHost();
    const page = role === 'attendee' ? await stage.enterLearner() : await stage.enterObserver();
    const before = await stored();
    const refused = eventNames.filter((name) => !rolesOf[name].includes(role));
    expect(refused.length).toBeGreaterThan(10);
    for (const name of refused)
      expect([name, await answer(page, name, wellFormed[name])]).toEqual([name, 'forbidden']);
    expect(await stored()).toEqual(before);
    host.close();
  });

  test('malformed requests are invalid input with the wrong fields, and change nothing', async () => {
    const pages: Page[] = [await stage.enterHost(), await stage.enterLearner(), await stage.enterObserver()];
    const before = await stored();
    const pageFor = (name: ClientEventName) => {
      const index = rolesOf[name].includes('host') ? 0 : 1;
      return pages[index]!;
    };
    const huge = 'x'.repeat(limits.messageBytes / 16);
    const wrongTypes = (name: ClientEventName) =>
      Object.fromEntries(Object.keys(wellFormed[name]).map((key) => [key, { not: huge }]));
    for (const name of eventNames) {
      const page = pageFor(name);
      const wrong: unknown[] = [null, 7, 'text', [], undefined];
      if (!withoutFields.includes(name)) wrong.push({}, wrongTypes(name));
      for (const payload of wrong) {
        const ack = await page.sendRaw(name, payload);
        expect([name, payload, ack.ok ? 'ok' : ack.error.code]).toEqual([name, payload, 'invalid-input']);
        if (!ack.ok && !withoutFields.includes(name) && typeof payload === 'object' && payload !== null)
          expect(ack.error.fields?.length, name).toBeGreaterThan(0);
        expect(JSON.stringify(ack), 'no value comes back').not.toContain('xxx');
      }
    }
    expect(await stored()).toEqual(before);
  });

  test('numbers, ids and lengths outside their bounds are invalid input', async () => {
    const host = await stage.enterHost();
    const cases: [ClientEventName, object][] = [
      ['chat.send', { clientId: randomUUID(), text: 'x'.repeat(limits.chatChars + 1) }],
      ['chat.send', { clientId: randomUUID(), text: '   ' }],
      ['chat.send', { clientId: 'no-uuid', text: 'x' }],
      ['chat.slow', { seconds: -1 }],
      ['chat.slow', { seconds: 1.5 }],
      ['member.mute', { userId: "' OR 1=1 --", minutes: 5 }],
      ['roster.page', { query: '', offset: 0, limit: 100_000 }],
      ['quiz.open', { kind: 'single', stem: 's', options: ['a'], correct: [0], seconds: 30 }],
      ['quiz.open', { kind: 'single', stem: 's', options: ['a', 'b'], correct: [5], seconds: 30 }],
      ['quiz.open', { kind: 'single', stem: 's', options: ['a', 'b'], correct: [0], seconds: 1e9 }],
    ];
    await host.send('class.start', {});
    const before = await stored();
    for (const [name, payload] of cases)
      expect([name, await answer(host, name, payload)]).toEqual([name, 'invalid-input']);
    expect(await stored()).toEqual(before);
  });

  test('unknown events are said to be unknown', async () => {
    const page = await stage.enterLearner();
    for (const name of ['nothing', 'toString', '__proto__', 'constructor', 'events'])
      expect([name, await answer(page, name, {})]).toEqual([name, 'unknown-event']);
  });

  test('nothing is answered before the join', async () => {
    const page = await openPage(stage.node.url, ticketFor(stage.world.host, stage.classId));
    for (const name of eventNames.filter((name) => name !== 'join' && name !== 'leave'))
      if (rolesOf[name].includes('host'))
        expect([name, await answer(page, name, wellFormed[name])]).toEqual([name, 'not-joined']);
  });

  test('an event without a callback, and garbage beats, harm nobody', async () => {
    const page = await stage.enterLearner();
    for (const name of eventNames.filter((name) => name !== 'leave')) page.socket.emit(name, null);
    page.socket.emit('beat');
    page.socket.emit('beat', { visible: 'yes' });
    page.socket.emit('chat.send');
    expect(await answer(page, 'hand.raise', {})).toBe('ok');
  });

  test('a message beyond the size closes that connection alone', async () => {
    const other = await stage.enterLearner(1);
    const page = await stage.enterLearner();
    const closed = new Promise<string>((resolve) => page.socket.once('disconnect', resolve));
    page.socket.emit('chat.send', { clientId: randomUUID(), text: 'x'.repeat(limits.messageBytes + 1) });
    expect(await closed).toMatch(/transport/);
    expect(await answer(other, 'hand.raise', {})).toBe('ok');
  });

  test('a flood is refused with the time to wait, and the class does not notice', async () => {
    const strict = await startNode(stage.world.db, { limits: 1 });
    try {
      const page = await enter(strict, stage.learner(), stage.classId);
      const acks = await Promise.all(
        Array.from({ length: 60 }, () => page.sendRaw('chat.send', { clientId: randomUUID(), text: 'x' })),
      );
      const refused = acks.filter((ack) => !ack.ok && ack.error.code === 'rate-limited');
      expect(refused.length).toBeGreaterThan(30);
      for (const ack of refused) expect(ack.ok ? 0 : ack.error.retryMs).toBeGreaterThan(0);
      expect(acks.filter((ack) => ack.ok).length).toBeGreaterThan(0);
      const closed = new Promise((resolve) => page.socket.once('disconnect', resolve));
      for (let n = 0; n < 800; n += 1) page.socket.emit('hand.raise', {});
      await closed;
    } finally {
      await strict.close();
    }
  });

  test('ids of another class are not found, and that class stays as it is', async () => {
    const elsewhere = await stage.world.schedule('别的课');
    const otherHost = await enter(stage.node, stage.world.host, elsewhere);
    const otherLearner = await enter(stage.node, stage.learner(1), elsewhere);
    await otherHost.send('class.start', {});
    const { id: messageId } = await otherLearner.send('chat.send', { clientId: randomUUID(), text: '那边' });
    const { id: questionId } = await otherLearner.send('question.ask', {
      clientId: randomUUID(),
      text: '那边？',
    });
    const { quizId } = await otherHost.send('quiz.open', wellFormed['quiz.open']);

    const host = await stage.enterHost();
    const learner = await stage.enterLearner();
    await host.send('class.start', {});
    const tries: [Page, ClientEventName, object][] = [
      [host, 'chat.delete', { id: messageId }],
      [host, 'question.answer', { id: questionId, mode: 'done' }],
      [host, 'question.delete', { id: questionId }],
      [learner, 'question.vote', { id: questionId, vote: true }],
      [host, 'quiz.close', { quizId }],
      [host, 'quiz.open', { draftId: quizId }],
      [learner, 'quiz.answer', { quizId, choice: [0] }],
      [host, 'member.mute', { userId: randomUUID(), minutes: 5 }],
      [host, 'member.ban', { userId: randomUUID(), banned: true }],
      [host, 'stage.invite', { userId: randomUUID() }],
    ];
    for (const [page, name, payload] of tries)
      expect([name, await answer(page, name, payload)]).toEqual([name, 'not-found']);
    const message = await stage.world.db.prisma.chatMessage.findUniqueOrThrow({ where: { id: messageId } });
    expect(message.deletedAt).toBeNull();
  });
});
