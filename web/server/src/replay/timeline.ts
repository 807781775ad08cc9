/** From server time to the place on a recording. Pauses are not recorded, so the two run apart. Pure. */

/** One recorded stretch, as its name says. */
export interface Segment {
  startMs: number;
  durationMs: number;
}

export interface Timeline {
  /** Server time of the first recorded moment. */
  readonly from: number;
  /** Of everything that plays, ms. */
  readonly durationMs: number;
  /**
   * The place of a moment, ms from the beginning. What happened in a pause belongs to the moment the recording goes on,
   * what happened before the beginning to the beginning, what happened afterwards to the end.
   */
  positionOf(at: number): number;
}

/** Null when there are no segments. In any order; a player adds their lengths up, and so does this. */
export function createTimeline(segments: readonly Segment[]): Timeline | null {
  const ordered = [...segments].sort((a, b) => a.startMs - b.startMs);
  const [first] = ordered;
  if (!first) return null;
  const before: number[] = [];
  let durationMs = 0;
  for (const segment of ordered) {
    before.push(durationMs);
    durationMs += segment.durationMs;
  }
  return {
    from: first.startMs,
    durationMs,
    positionOf(at) {
      const place = lastAtOrBefore(ordered, at);
      const segment = ordered[place];
      if (!segment) return 0;
      return (before[place] ?? 0) + Math.min(at - segment.startMs, segment.durationMs);
    },
  };
}

/** Index of the last segment that begins at or before `at`; -1 when all begin later. */
function lastAtOrBefore(ordered: readonly Segment[], at: number): number {
  let [low, high] = [0, ordered.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ordered[middle]?.startMs ?? Infinity) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Segments this near to each other are one stretch: they were cut at frames, not at milliseconds. */
const joinedMs = 500;

/** Where these segments lie on the time line, neighbours joined, in order. */
export function spansOn(timeline: Timeline, segments: readonly Segment[]): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  for (const { startMs, durationMs } of [...segments].sort((a, b) => a.startMs - b.startMs)) {
    const [from, to] = [timeline.positionOf(startMs), timeline.positionOf(startMs + durationMs)];
    const last = spans.at(-1);
    if (last && from - last.to <= joinedMs) last.to = Math.max(last.to, to);
    else if (to > from) spans.push({ from, to });
  }
  return spans;
}
