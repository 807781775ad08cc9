/** What a grade book sums up [F2, F3]. */

export interface Grade {
  /** Of the answers in class; null when nothing was asked. */
  readonly correctRate: number | null;
  /** Of the points in the final exam; null until it is graded. */
  readonly examShare: number | null;
  readonly passed: boolean;
}

export interface GradeSums {
  readonly graded: number;
  readonly passed: number;
  readonly belowCorrect: number;
  readonly distribution: readonly number[];
}

const bins = 10;

/** Under the minimum of answers in class; who was asked nothing is not. */
export function isBelow(correctRate: number | null, minimumRate: number): boolean {
  return correctRate !== null && correctRate < minimumRate;
}

/** Each graded exam in its tenth: 59.9 % in the sixth, 60 % in the seventh, all of the points in the tenth. */
export function sumGrades(grades: readonly Grade[], minimumRate: number): GradeSums {
  const shares = grades.flatMap(({ examShare }) => (examShare === null ? [] : [examShare]));
  const distribution = Array.from({ length: bins }, () => 0);
  for (const share of shares) {
    // A share such as 0.6 can be slightly less in binary.
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(share * bins + 1e-9)));
    distribution[bin] = (distribution[bin] ?? 0) + 1;
  }
  return {
    graded: shares.length,
    passed: grades.filter(({ examShare, passed }) => examShare !== null && passed).length,
    belowCorrect: grades.filter(({ correctRate }) => isBelow(correctRate, minimumRate)).length,
    distribution,
  };
}
