/** What an attempt earned, line by line, and what follows from it [EX4, EX5]. Marks are integer hundredths. */
import type { GradedLine } from '@keshi/contract/exams';
import type { ItemAnswer, ItemContent } from '@keshi/contract/items';
import { type MultipleScoring, shareOf } from './scoring.ts';

export interface AnsweredQuestion {
  readonly content: ItemContent;
  readonly revision: number;
  readonly points: number;
  readonly answer: ItemAnswer | null;
}

export interface Grade {
  readonly lines: readonly GradedLine[];
  readonly earned: number;
  readonly most: number;
  /** How many answers a person still has to read. */
  readonly waiting: number;
  /** Null while one of them could still decide it. */
  readonly passed: boolean | null;
}

export interface GradingPolicy {
  readonly multiple: MultipleScoring;
  /** 0 to 100. */
  readonly passPercent: number;
}

/** `kept`: lines that stand as they are. `struck`: places of questions that turned out to be no fair questions. */
export function gradeAttempt(
  questions: readonly AnsweredQuestion[],
  policy: GradingPolicy,
  { kept = [], struck = new Set() }: { kept?: readonly GradedLine[]; struck?: ReadonlySet<number> } = {},
): Grade {
  const standing = new Map(kept.map((line) => [line.position, line]));
  const lines = questions.map(({ content, revision, points, answer }, position): GradedLine => {
    const line = standing.get(position);
    if (line) return line;
    const of = { position, points, revision, note: '' };
    if (struck.has(position)) return { ...of, earned: points, by: 'strike' };
    const share = shareOf(content, answer, policy);
    return { ...of, earned: share === null ? null : Math.round(points * share), by: 'rule' };
  });
  return gradeOf(lines, policy);
}

/** The same after a person has marked one answer. */
export function withMark(
  lines: readonly GradedLine[],
  mark: { readonly position: number; readonly earned: number; readonly note: string },
  policy: GradingPolicy,
): Grade {
  return gradeOf(
    lines.map((line) =>
      line.position === mark.position ? { ...line, ...mark, by: 'person' as const } : line,
    ),
    policy,
  );
}

function gradeOf(lines: readonly GradedLine[], { passPercent }: GradingPolicy): Grade {
  const most = lines.reduce((sum, { points }) => sum + points, 0);
  const earned = lines.reduce((sum, line) => sum + (line.earned ?? 0), 0);
  const open = lines.filter((line) => line.earned === null);
  const reachable = earned + open.reduce((sum, { points }) => sum + points, 0);
  const enough = (marks: number) => marks * 100 >= most * passPercent;
  const passed = enough(earned) ? true : enough(reachable) ? null : false;
  return { lines, earned, most, waiting: open.length, passed };
}
