import type { RecordingSegment } from '@keshi/contract/recordings';

/** Segments of a view this near to each other are one stretch: they were cut at frames, not at milliseconds. */
const joinedMs = 500;
/** The camera's segment of the same time may come this much later than the main one. */
const settledMs = 4_000;

/**
 * The instructor's camera as one continuous view: the camera's segments where there are some, the main picture (which is
 * the camera then) elsewhere. A main segment belongs to the stretch in which its middle lies, since the two views
 * are cut at key frames of their own. While the class runs, main segments so new that a camera segment may still take
 * their place are left out: what a playlist has once told stays as it is. Both in order of time; so is the result.
 */
export function cameraView(
  main: readonly RecordingSegment[],
  camera: readonly RecordingSegment[],
  { ended }: { ended: boolean },
): RecordingSegment[] {
  const stretches = stretchesOf(camera);
  const newest = main.at(-1);
  const settledUntil = ended || !newest ? Infinity : newest.startMs + newest.durationMs - settledMs;
  const cameraUntil = stretches.at(-1)?.to ?? -Infinity;
  let at = 0;
  const between = main.filter(({ startMs, durationMs }) => {
    const middle = startMs + durationMs / 2;
    while ((stretches[at]?.to ?? Infinity) <= middle) at += 1;
    const covered = (stretches[at]?.from ?? Infinity) <= middle;
    return !covered && (middle < cameraUntil || startMs + durationMs <= settledUntil);
  });
  return [...camera, ...between].sort((a, b) => a.startMs - b.startMs);
}

function stretchesOf(segments: readonly RecordingSegment[]): { from: number; to: number }[] {
  const stretches: { from: number; to: number }[] = [];
  for (const { startMs, durationMs } of segments) {
    const last = stretches.at(-1);
    const to = startMs + durationMs;
    if (last && startMs - last.to <= joinedMs) last.to = Math.max(last.to, to);
    else stretches.push({ from: startMs, to });
  }
  return stretches;
}
