/**
 * Class hours of live time [AT7, AT10].
 */
import { intersection, length } from './intervals.ts';
import type { Spans } from './intervals.ts';
import type { AttendancePolicy } from './policy.ts';

export interface ClassHour {
  /** From 1. */
  readonly number: number;
  /** The live time of this hour, in normal form; pauses lie between. */
  readonly live: Spans;
  readonly liveMs: number;
  /** False while the class goes on and this hour is not full: what it will belong to is not known yet. */
  readonly settled: boolean;
}

/**
 * [AT7] Splits live time (in normal form) into hours of `classHourMs`. A remainder belongs to the hour before;
 * less than one hour altogether is one hour as long as it is. While the class still runs (`running`), a remainder
 * stands as an hour of its own that is not settled, because its sign-in window is running if it becomes one.
 */
export function classHours(live: Spans, policy: AttendancePolicy, running: boolean): ClassHour[] {
  const total = length(live);
  if (total === 0) return [];
  const full = Math.floor(total / policy.classHourMs);
  const count = running ? Math.ceil(total / policy.classHourMs) : Math.max(1, full);
  return Array.from({ length: count }, (_, k) => {
    const last = k === count - 1;
    const span = slice(live, k * policy.classHourMs, last ? total : (k + 1) * policy.classHourMs);
    return { number: k + 1, live: span, liveMs: length(span), settled: !running || k < full };
  });
}

/** [AT10] Present ms of each hour, in their order. `present` in normal form: counted and bridged time. */
export function presentByHour(hours: readonly ClassHour[], present: Spans): number[] {
  return hours.map((hour) => length(intersection(hour.live, present)));
}

/** [AT7, AT10] What an hour earns, ms: its present time, or all of it from the policy's share on; nothing without a valid sign-in. */
export function hourCredit(
  hour: { readonly liveMs: number; readonly presentMs: number; readonly signedIn: boolean },
  policy: AttendancePolicy,
): number {
  if (!hour.signedIn || hour.liveMs === 0) return 0;
  const full = policy.fullHourFrom !== null && hour.presentMs / hour.liveMs >= policy.fullHourFrom;
  return full ? hour.liveMs : hour.presentMs;
}

/** The part of live time between two positions measured in live ms from the start of the class. */
function slice(live: Spans, start: number, end: number): Spans {
  const part: { from: number; to: number }[] = [];
  let passed = 0;
  for (const { from, to } of live) {
    const lower = Math.max(from, from + start - passed);
    const upper = Math.min(to, from + end - passed);
    if (upper > lower) part.push({ from: lower, to: upper });
    passed += to - from;
  }
  return part;
}
