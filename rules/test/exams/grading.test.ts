import { itemContent, type ItemAnswer } from '@keshi/contract/items';
import { describe, expect, it } from 'vitest';
import { gradeAttempt, withMark } from '../../src/exams/grading.ts';
import { itemStatistics } from '../../src/exams/item-statistics.ts';

const single = itemContent.parse({ kind: 'single', stem: '?', options: ['a', 'b'], correct: [1] });
const essay = itemContent.parse({ kind: 'short-answer', stem: '?', rubric: [{ text: 'x', points: 1 }] });
const asked = (answers: readonly (ItemAnswer | null)[]) =>
  answers.map((answer, n) => ({ content: n === 0 ? single : essay, revision: 1, points: 500, answer }));
const policy = { multiple: 'all-or-nothing', passPercent: 60 } as const;
const right: ItemAnswer = { kind: 'single', choice: [1] };
const text: ItemAnswer = { kind: 'short-answer', text: '断电' };

describe('[EX4] a grading', () => {
  it('leaves open what a person could still decide', () => {
    expect(gradeAttempt(asked([right, text]), policy)).toMatchObject({
      earned: 500,
      most: 1000,
      waiting: 1,
      passed: null,
    });
    expect(gradeAttempt(asked([null, text]), policy)).toMatchObject({ earned: 0, waiting: 1, passed: false });
    expect(gradeAttempt(asked([right, null]), { ...policy, passPercent: 50 })).toMatchObject({
      waiting: 0,
      passed: true,
    });
  });

  it('is a new one after a person has marked, and keeps what was found', () => {
    const first = gradeAttempt(asked([right, text]), policy);
    const marked = withMark(first.lines, { position: 1, earned: 100, note: '要点不全' }, policy);
    expect(marked).toMatchObject({ earned: 600, waiting: 0, passed: true });
    expect(first.lines[1]?.earned).toBe(null);
    const again = gradeAttempt(asked([null, text]), policy, {
      kept: marked.lines.filter(({ position }) => position === 1),
    });
    expect(again).toMatchObject({ earned: 100, waiting: 0, passed: false });
  });

  it('gives everybody the points of a question that was no fair one', () => {
    const struck = gradeAttempt(asked([null, null]), policy, { struck: new Set([0]) });
    expect(struck.lines[0]).toMatchObject({ earned: 500, by: 'strike' });
  });
});

describe('[F3] how a question did', () => {
  it('parts those who know from those who do not', () => {
    const results = Array.from({ length: 20 }, (_, n) => ({ share: n < 10 ? 1 : 0, whole: 1 - n / 20 }));
    expect(itemStatistics(results)).toEqual({ attempts: 20, difficultyIndex: 0.5, discrimination: 1 });
    const misleading = results.map(({ share, whole }) => ({ share: 1 - share, whole }));
    expect(itemStatistics(misleading).discrimination).toBe(-1);
  });

  it('says nothing of too few', () => {
    expect(itemStatistics([])).toEqual({ attempts: 0, difficultyIndex: null, discrimination: null });
    expect(itemStatistics([{ share: 1, whole: 1 }])).toEqual({
      attempts: 1,
      difficultyIndex: 1,
      discrimination: null,
    });
  });
});
