import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Interval } from '@keshi/contract/domain';
import { clip, gaps, intersection, length, normalise, subtraction, union } from '../src/intervals.ts';

const horizon = 60;
const interval = fc
  .tuple(fc.nat(horizon), fc.nat(horizon))
  .map(([a, b]): Interval => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const raw = fc.array(interval, { maxLength: 12 });
const spans = raw.map(normalise);

/** The model: each millisecond for itself. */
const moments = (list: readonly Interval[]) =>
  new Set(list.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, k) => from + k)));

function expectNormal(list: readonly Interval[]): void {
  list.forEach(({ from, to }, k) => {
    expect(to).toBeGreaterThan(from);
    const previous = list[k - 1];
    if (previous) expect(from).toBeGreaterThan(previous.to);
  });
}

function expectSame(list: readonly Interval[], expected: Set<number>): void {
  expectNormal(list);
  expect(moments(list)).toEqual(expected);
  expect(length(list)).toBe(expected.size);
}

describe('intervals', () => {
  it('normalise keeps every moment and nothing else', () => {
    fc.assert(fc.property(raw, (list) => expectSame(normalise(list), moments(list))));
  });

  it('union, intersection and subtraction are those of sets', () => {
    fc.assert(
      fc.property(spans, spans, (a, b) => {
        expectSame(union(a, b), moments([...a, ...b]));
        expectSame(intersection(a, b), new Set([...moments(a)].filter((at) => moments(b).has(at))));
        expectSame(subtraction(a, b), new Set([...moments(a)].filter((at) => !moments(b).has(at))));
      }),
    );
  });

  it('clip and gaps share a window between them', () => {
    fc.assert(
      fc.property(spans, interval, (a, window) => {
        expectSame(clip(a, window), new Set([...moments(a)].filter((at) => moments([window]).has(at))));
        expectSame(gaps(a, window), new Set([...moments([window])].filter((at) => !moments(a).has(at))));
      }),
    );
  });

  it('is half-open: what touches is one, and shares no moment', () => {
    expect(
      normalise([
        { from: 5, to: 9 },
        { from: 1, to: 5 },
      ]),
    ).toEqual([{ from: 1, to: 9 }]);
    expect(intersection([{ from: 1, to: 5 }], [{ from: 5, to: 9 }])).toEqual([]);
  });
});
