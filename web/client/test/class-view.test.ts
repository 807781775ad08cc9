import { describe, expect, it } from 'vitest';
import type { ClassEvent, Question, Quiz, Snapshot } from '@keshi/contract/signaling';
import { applyEvent, applyTally, chatKept, viewOf } from '../src/live/class-view.ts';

const me = '00000000-0000-7000-8000-000000000001';
const other = '00000000-0000-7000-8000-000000000002';
const host = { userId: '00000000-0000-7000-8000-000000000009', name: '周老师', role: 'host' } as const;

const snapshot: Snapshot = {
  serverTime: 1_000,
  seq: 10,
  class: {
    id: '00000000-0000-7000-8000-0000000000c1',
    title: '第 3 课时',
    courseTitle: '电工基础',
    groupName: '一班',
    ordinal: 3,
    state: 'live',
    scheduledStart: 0,
    scheduledEnd: 10_000,
    startedAt: 0,
    endedAt: null,
    liveMs: 1_000,
    host,
    slowModeSeconds: 0,
  },
  you: { userId: me, name: '李雷', role: 'attendee', mutedUntil: null, handRaised: false, beatMs: 10_000 },
  counted: null,
  stage: [],
  chat: [],
  questions: [],
  quizzes: [],
  hands: [],
  counts: { online: 1, expected: 2, hands: 0, openQuestions: 0, squeezed: 0, files: 0 },
  recording: { state: 'off' },
};

const chat = (seq: number): ClassEvent => ({
  type: 'chat.sent',
  seq,
  at: seq,
  message: { id: `m${seq}`, from: host, text: `第 ${seq} 句` },
});

const question = (change: Partial<Question> = {}): Question => ({
  id: 'q1',
  at: 1,
  from: { userId: other, name: '韩梅梅', role: 'attendee' },
  text: '零线能不能当地线？',
  state: 'open',
  votes: 0,
  voted: false,
  answer: null,
  answeredBy: null,
  answeredAt: null,
  ...change,
});

const quiz = (change: Partial<Quiz> = {}): Quiz => ({
  id: 'z1',
  kind: 'single',
  stem: '安全电压是多少？',
  options: ['36 V', '220 V'],
  openedAt: 1,
  closesAt: 60_001,
  closedAt: null,
  correct: null,
  mine: null,
  totals: null,
  ...change,
});

describe('what the page knows of a class', () => {
  it('passes over an event it has already seen, as a replay after a reconnect brings it', () => {
    const once = [chat(11), chat(12)].reduce(applyEvent, viewOf(snapshot));
    const again = [chat(11), chat(12), chat(13)].reduce(applyEvent, once);
    expect(again.chat.map((message) => message.seq)).toEqual([11, 12, 13]);
    expect(again.seq).toBe(13);
  });

  it('passes over what its snapshot already holds', () => {
    expect(applyEvent(viewOf(snapshot), chat(10)).chat).toEqual([]);
  });

  it('removes a deleted message', () => {
    const view = [chat(11), chat(12)].reduce(applyEvent, viewOf(snapshot));
    const after = applyEvent(view, { type: 'chat.deleted', seq: 13, at: 13, id: 'm11', by: host.userId });
    expect(after.chat.map((message) => message.id)).toEqual(['m12']);
  });

  it('keeps a bounded chat', () => {
    const events = Array.from({ length: chatKept + 20 }, (_, index) => chat(11 + index));
    const view = events.reduce(applyEvent, viewOf(snapshot));
    expect(view.chat).toHaveLength(chatKept);
    expect(view.chat.at(-1)?.seq).toBe(11 + chatKept + 19);
  });

  it('keeps the reader’s own vote when a broadcast changes the question', () => {
    let view = applyEvent(viewOf(snapshot), {
      type: 'question.asked',
      seq: 11,
      at: 11,
      question: question({ voted: true, votes: 1 }),
    });
    view = applyEvent(view, {
      type: 'question.changed',
      seq: 12,
      at: 12,
      question: question({ state: 'answered-text', answer: '不能。', votes: 4 }),
    });
    expect(view.questions[0]).toMatchObject({ voted: true, votes: 4, answer: '不能。' });
  });

  it('keeps the reader’s own answer when the quiz closes [EX6: the correct one comes only then]', () => {
    let view = applyEvent(viewOf(snapshot), {
      type: 'quiz.opened',
      seq: 11,
      at: 11,
      quiz: quiz({ mine: [0] }),
    });
    view = applyEvent(view, {
      type: 'quiz.closed',
      seq: 12,
      at: 12,
      quiz: quiz({ correct: [0], closedAt: 12 }),
    });
    expect(view.quizzes[0]).toMatchObject({ mine: [0], correct: [0] });
  });

  it('lets a late tally change nothing about a closed quiz', () => {
    const totals = { quizId: 'z1', answered: 2, asked: 2, perOption: [2, 0], correct: 2 };
    const closed = applyEvent(viewOf(snapshot), {
      type: 'quiz.closed',
      seq: 11,
      at: 11,
      quiz: quiz({ closedAt: 11, totals }),
    });
    const late = applyTally(closed, { quiz: { ...totals, answered: 1, perOption: [1, 0] }, votes: [] });
    expect(late.quizzes[0]?.totals?.answered).toBe(2);
  });

  it('knows one’s own hand and mute from the events about oneself alone', () => {
    let view = applyEvent(viewOf(snapshot), {
      type: 'hand.raised',
      seq: 11,
      at: 11,
      hand: { userId: me, name: '李雷', raisedAt: 11 },
    });
    expect(view.you.handRaised).toBe(true);
    view = applyEvent(view, { type: 'member.muted', seq: 12, at: 12, userId: other, until: 99 });
    expect(view.you.mutedUntil).toBeNull();
    view = applyEvent(view, { type: 'hand.lowered', seq: 13, at: 13, userId: me });
    expect(view.you.handRaised).toBe(false);
  });
});
