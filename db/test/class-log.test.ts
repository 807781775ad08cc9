import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ClassChange } from '../src/class-changes.ts';
import { append, type ClassWrite, FencedOut, takeOver, type WriteResult } from '../src/class-log.ts';
import { answersTo, eventsSince, loadClass, ownPartOf } from '../src/class-state.ts';
import { newId } from '../src/ids.ts';
import { prepareQuiz } from '../src/quizzes.ts';
import { type TestDatabase, testDatabase } from '../src/testing/database.ts';
import { minute, t0, world } from './world.ts';

let test: TestDatabase;
let here: Awaited<ReturnType<typeof world>>;
let classId: string;
beforeAll(async () => {
  test = await testDatabase();
});
beforeEach(async () => {
  here = await world(test.db);
  classId = (await here.schedule()).id;
});
afterAll(() => test.close());

const learner = (i: number) => here.learnerIds[i] ?? '';

function chat(userId: string, text: string, clientId = newId()): ClassWrite & { id: string } {
  const id = newId();
  return {
    id,
    events: [{ type: 'chat.sent', at: t0, audience: 'all', actorId: userId, payload: { messageId: id } }],
    changes: [{ kind: 'chat-sent', id, at: t0, userId, role: 'attendee', clientId, text }],
  };
}

function change(...changes: ClassChange[]): ClassWrite {
  return {
    events: [{ type: 'class.changed', at: t0, audience: 'all', actorId: null, payload: {} }],
    changes,
  };
}

const seqs = (results: readonly WriteResult[]) =>
  results.flatMap((r): (number | string)[] => (r.kind === 'stored' ? r.seqs : [r.kind]));
const stored = () => test.db.prisma.classEvent.count({ where: { classId } });

describe('the coordinator’s fence', () => {
  it('refuses the one that was replaced, and nothing of its write is stored', async () => {
    const first = await takeOver(test.db, classId);
    expect(seqs(await append(test.db, classId, first.fence, [chat(learner(0), '一')]))).toEqual([1]);
    const second = await takeOver(test.db, classId);
    expect(second).toEqual({ fence: first.fence + 1, seq: 1 });
    const late = chat(learner(0), '二');
    await expect(append(test.db, classId, first.fence, [late])).rejects.toBeInstanceOf(FencedOut);
    expect(await stored()).toBe(1);
    expect(await test.db.prisma.chatMessage.count({ where: { id: late.id } })).toBe(0);
    expect(seqs(await append(test.db, classId, second.fence, [chat(learner(0), '三')]))).toEqual([2]);
  });

  it('holds while two coordinators write at the same time: one order, no number twice, none missing', async () => {
    const former = await takeOver(test.db, classId);
    const acknowledged: number[] = [];
    const write = async (fence: number, userId: string) => {
      const results = await append(test.db, classId, fence, [chat(userId, 'a'), chat(userId, 'b')]);
      acknowledged.push(...seqs(results).map(Number));
    };
    const old = Promise.allSettled(Array.from({ length: 10 }, () => write(former.fence, learner(0))));
    const successor = await takeOver(test.db, classId);
    const fresh = Promise.all(Array.from({ length: 10 }, () => write(successor.fence, learner(1))));
    const refused = (await old).filter((result) => result.status === 'rejected');
    await fresh;
    for (const { reason } of refused) expect(reason).toBeInstanceOf(FencedOut);
    const rows = await test.db.prisma.classEvent.findMany({ where: { classId }, orderBy: { seq: 'asc' } });
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, i) => i + 1));
    expect(acknowledged.sort((a, b) => a - b)).toEqual(rows.map(({ seq }) => seq));
    expect(rows.filter(({ actorId }) => actorId === learner(0)).at(-1)?.seq ?? 0).toBe(successor.seq);
  });
});

describe('a group of writes', () => {
  it('stores a message once, however often its page sends it', async () => {
    const { fence } = await takeOver(test.db, classId);
    const clientId = newId();
    const first = chat(learner(0), '你好', clientId);
    const [a, b] = await append(test.db, classId, fence, [first, chat(learner(0), '你好', clientId)]);
    expect([a?.kind, b]).toEqual(['stored', { kind: 'duplicate', id: first.id }]);
    const again = await append(test.db, classId, fence, [
      chat(learner(0), '你好', clientId),
      chat(learner(1), '嗨', clientId),
    ]);
    expect(again).toEqual([
      { kind: 'duplicate', id: first.id },
      { kind: 'stored', seqs: [2] },
    ]);
    expect(await stored()).toBe(2);
  });

  it('lets one impossible write fail alone', async () => {
    const { fence } = await takeOver(test.db, classId);
    const impossible = change({
      kind: 'question-voted',
      id: newId(),
      userId: learner(0),
      vote: true,
      at: t0,
    });
    const results = await append(test.db, classId, fence, [
      chat(learner(0), '一'),
      impossible,
      chat(learner(1), '二'),
    ]);
    expect(results.map(({ kind }) => kind)).toEqual(['stored', 'failed', 'stored']);
    expect(seqs(results)).toEqual([1, 'failed', 2]);
    expect(await stored()).toBe(2);
  });

  it('carries everything a class does, and a successor resumes from it', async () => {
    const { db } = test;
    const prepared = await prepareQuiz(db, classId, {
      kind: 'multiple',
      stem: '旧题',
      options: ['甲', '乙', '丙'],
      correct: [0, 1],
      seconds: 60,
    });
    const { fence } = await takeOver(db, classId);
    const message = chat(learner(0), '会被删除');
    const question = newId();
    const asked = { id: question, at: t0, userId: learner(1), clientId: newId(), text: '为什么？' };
    const opened = { openedAt: t0, closesAt: t0 + minute, seconds: 60, asked: 3 };
    await append(db, classId, fence, [
      change(
        { kind: 'class-changed', state: 'live', startedAt: t0, slowModeSeconds: 5 },
        { kind: 'span-opened', id: newId(), at: t0 },
      ),
      message,
      chat(learner(2), '留下'),
      change({ kind: 'question-asked', ...asked }),
      change({ kind: 'question-voted', id: question, userId: learner(0), vote: true, at: t0 }),
      change({ kind: 'question-voted', id: question, userId: learner(2), vote: true, at: t0 }),
      change({ kind: 'question-voted', id: question, userId: learner(2), vote: false, at: t0 }),
      change({
        kind: 'quiz-opened',
        id: prepared.id,
        quizKind: 'multiple',
        stem: '新题',
        options: ['甲', '乙', '丙'],
        correct: [0, 1],
        ...opened,
      }),
      change({
        kind: 'quiz-answered',
        quizId: prepared.id,
        userId: learner(0),
        choice: [2],
        correct: false,
        at: t0,
      }),
      change({
        kind: 'quiz-answered',
        quizId: prepared.id,
        userId: learner(0),
        choice: [0, 1],
        correct: true,
        at: t0 + 1,
      }),
      change({
        kind: 'quiz-answered',
        quizId: prepared.id,
        userId: learner(1),
        choice: [1],
        correct: false,
        at: t0 + 2,
      }),
      change({ kind: 'member-changed', userId: learner(0), handRaisedAt: t0, held: ['mic'] }),
      change({ kind: 'member-changed', userId: learner(0), stage: 'on', handRaisedAt: null }),
      change({ kind: 'chat-deleted', id: message.id, by: here.instructorId, at: t0 + 5 }),
    ]);
    await append(db, classId, fence, [
      change({ kind: 'member-changed', userId: learner(0), mutedUntil: t0 + minute }),
      change({ kind: 'class-changed', state: 'paused' }, { kind: 'span-closed', at: t0 + minute }),
      change(
        { kind: 'class-changed', state: 'live' },
        { kind: 'span-opened', id: newId(), at: t0 + 2 * minute },
      ),
    ]);
    const successor = await takeOver(db, classId);
    const found = await loadClass(db, classId);
    expect(found).toMatchObject({
      class: {
        state: 'live',
        startedAt: t0,
        slowModeSeconds: 5,
        seq: 17,
        fence: successor.fence,
        expected: 3,
      },
      spans: [
        { from: t0, to: t0 + minute },
        { from: t0 + 2 * minute, to: null },
      ],
      members: [
        {
          userId: learner(0),
          handRaisedAt: null,
          stage: 'on',
          held: ['mic'],
          mutedUntil: t0 + minute,
          bannedAt: null,
        },
      ],
      questions: [{ id: question, votes: 1, state: 'open' }],
      quizzes: [
        {
          id: prepared.id,
          stem: '新题',
          closedAt: null,
          totals: { asked: 3, answered: 2, correct: 1, perOption: [1, 2, 0] },
        },
      ],
      chat: [{ text: '留下', seq: 3 }],
    });
    expect(found?.names.get(learner(1))).toBe('张三2');
    expect((await answersTo(db, prepared.id)).get(learner(0))).toEqual({ choice: [0, 1], correct: true });
    expect(await ownPartOf(db, classId, learner(0))).toEqual({
      votes: [question],
      answers: new Map([[prepared.id, [0, 1]]]),
    });
  });
});

describe('catching up', () => {
  it('brings what a person may see after what it has, without messages that were deleted since', async () => {
    const { fence } = await takeOver(test.db, classId);
    const gone = chat(learner(0), '坏话');
    const to = (audience: string): ClassWrite => ({
      events: [{ type: 'screening.alerted', at: t0, audience, actorId: null, payload: {} }],
      changes: [],
    });
    await append(test.db, classId, fence, [
      chat(learner(0), '早'),
      gone,
      to('hosts'),
      to(learner(1)),
      chat(learner(1), '好'),
    ]);
    await append(test.db, classId, fence, [
      change({ kind: 'chat-deleted', id: gone.id, by: here.instructorId, at: t0 }),
    ]);
    const missed = async (userId: string, hosts: boolean, limit?: number) =>
      (await eventsSince(test.db, classId, 1, { userId, hosts }, limit))?.events.map(({ seq }) => seq) ??
      null;
    expect(await missed(learner(0), false)).toEqual([5, 6]);
    expect(await missed(learner(1), false)).toEqual([4, 5, 6]);
    expect(await missed(here.instructorId, true)).toEqual([3, 5, 6]);
    expect(await missed(learner(1), false, 2)).toBeNull();
    const raw = JSON.stringify(await test.db.sql('SELECT * FROM "ChatMessage" WHERE "id" = $1', [gone.id]));
    expect(raw).not.toContain('坏话');
  });
});
