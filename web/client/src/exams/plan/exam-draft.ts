/** An exam while it is planned. */
import type { ExamWhole } from '@keshi/contract/http/exams';
import type { ItemKind } from '@keshi/contract/items';
import { hundredths, marks } from '../marks.ts';

export interface EditedLine {
  kind: ItemKind | '';
  contentPoint: string;
  difficulty: number;
  count: string;
  points: string;
}

export const emptyLine = (): EditedLine => ({
  kind: '',
  contentPoint: '',
  difficulty: 0,
  count: '5',
  points: '2',
});

export function linesFrom(plan: ExamWhole['plan']): EditedLine[] {
  if (plan.by === 'fixed') return [emptyLine()];
  return plan.lines.map((line) => ({
    kind: line.kind ?? '',
    contentPoint: line.contentPoint ?? '',
    difficulty: line.difficulty ?? 0,
    count: String(line.count),
    points: marks(line.points),
  }));
}

const whole = (text: string) => (/^\d{1,3}$/.test(text.trim()) ? Number(text) : null);

/** Null while a number is missing. */
export function ruleOf(lines: readonly EditedLine[]): Extract<ExamWhole['plan'], { by: 'rule' }> | null {
  const read = lines.flatMap(({ kind, contentPoint, difficulty, count, points }) => {
    const [many, worth] = [whole(count), hundredths(points)];
    if (many === null || many < 1 || worth === null || worth < 1) return [];
    return [
      {
        kind: kind === '' ? null : kind,
        contentPoint: contentPoint === '' ? null : contentPoint,
        difficulty: difficulty === 0 ? null : difficulty,
        count: many,
        points: worth,
      },
    ];
  });
  return read.length === lines.length && read.length > 0 ? { by: 'rule', lines: read } : null;
}

export function sumOf(plan: ExamWhole['plan'] | null): { count: number; points: number } {
  if (!plan) return { count: 0, points: 0 };
  return plan.by === 'fixed'
    ? { count: plan.questions.length, points: plan.questions.reduce((sum, { points }) => sum + points, 0) }
    : {
        count: plan.lines.reduce((sum, { count }) => sum + count, 0),
        points: plan.lines.reduce((sum, { count, points }) => sum + count * points, 0),
      };
}
