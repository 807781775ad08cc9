import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantAt, placeOf } from '../src/net/hls-dates.ts';
import { retryDelay } from '../src/net/hls.ts';
import { keepTogether } from '../src/replay/keeping-together.ts';
import { playerKey } from '../src/replay/keys.ts';
import { barMarks, markNear, merged, placeAt, tileAt, within } from '../src/replay/places.ts';

const at = (...positions: number[]) => positions.map((position) => ({ position }));

describe('places on a recording', () => {
  it('finds the last of a list that has come by then', () => {
    const rows = at(0, 1000, 1000, 5000);
    expect([-1, 0, 999, 1000, 4999, 9999].map((position) => placeAt(rows, position))).toEqual([
      -1, 0, 0, 2, 2, 3,
    ]);
    expect(placeAt([], 10)).toBe(-1);
  });

  it('finds it as a search from the end would', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000)), fc.nat(1100), (positions, position) => {
        const rows = at(...positions.sort((a, b) => a - b));
        expect(placeAt(rows, position)).toBe(rows.findLastIndex((row) => row.position <= position));
      }),
    );
  });

  it('tells stretches half-open, so that neighbours never both hold', () => {
    const spans = [
      { from: 0, to: 10 },
      { from: 20, to: 30 },
    ];
    expect([0, 9, 10, 20, 30].map((position) => within(spans, position))).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
  });

  it('keeps two lists in order as one', () => {
    expect(merged(at(1, 5), at(0, 5, 9)).map(({ position }) => position)).toEqual([0, 1, 5, 5, 9]);
  });
});

describe('the seek preview', () => {
  const preview = { everyMs: 2000, width: 160, height: 90, columns: 10, rows: 10, urls: ['a', 'b'] };

  it('shows the tile of a place, in reading order over the sheets', () => {
    expect(tileAt(preview, 0)).toEqual({ url: 'a', x: 0, y: 0, width: 160, height: 90 });
    expect(tileAt(preview, 25_999)).toMatchObject({ url: 'a', x: 320, y: 90 });
    expect(tileAt(preview, 200_000)).toMatchObject({ url: 'b', x: 0, y: 0 });
  });

  it('shows none beyond the last sheet, and the first before the beginning', () => {
    expect(tileAt(preview, 400_000)).toBeNull();
    expect(tileAt(preview, -5)).toMatchObject({ url: 'a', x: 0 });
  });
});

describe('marks on the seek bar', () => {
  const marks = barMarks({
    questions: { rows: [{ position: 5000, question: { text: '为什么？' } }] },
    quizzes: [{ position: 5000, quiz: { stem: '哪一个？' } }],
    pauses: [{ position: 1000 }],
  });

  it('are questions, quizzes and pauses in order', () => {
    expect(marks.map(({ kind, position }) => [kind, position])).toEqual([
      ['pause', 1000],
      ['question', 5000],
      ['quiz', 5000],
    ]);
  });

  it('are meant by a pointer near enough, a quiz before a question at the same place', () => {
    expect(markNear(marks, 5200, 300)?.kind).toBe('quiz');
    expect(markNear(marks, 900, 300)?.kind).toBe('pause');
    expect(markNear(marks, 3000, 300)).toBeNull();
  });
});

describe('two views of one recording', () => {
  it('stay together: far apart the follower jumps, a little apart it hurries or dawdles', () => {
    expect(keepTogether(10, 10.3, 1)).toEqual({ seekTo: 10, rate: 1 });
    expect(keepTogether(10, 9.7, 1.5)).toEqual({ seekTo: 10, rate: 1.5 });
    expect(keepTogether(10, 10.01, 2)).toEqual({ rate: 2 });
    expect(keepTogether(10, 10.2, 1).rate).toBeLessThan(1);
    expect(keepTogether(10, 9.8, 1).rate).toBeGreaterThan(1);
  });

  it('come together from any difference and never part again', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.constantFrom(0.5, 1, 1.5, 2),
        (drift, rate) => {
          let [main, follower] = [100, 100 + drift];
          for (let looks = 0; looks < 100; looks += 1) {
            const told = keepTogether(main, follower, rate);
            follower = (told.seekTo ?? follower) + 0.2 * told.rate;
            main += 0.2 * rate;
          }
          expect(Math.abs(follower - main)).toBeLessThanOrEqual(0.05);
        },
      ),
    );
  });
});

describe('server time in a playlist', () => {
  // Four seconds, a pause of a minute, two seconds.
  const fragments = [
    { start: 0, duration: 2, programDateTime: 10_000 },
    { start: 2, duration: 2, programDateTime: 12_000 },
    { start: 4, duration: 2, programDateTime: 74_000 },
  ];

  it('leads from a place to its moment and back', () => {
    for (const seconds of [0, 1.5, 2, 3.9, 4, 5.5])
      expect(placeOf(fragments, instantAt(fragments, seconds) ?? 0)).toBeCloseTo(seconds);
  });

  it('puts what was not recorded where the recording goes on, and what lies outside at its ends', () => {
    expect([0, 30_000, 999_000].map((instant) => placeOf(fragments, instant))).toEqual([0, 4, 6]);
  });

  it('is not known without segments or without their dates', () => {
    expect([instantAt([], 1), placeOf([], 1)]).toEqual([null, null]);
    const undated = [{ start: 0, duration: 2, programDateTime: null }];
    expect([instantAt(undated, 1), placeOf(undated, 1)]).toEqual([null, null]);
  });
});

describe('keys of the player', () => {
  it('do what players do, in either case, and leave the rest to the page', () => {
    expect(['k', 'K', ' '].map(playerKey)).toEqual(Array(3).fill({ kind: 'toggle' }));
    expect(playerKey('j')).toEqual({ kind: 'skip', by: -10_000 });
    expect(playerKey('ArrowRight')).toEqual({ kind: 'skip', by: 5_000 });
    expect(playerKey('f')).toEqual({ kind: 'full-screen' });
    for (const key of ['Tab', 'Enter', 'Escape', 'a', 'constructor']) expect(playerKey(key)).toBeNull();
  });
});

describe('asking again for a stream', () => {
  it('waits longer each time up to a bound, and not all at the same moment', () => {
    expect([1, 2, 3, 10].map((attempt) => retryDelay(attempt, 0.999_999)).map(Math.round)).toEqual([
      1000, 2000, 4000, 15_000,
    ]);
    expect(retryDelay(1, 0)).toBe(500);
  });
});
