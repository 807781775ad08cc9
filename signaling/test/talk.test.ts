import { randomUUID } from 'node:crypto';
import { listScreeningHits } from '@keshi/db/screening';
import { describe, expect, test } from 'vitest';
import { codeOf, enter, openPage, ticketFor } from './harness.ts';
import { useClass } from './setup.ts';

const stage = useClass();
const say = (text: string) => ({ clientId: randomUUID(), text });

describe('chat', () => {
  test('a message sent again is stored and seen once', async () => {
    const host = await stage.enterHost();
    const learner = await stage.enterLearner();
    const message = say('只说一次');
    const answers = await Promise.all([1, 2, 3].map(() => learner.send('chat.send', message)));
    learner.close();
    const again = await stage.enterLearner();
    answers.push(await again.send('chat.send', message));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    await again.send('chat.send', say('完'));
    await host.event('chat.sent', (e) => e.message.text === '完');
    expect(host.events.filter((e) => e.type === 'chat.sent')).toHaveLength(2);
  });

  test('order is the same for everyone, and gapless over a hundred messages', async () => {
    const pages = await Promise.all([stage.enterHost(), stage.enterLearner(0), stage.enterLearner(1)]);
    await Promise.all(Array.from({ length: 99 }, (_, n) => pages[n % 3]!.send('chat.send', say(`第${n}条`))));
    const orders = await Promise.all(
      pages.map(async (page) => {
        await expect.poll(() => page.events.filter((e) => e.type === 'chat.sent').length).toBe(99);
        return page.events.flatMap((e) => (e.type === 'chat.sent' ? [e.seq] : []));
      }),
    );
    expect(orders[1]).toEqual(orders[0]);
    expect(orders[2]).toEqual(orders[0]);
    expect(orders[0]).toEqual([...orders[0]!].sort((a, b) => a - b));
    // Gathered into frames: far fewer than messages.
    expect(pages[2].heard('events').length).toBeLessThan(60);
  });

  test('who was away catches up by the last number, in order and without a gap', async () => {
    const host = await stage.enterHost();
    const learner = await stage.enterLearner();
    await host.send('chat.send', say('一'));
    const { seq } = await learner.event('chat.sent');
    learner.close();
    await host.send('chat.send', say('二'));
    const { id } = await host.send('chat.send', say('三'));
    await host.send('class.start', {});
    await host.send('chat.delete', { id });
    const back = await openPage(stage.node.url, ticketFor(stage.learner(), stage.classId));
    const { missed, snapshot } = await back.join({ lastSeq: seq });
    expect(missed?.map(({ type }) => type)).toEqual([
      'chat.sent',
      'chat.sent',
      'class.changed',
      'chat.deleted',
    ]);
    expect(snapshot.chat.map(({ text }) => text)).toEqual(['一', '二']);
    expect(snapshot.seq).toBe(missed?.at(-1)?.seq);
    expect(snapshot.class.state).toBe('live');
  });

  test('a deleted message is gone for those who come later, and in the database', async () => {
    const host = await stage.enterHost();
    const learner = await stage.enterLearner();
    const { id } = await learner.send('chat.send', say('不该说的'));
    await host.send('chat.delete', { id });
    await learner.event('chat.deleted', (e) => e.id === id);
    const { snapshot } = await (
      await openPage(stage.node.url, ticketFor(stage.learner(1), stage.classId))
    ).join();
    expect(snapshot.chat).toEqual([]);
    expect((await stage.world.db.prisma.chatMessage.findUniqueOrThrow({ where: { id } })).text).toBe('');
  });

  test('the slow mode binds learners, not the host', async () => {
    const host = await stage.enterHost();
    const learner = await stage.enterLearner();
    await host.send('chat.slow', { seconds: 60 });
    await learner.send('chat.send', say('一'));
    const second = await learner.sendRaw('chat.send', say('二'));
    expect(second).toMatchObject({ ok: false, error: { code: 'slow-mode' } });
    if (!second.ok) expect(second.error.retryMs).toBeGreaterThan(50_000);
    await host.send('chat.send', say('我说'));
    await host.send('chat.send', say('我再说'));
    await host.send('chat.slow', { seconds: 0 });
    expect(await codeOf(learner.send('chat.send', say('三')))).toBe('ok');
  });
});

describe('moderation', () => {
  test('the muted neither write, ask nor raise a hand, until it is lifted', async () => {
    const host = await stage.enterHost();
    const learner = await stage.enterLearner();
    const { id: userId } = stage.learner();
    await learner.send('hand.raise', {});
    await host.send('member.mute', { userId, minutes: 2 });
    expect((await learner.event('member.muted')).until).toBeGreaterThan(Date.now());
    await learner.event('hand.lowered');
    expect(await codeOf(learner.send('chat.send', say('x')))).toBe('muted');
    expect(await codeOf(learner.send('question.ask', say('x')))).toBe('muted');
    expect(await codeOf(learner.send('hand.raise', {}))).toBe('muted');
    learner.close();
    const back = await openPage(stage.node.url, ticketFor(stage.learner(), stage.classId));
    expect((await back.join()).snapshot.you.mutedUntil).toBeGreaterThan(Date.now());
    stage.node.clock.offset = 121_000;
    expect(await codeOf(back.send('chat.send', say('两分钟后')))).toBe('ok');
    stage.node.clock.offset = 0;
    await host.send('member.mute', { userId, minutes: null });
    expect(await codeOf(back.send('chat.send', say('x')))).toBe('muted');
    await host.send('member.mute', { userId, minutes: 0 });
    expect(await codeOf(back.send('chat.send', say('好了')))).toBe('ok');
  });

  test('the banned are out at once and stay out until they are let in', async () => {
    const host = await stage.enterHost();
    const learner = await stage.enterLearner();
    const { id: userId } = stage.learner();
    await host.send('member.ban', { userId, banned: true });
    expect(await learner.message('goodbye')).toEqual({ reason: 'banned', retryMs: null });
    const again = await openPage(stage.node.url, ticketFor(stage.learner(), stage.classId));
    expect(await codeOf(again.join())).toBe('banned');
    expect(await codeOf(host.send('member.ban', { userId: stage.world.host.id, banned: true }))).toBe(
      'forbidden',
    );
    await host.send('member.ban', { userId, banned: false });
    expect(await codeOf(again.join())).toBe('ok');
  });

  test('hands are seen by the hosts and the one who raised it, in order', async () => {
    const host = await stage.enterHost();
    const [first, second] = [await stage.enterLearner(0), await stage.enterLearner(1)];
    await first.send('hand.raise', {});
    await second.send('hand.raise', {});
    await host.event('hand.raised', (e) => e.hand.userId === stage.learner(1).id);
    await first.event('hand.raised');
    const { snapshot } = await (
      await openPage(stage.node.url, ticketFor(stage.world.observer, stage.classId))
    ).join();
    expect(snapshot.hands.map(({ userId }) => userId)).toEqual([stage.learner(0).id, stage.learner(1).id]);
    await host.send('hand.lower', { userId: stage.learner(0).id });
    await first.event('hand.lowered');
    expect(await codeOf(second.send('hand.lower', { userId: stage.learner(0).id }))).toBe('forbidden');
    expect(second.events.some((e) => e.type === 'hand.raised' && e.hand.userId === stage.learner(0).id)).toBe(
      false,
    );
  });
});

describe('questions', () => {
  test('asked once, voted for, answered', async () => {
    const host = await stage.enterHost();
    const [one, two] = [await stage.enterLearner(0), await stage.enterLearner(1)];
    const asked = say('零线和地线有什么区别？');
    const { id } = await one.send('question.ask', asked);
    expect((await one.send('question.ask', asked)).id).toBe(id);
    await two.send('question.vote', { id, vote: true });
    await two.send('question.vote', { id, vote: true });
    await host.message('tally', ({ votes }) => votes.some((v) => v.id === id && v.votes === 1));
    two.close();
    const back = await openPage(stage.node.url, ticketFor(stage.learner(1), stage.classId));
    expect((await back.join()).snapshot.questions).toMatchObject([{ id, votes: 1, voted: true }]);
    await host.send('question.answer', { id, mode: 'text', text: '零线构成回路，地线保护。' });
    const { question } = await one.event('question.changed');
    expect(question).toMatchObject({ state: 'answered-text', answeredBy: '李老师', votes: 1 });
    await host.send('question.delete', { id });
    expect((await one.event('question.changed', (e) => e.question.state === 'deleted')).question.text).toBe(
      '',
    );
  });
});

describe('screening', () => {
  test('[C8] a hit is shown to nobody, kept sealed, and alerted to the hosts', async () => {
    const host = await stage.enterHost();
    const observer = await stage.enterObserver();
    const [one, two] = [await stage.enterLearner(0), await stage.enterLearner(1)];
    const text = '课后来玩网 赌，稳赚';
    expect(await codeOf(one.send('chat.send', say(text)))).toBe('screened');
    expect(await codeOf(one.send('question.ask', say(text)))).toBe('screened');
    const { alert } = await host.event('screening.alerted');
    expect(alert).toMatchObject({
      surface: 'chat',
      category: 'gambling',
      from: { userId: stage.learner().id },
    });
    await observer.event('screening.alerted', (e) => e.alert.surface === 'question');
    await host.send('chat.send', say('请注意'));
    await two.event('chat.sent');
    expect(JSON.stringify([two.raw, one.raw])).not.toContain('稳赚');
    const { rows } = await listScreeningHits(stage.world.db, { under: '/', classId: stage.classId });
    expect(rows.map((row) => [row.surface, row.text])).toEqual([
      ['question', text],
      ['chat', text],
    ]);
    const sealed = await stage.world.db.prisma.screeningHit.findMany({ where: { classId: stage.classId } });
    expect(JSON.stringify(sealed)).not.toContain('稳赚');
    const log = await stage.world.db.prisma.classEvent.findMany({ where: { classId: stage.classId } });
    expect(JSON.stringify(log)).not.toContain('稳赚');
    expect(await stage.world.db.prisma.chatMessage.count({ where: { classId: stage.classId } })).toBe(1);
  });
});

describe('the roster', () => {
  test('pages of everybody enrolled, masked for observers', async () => {
    const host = await stage.enterHost();
    const observer = await stage.enterObserver();
    await stage.enterLearner(2);
    const page = await host.send('roster.page', { query: '学员', offset: 0, limit: 2 });
    expect(page.total).toBe(3);
    expect(page.rows).toHaveLength(2);
    expect(page.rows[0]).toMatchObject({ name: '学员3号', online: true });
    const masked = await observer.send('roster.page', { query: '', offset: 0, limit: 50 });
    expect(masked.rows.some(({ name }) => name.includes('员3'))).toBe(false);
    await enter(stage.node, stage.learner(0), stage.classId);
    await host.message('counts', ({ online, expected }) => online === 2 && expected === 3);
  });
});
