/** [CH5] What watching the replay of a class covers of its class hours. */
import type { Interval } from '@keshi/contract/domain';
import { classHours } from './class-hours.ts';
import { clip, intersection, normalise, type Spans } from './intervals.ts';
import type { AttendancePolicy } from './policy.ts';
import { inHourTime } from './settlement.ts';

/** One recorded stretch: a player adds their lengths up. */
export interface Recorded {
  readonly startMs: number;
  readonly durationMs: number;
}

export interface WatchedHour {
  /** From 1. */
  readonly hour: number;
  readonly liveMs: number;
  /** What of it was watched, in ms of the hour's live time. */
  readonly spans: readonly Interval[];
}

/** Places on a recording as server time of the class: pauses are not recorded, so the two run apart. */
function inServerTime(coverage: Spans, recorded: readonly Recorded[]): Interval[] {
  const ordered = [...recorded].sort((a, b) => a.startMs - b.startMs);
  const placed: Interval[] = [];
  let before = 0;
  for (const { startMs, durationMs } of ordered) {
    for (const { from, to } of clip(coverage, { from: before, to: before + durationMs }))
      placed.push({ from: startMs + from - before, to: startMs + to - before });
    before += durationMs;
  }
  return normalise(placed);
}

/** Every hour of a class that is over, with what of it was watched: nothing that was not live, whatever was recorded. */
export function watchedHours(
  coverage: Spans,
  of: { readonly recorded: readonly Recorded[]; readonly live: Spans; readonly policy: AttendancePolicy },
): WatchedHour[] {
  const seen = inServerTime(coverage, of.recorded);
  return classHours(normalise(of.live), of.policy, false).map(({ number, live, liveMs }) => ({
    hour: number,
    liveMs,
    spans: inHourTime(live, intersection(live, seen)).map(([from, to]) => ({ from, to })),
  }));
}
