import { describe, expect, it } from 'vitest';
import { createTimeline, spansOn } from '../src/replay/timeline.ts';

const t0 = Date.UTC(2026, 8, 1, 1, 0);
const second = 1000;
/** Two minutes in segments of two seconds, a pause of ten minutes, one more minute. */
const cut = (from: number, seconds: number) =>
  Array.from({ length: seconds / 2 }, (_, n) => ({
    startMs: from + n * 2 * second,
    durationMs: 2 * second,
  }));
const resumed = t0 + 720 * second;
const segments = [...cut(t0, 120), ...cut(resumed, 60)];

describe('the place of a moment on a recording', () => {
  const timeline = createTimeline(segments);

  it('is the recorded time before it', () => {
    expect(timeline).toMatchObject({ from: t0, durationMs: 180 * second });
    expect(timeline?.positionOf(t0)).toBe(0);
    expect(timeline?.positionOf(t0 + 61_500)).toBe(61_500);
    expect(timeline?.positionOf(resumed + 1_500)).toBe(121_500);
  });

  it('is where the recording goes on for what happened in a pause, and an end for what lies outside', () => {
    expect(timeline?.positionOf(t0 + 300 * second)).toBe(120 * second);
    expect(timeline?.positionOf(t0 - 60 * second)).toBe(0);
    expect(timeline?.positionOf(resumed + 3600 * second)).toBe(180 * second);
  });

  it('never goes back while time goes on, with holes and overlaps of a frame and in any order of names', () => {
    const ragged = segments
      .map(({ startMs, durationMs }, n) => ({ startMs: startMs + (n % 3) * 33, durationMs: durationMs - 17 }))
      .reverse();
    const line = createTimeline(ragged);
    let last = 0;
    for (let at = t0 - second; at < resumed + 70 * second; at += 250) {
      const position = line?.positionOf(at) ?? -1;
      expect(position).toBeGreaterThanOrEqual(last);
      last = position;
    }
    expect(last).toBe(line?.durationMs);
  });

  it('is nowhere when nothing was recorded', () => {
    expect(createTimeline([])).toBeNull();
  });

  it('makes one stretch of neighbouring camera segments, two of those apart', () => {
    expect(timeline && spansOn(timeline, [...cut(t0 + 60 * second, 20), ...cut(resumed, 10)])).toEqual([
      { from: 60 * second, to: 80 * second },
      { from: 120 * second, to: 130 * second },
    ]);
  });
});
