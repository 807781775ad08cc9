import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addAnswer, emptyTotals, isAnswer, learnerQuiz, questionProblems, score } from '../src/quiz.ts';
import type { Choice, QuizQuestion } from '../src/quiz.ts';

const options = ['甲', '乙', '丙', '丁'];
const single: QuizQuestion = { kind: 'single', options, correct: [2] };
const multiple: QuizQuestion = { kind: 'multiple', options, correct: [0, 3] };
const truefalse: QuizQuestion = { kind: 'truefalse', options: ['对', '错'], correct: [0] };

describe('[A5] a question', () => {
  it('can be asked as it should be', () => {
    for (const question of [single, multiple, truefalse]) expect(questionProblems(question)).toEqual([]);
  });

  it.each<[Partial<QuizQuestion>, string[]]>([
    [{ options: ['甲'], correct: [0] }, ['too-few-options']],
    [{ options: Array.from({ length: 9 }, (_, k) => String(k)) }, ['too-many-options']],
    [{ kind: 'truefalse', options: ['对', '错', '不知道'] }, ['too-many-options']],
    [{ options: ['甲', ' ', '丙'] }, ['empty-option']],
    [{ options: ['甲', '乙', '甲 '] }, ['same-option-twice']],
    [{ correct: [] }, ['correct-missing']],
    [{ correct: [0, 1] }, ['correct-invalid']],
    [{ kind: 'multiple', correct: [1, 1] }, ['correct-invalid']],
    [{ correct: [4] }, ['correct-invalid']],
    [{ correct: [0.5] }, ['correct-invalid']],
  ])('with %j has %j', (change, problems) => {
    expect(questionProblems({ ...single, ...change })).toEqual(problems);
  });
});

describe('[EX5] scoring', () => {
  it('is all or nothing', () => {
    expect(score(single, [2])).toBe(true);
    expect(score(single, [1])).toBe(false);
    expect(score(truefalse, [0])).toBe(true);
    expect(score(multiple, [3, 0])).toBe(true);
    for (const choice of [[0], [0, 1], [0, 1, 3], [], [0, 0], [0, 3, 3], [0, 3, 9]]) {
      expect(score(multiple, choice)).toBe(false);
    }
  });

  it('takes no answer that is none', () => {
    expect(isAnswer(single, [0, 1])).toBe(false);
    expect(isAnswer(single, [])).toBe(false);
    expect(isAnswer(multiple, [0, 1])).toBe(true);
    expect(isAnswer(multiple, [1, 1])).toBe(false);
  });
});

describe('[A5] totals', () => {
  it('added one by one are those of the answers that stand', () => {
    const answer = fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), answer), { maxLength: 30 }), (given) => {
        const standing = new Map<number, Choice>();
        let totals = emptyTotals(multiple);
        for (const [learner, choice] of given) {
          totals = addAnswer(totals, multiple, choice, standing.get(learner) ?? null);
          standing.set(learner, choice);
        }
        const all = [...standing.values()];
        expect(totals).toEqual({
          answered: all.length,
          correct: all.filter((choice) => score(multiple, choice)).length,
          perOption: options.map((_, k) => all.filter((choice) => choice.includes(k)).length),
        });
      }),
    );
  });
});

describe('[CT1] a learner’s correct rate', () => {
  const questions = [10, 20, 30, 40].map((openedAt) => ({ id: String(openedAt), openedAt }));

  it('is over the questions asked while present, answered or not', () => {
    const answers = new Map([['10', true]]);
    expect(learnerQuiz(questions, answers, [{ from: 10, to: 30 }])).toEqual({
      asked: 2,
      answered: 1,
      correct: 1,
      rate: 0.5,
    });
  });

  it('includes what was answered anyway, and never exceeds 1', () => {
    const answers = new Map([
      ['30', true],
      ['40', true],
    ]);
    expect(learnerQuiz(questions, answers, [])).toEqual({ asked: 2, answered: 2, correct: 2, rate: 1 });
  });

  it('does not exist where nothing was asked', () => {
    expect(learnerQuiz(questions, new Map(), [{ from: 0, to: 10 }]).rate).toBeNull();
  });
});
