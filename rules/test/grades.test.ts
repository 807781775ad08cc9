import { describe, expect, it } from 'vitest';
import { isBelow, sumGrades } from '../src/grades.ts';

const grade = (examShare: number | null, passed = false, correctRate: number | null = null) => ({
  examShare,
  passed,
  correctRate,
});

describe('[F3] a grade book', () => {
  it('counts pass rate over what was graded, and puts each exam into its tenth', () => {
    const sums = sumGrades(
      [grade(1, true), grade(0.6, true), grade(0.599), grade(0.7, true), grade(0), grade(null)],
      0.8,
    );
    expect(sums).toMatchObject({ graded: 5, passed: 3 });
    expect(sums.distribution).toEqual([1, 0, 0, 0, 0, 1, 1, 1, 0, 1]);
  });

  it('lists who answered less than the minimum right, and not who was asked nothing', () => {
    expect(
      sumGrades([grade(null, false, 0.79), grade(null, false, 0.8), grade(null)], 0.8).belowCorrect,
    ).toBe(1);
    expect(isBelow(null, 0.8)).toBe(false);
  });
});
