import { prepareQuiz } from '@keshi/db/quizzes';
import { describe, expect, test } from 'vitest';
import { codeOf, openPage, ticketFor, type Page } from './harness.ts';
import { useClass } from './setup.ts';

const stage = useClass({ learners: 4 });
const draft = {
  kind: 'multiple' as const,
  stem: '哪些是绝缘材料？',
  options: ['橡胶', '铜', '陶瓷', '铝'],
  correct: [0, 2],
  seconds: 600,
};

/** Everything a page was told, searched for an answer key. */
function tellsCorrect(page: Page): boolean {
  const find = (value: unknown): boolean => {
    if (Array.isArray(value)) return value.some(find);
    if (typeof value !== 'object' || value === null) return false;
    return Object.entries(value).some(([key, inner]) => (key === 'correct' && inner !== null) || find(inner));
  };
  return find(page.raw.map(({ payload }) => payload));
}

describe('questions in class', () => {
  test('[EX6] the correct answers reach nobody but the host before closing', async () => {
    const host = await stage.enterHost();
    const observer = await stage.enterObserver();
    const learners = await Promise.all([0, 1, 2].map(stage.enterLearner));
    await host.send('class.start', {});
    const { quizId } = await host.send('quiz.open', draft);
    expect((await host.event('quiz.opened')).quiz).toMatchObject({ correct: [0, 2], totals: { asked: 3 } });
    expect((await learners[0]!.event('quiz.opened')).quiz).toMatchObject({ correct: null, mine: null });
    expect((await observer.event('quiz.opened')).quiz.correct).toBeNull();

    await learners[0]!.send('quiz.answer', { quizId, choice: [2, 0] });
    await learners[1]!.send('quiz.answer', { quizId, choice: [1] });
    const tally = await host.message('tally', ({ quiz }) => quiz?.answered === 2);
    expect(tally.quiz).toEqual({ quizId, answered: 2, asked: 3, perOption: [1, 1, 1, 0], correct: 1 });
    await learners[2]!.message('tally', ({ quiz }) => quiz?.answered === 2);

    // Somebody who comes back, and somebody who comes late, learn no more.
    const back = await openPage(stage.node.url, ticketFor(stage.learner(0), stage.classId));
    const { snapshot } = await back.join({ lastSeq: 0 });
    expect(snapshot.quizzes).toMatchObject([
      { id: quizId, correct: null, mine: [2, 0], totals: { correct: null } },
    ]);
    const late = await openPage(stage.node.url, ticketFor(stage.learner(3), stage.classId));
    const lateJoin = await late.join({ lastSeq: 0 });
    expect(JSON.stringify(lateJoin)).not.toMatch(/"correct":[^n]/);
    for (const page of [...learners, back, late]) expect(tellsCorrect(page)).toBe(false);

    await host.send('quiz.close', { quizId });
    expect((await learners[2]!.event('quiz.closed')).quiz).toMatchObject({
      correct: [0, 2],
      totals: { answered: 2, correct: 1, perOption: [1, 1, 1, 0] },
    });
  });

  test('the first answer stands; the same one again is acknowledged again', async () => {
    const host = await stage.enterHost();
    const learner = await stage.enterLearner();
    await host.send('class.start', {});
    const { quizId } = await host.send('quiz.open', draft);
    await learner.send('quiz.answer', { quizId, choice: [0] });
    await learner.send('quiz.answer', { quizId, choice: [0] });
    expect(await codeOf(learner.send('quiz.answer', { quizId, choice: [0, 2] }))).toBe('already-done');
    const other = await stage.enterLearner(1);
    for (const choice of [[7], [0, 0]])
      expect(await codeOf(other.send('quiz.answer', { quizId, choice }))).toBe('invalid-input');
    const rows = await stage.world.db.prisma.quizAnswer.findMany({ where: { quizId } });
    expect(rows).toMatchObject([{ userId: stage.learner().id, choice: [0], correct: false }]);
  });

  test('one at a time, only while live, prepared ones once', async () => {
    const host = await stage.enterHost();
    expect(await codeOf(host.send('quiz.open', draft))).toBe('class-not-started');
    await host.send('class.start', {});
    const prepared = await prepareQuiz(stage.world.db, stage.classId, draft);
    expect(await host.send('quiz.open', { draftId: prepared.id })).toEqual({ quizId: prepared.id });
    expect(await codeOf(host.send('quiz.open', draft))).toBe('quiz-open');
    await host.send('quiz.close', { quizId: prepared.id });
    expect(await codeOf(host.send('quiz.open', { draftId: prepared.id }))).toBe('already-done');
    await host.send('class.pause', {});
    expect(await codeOf(host.send('quiz.open', draft))).toBe('class-paused');
    const wrong = { ...draft, kind: 'single' as const };
    await host.send('class.resume', {});
    expect(await codeOf(host.send('quiz.open', wrong))).toBe('invalid-input');
  });

  test('it closes by itself when its time is over, and takes no answer after', async () => {
    const host = await stage.enterHost();
    const learner = await stage.enterLearner();
    await host.send('class.start', {});
    const { quizId } = await host.send('quiz.open', { ...draft, seconds: 5 });
    const { quiz } = await learner.event('quiz.opened');
    expect(quiz.closesAt - quiz.openedAt).toBe(5_000);
    stage.node.clock.offset = 5_001;
    const { quiz: closed } = await learner.event('quiz.closed');
    expect(closed.closedAt).toBe(quiz.closesAt);
    expect(await codeOf(learner.send('quiz.answer', { quizId, choice: [0] }))).toBe('quiz-closed');
  });

  test('the end of the class closes what is open', async () => {
    const host = await stage.enterHost();
    const learner = await stage.enterLearner();
    await host.send('class.start', {});
    await host.send('quiz.open', draft);
    await learner.send('hand.raise', {});
    await host.send('class.end', {});
    await learner.event('class.changed', (e) => e.class.state === 'ended');
    expect(learner.events.map(({ type }) => type)).toContain('quiz.closed');
    expect(await codeOf(learner.send('chat.send', { clientId: crypto.randomUUID(), text: 'x' }))).toBe(
      'class-ended',
    );
    expect(await codeOf(host.send('class.start', {}))).toBe('class-ended');
    const members = await stage.world.db.prisma.classMember.findMany({ where: { classId: stage.classId } });
    expect(members.every(({ handRaisedAt }) => handRaisedAt === null)).toBe(true);
  });
});
