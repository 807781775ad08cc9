import type { BoardRow, Interval } from '@keshi/contract/domain';

export interface CurvePoint {
  at: number;
  present: number;
}

/**
 * How many learners were counted as present at `points` moments evenly spread over `[from, to]`. Nobody is counted
 * while a class is paused; there the line goes on as it was, so that a pause does not look like everybody leaving.
 */
export function presenceCurve(
  rows: readonly BoardRow[],
  live: readonly Interval[],
  from: number,
  to: number,
  points: number,
): CurvePoint[] {
  if (to <= from) return [];
  const step = (to - from) / (points - 1);
  const changes = new Array<number>(points + 1).fill(0);
  // A span is present at the points inside `[from, to)`: one up at its first point, one down after its last.
  const pointAt = (at: number) => Math.min(points, Math.max(0, Math.ceil((at - from) / step)));
  for (const { timeline, state } of rows)
    for (const [index, span] of timeline.entries()) {
      if (span.kind !== 'counted' && span.kind !== 'bridged') continue;
      const begin = pointAt(span.from);
      // The last moment belongs to whoever was there until then, or is there and has not proved it yet.
      const lasts = span.to >= to || (state === 'present' && index === timeline.length - 1);
      const end = lasts ? points : pointAt(span.to);
      changes[begin] = (changes[begin] ?? 0) + 1;
      changes[end] = (changes[end] ?? 0) - 1;
    }
  const isLive = (at: number) => live.length === 0 || live.some((span) => at >= span.from && at < span.to);
  let counted = 0;
  let present = 0;
  return Array.from({ length: points }, (_, index) => {
    const at = Math.round(from + index * step);
    counted += changes[index] ?? 0;
    if (isLive(at) || index === 0) present = counted;
    return { at, present };
  });
}
