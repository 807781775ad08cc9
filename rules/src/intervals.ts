/**
 * Sets of time as sorted lists of half-open intervals `[from, to)` in integer ms of server time.
 *
 * Every function that takes `Spans` expects and returns the normal form: sorted by `from`, no empty
 * members, no two members overlapping or touching. `normalise` makes the normal form out of anything;
 * all other functions are linear in the number of members.
 */
import type { Interval } from '@keshi/contract/domain';

export type Spans = readonly Interval[];

/** Sorts, drops empty members and merges what overlaps or touches. n log n, because the input may be in any order. */
export function normalise(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.filter((i) => i.to > i.from).sort((a, b) => a.from - b.from);
  const merged: Interval[] = [];
  for (const next of sorted) append(merged, next);
  return merged;
}

/** What is in either. */
export function union(a: Spans, b: Spans): Interval[] {
  const merged: Interval[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const left = a[i];
    const right = b[j];
    if (left && (!right || left.from <= right.from)) {
      append(merged, left);
      i += 1;
    } else if (right) {
      append(merged, right);
      j += 1;
    } else {
      return merged;
    }
  }
}

/** What is in both. */
export function intersection(a: Spans, b: Spans): Interval[] {
  const shared: Interval[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const left = a[i];
    const right = b[j];
    if (!left || !right) return shared;
    const from = Math.max(left.from, right.from);
    const to = Math.min(left.to, right.to);
    if (to > from) shared.push({ from, to });
    if (left.to < right.to) i += 1;
    else j += 1;
  }
}

/** What is in `a` and not in `b`. */
export function subtraction(a: Spans, b: Spans): Interval[] {
  const rest: Interval[] = [];
  let j = 0;
  for (const { from, to } of a) {
    let cursor = from;
    for (;;) {
      const hole = b[j];
      if (!hole || hole.from >= to) break;
      if (hole.from > cursor) rest.push({ from: cursor, to: hole.from });
      cursor = Math.max(cursor, hole.to);
      // A hole that reaches past this member may also cut the next one, so it is not left behind yet.
      if (hole.to > to) break;
      j += 1;
    }
    if (cursor < to) rest.push({ from: cursor, to });
  }
  return rest;
}

/** Sum of the lengths, in ms. */
export function length(spans: Spans): number {
  let total = 0;
  for (const { from, to } of spans) total += to - from;
  return total;
}

/** What lies inside one window. */
export function clip(spans: Spans, window: Interval): Interval[] {
  return intersection(spans, window.to > window.from ? [window] : []);
}

/** What the window holds besides the spans. */
export function gaps(spans: Spans, window: Interval): Interval[] {
  return subtraction(window.to > window.from ? [window] : [], spans);
}

/** Adds one member whose `from` is not before that of any member already there. */
function append(merged: Interval[], next: Interval): void {
  const last = merged.at(-1);
  if (last && next.from <= last.to) {
    if (next.to > last.to) merged[merged.length - 1] = { from: last.from, to: next.to };
  } else {
    merged.push({ from: next.from, to: next.to });
  }
}
