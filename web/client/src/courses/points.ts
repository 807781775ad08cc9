import type { CoursePoints } from '@keshi/contract/courses';

/** One point a line; those of skill begin with the word for it. */
export function pointsFrom(text: string, skillPrefix: string): CoursePoints {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) =>
      line.startsWith(skillPrefix)
        ? { kind: 'skill' as const, text: line.slice(skillPrefix.length).trim() }
        : { kind: 'knowledge' as const, text: line },
    )
    .filter((point) => point.text !== '');
}

export function linesOf(points: CoursePoints, skillPrefix: string): string {
  return points.map(({ kind, text }) => (kind === 'skill' ? skillPrefix + text : text)).join('\n');
}
