/** `05:30 Title` a line, to places on a time line and back. */
import type { ChapterMarks } from '@keshi/contract/lessons';

/** Null when a line is none, they are not in order, or one lies beyond the end. */
export function marksFrom(text: string, lengthMs: number): ChapterMarks | null {
  const marks: ChapterMarks = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const [, time = '', title = ''] = /^\s*((?:\d{1,2}:)?\d{1,2}:[0-5]\d)\s+(\S.*?)\s*$/.exec(line) ?? [];
    const [seconds = NaN, minutes = NaN, hours = 0] = time.split(':').map(Number).reverse();
    const atMs = ((hours * 60 + minutes) * 60 + seconds) * 1000;
    const last = marks.at(-1)?.atMs ?? -1;
    if (!Number.isFinite(atMs) || atMs <= last || atMs >= lengthMs || title === '') return null;
    marks.push({ atMs, title: title.slice(0, 120) });
  }
  return marks;
}

export function linesOfMarks(marks: ChapterMarks, clock: (ms: number) => string): string {
  return marks.map(({ atMs, title }) => `${clock(atMs)} ${title}`).join('\n');
}
