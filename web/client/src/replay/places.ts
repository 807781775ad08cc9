/** Places on a recording, ms from its beginning. Pure. */
import type { ReplayPreview } from '@keshi/contract/http/replay';

export interface Placed {
  position: number;
}

/** Index of the last of `ordered` at or before `position`; -1 before the first. */
export function placeAt(ordered: readonly Placed[], position: number): number {
  let [low, high] = [0, ordered.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ordered[middle]?.position ?? Infinity) <= position) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function within(spans: readonly { from: number; to: number }[], position: number): boolean {
  return spans.some(({ from, to }) => from <= position && position < to);
}

export interface Tile {
  url: string;
  /** Of the tile in its sheet, px. */
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The small picture of a place; null beyond the last sheet. */
export function tileAt(preview: ReplayPreview, position: number): Tile | null {
  const { everyMs, width, height, columns, rows, urls } = preview;
  const index = Math.max(0, Math.floor(position / everyMs));
  const url = urls[Math.floor(index / (columns * rows))];
  if (url === undefined) return null;
  const inSheet = index % (columns * rows);
  return {
    url,
    x: (inSheet % columns) * width,
    y: Math.floor(inSheet / columns) * height,
    width,
    height,
  };
}

export interface BarMark extends Placed {
  kind: 'question' | 'quiz' | 'pause';
  text: string;
}

/** What of a replay's marks the seek bar needs. */
export interface MarkedReplay {
  questions: { rows: readonly (Placed & { question: { text: string } })[] };
  quizzes: readonly (Placed & { quiz: { stem: string } })[];
  pauses: readonly Placed[];
}

/** What stands on the seek bar, in order. Chat is too much for it, and who is on stage is in the list. */
export function barMarks(marks: MarkedReplay): BarMark[] {
  return [
    ...marks.questions.rows.map(({ position, question }) => ({
      kind: 'question' as const,
      position,
      text: question.text,
    })),
    ...marks.quizzes.map(({ position, quiz }) => ({ kind: 'quiz' as const, position, text: quiz.stem })),
    ...marks.pauses.map(({ position }) => ({ kind: 'pause' as const, position, text: '' })),
  ].sort((a, b) => a.position - b.position);
}

/** The mark nearest to `position` and at most `reach` away; a quiz before a question at the same place. */
export function markNear(marks: readonly BarMark[], position: number, reach: number): BarMark | null {
  let nearest: BarMark | null = null;
  let distance = reach;
  for (const mark of marks) {
    const away = Math.abs(mark.position - position);
    if (away < distance || (away === distance && mark.kind === 'quiz')) [nearest, distance] = [mark, away];
  }
  return nearest;
}

/** Two lists, each in order, as one; at the same place `first` comes first. */
export function merged<A extends Placed, B extends Placed>(
  first: readonly A[],
  second: readonly B[],
): (A | B)[] {
  return [...first, ...second].sort((a, b) => a.position - b.position);
}
