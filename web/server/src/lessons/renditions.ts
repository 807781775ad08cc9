import type { VideoTrack } from './inspect.ts';

export interface Rendition {
  width: number;
  height: number;
  /** Bits per second of the picture at most. */
  maxRate: number;
}

const ladder = [1080, 720, 480, 360, 240, 144];
const most = 3;
/** The next one is at least this much smaller, or it would be no choice. */
const smaller = 0.8;
const smallestRate = 120_000;

/** One to three sizes, largest first, none larger than the source in either direction. Edges are even. */
export function renditionsOf({ width, height, framesPerSecond }: Omit<VideoTrack, 'startMs'>): Rendition[] {
  // The shorter edge is what a size is called by, whichever way a telephone was held.
  const edge = Math.min(width, height);
  const edges = [Math.min(edge, 1080)];
  for (const step of ladder)
    if (edges.length < most && step <= (edges.at(-1) ?? 0) * smaller) edges.push(step);
  const quick = framesPerSecond > 40 ? 1.5 : 1;
  return edges.map((wanted) => {
    const scale = wanted / edge;
    const [w, h] = [even(width * scale), even(height * scale)];
    // A lecture is mostly still: 2.3 bits for each of its points and second are plenty.
    return { width: w, height: h, maxRate: Math.max(smallestRate, Math.round(w * h * 2.3 * quick)) };
  });
}

const even = (length: number): number => Math.max(2, 2 * Math.floor(length / 2));
