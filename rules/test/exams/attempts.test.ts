import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  closedAfterMs,
  closedForEveryoneAt,
  deadlineOf,
  isExpired,
  isNewer,
  lostAfterMs,
  mayBegin,
  onTheWayMs,
  standingOfAnswer,
  type WritingState,
} from '../../src/exams/attempts.ts';

const minute = 60_000;
const times = { opensAt: 10 * minute, closesAt: 100 * minute, durationMs: 30 * minute };

describe('[EX1] the deadline', () => {
  it('is the time allowed, cut off where the window closes, and what was granted on top', () => {
    expect(deadlineOf(times, 20 * minute, 0)).toBe(50 * minute);
    expect(deadlineOf(times, 90 * minute, 0)).toBe(100 * minute);
    expect(deadlineOf(times, 90 * minute, 5 * minute)).toBe(105 * minute);
    expect(deadlineOf({ ...times, durationMs: null }, 20 * minute, 0)).toBe(100 * minute);
    expect(deadlineOf({ opensAt: null, closesAt: null, durationMs: null }, 0, minute)).toBe(null);
  });

  it('[EX6] never lies after the moment from which answers are shown', () => {
    fc.assert(
      fc.property(fc.nat(99 * minute), fc.array(fc.nat(60 * minute)), fc.nat(5), (start, extras, who) => {
        const deadline = deadlineOf(times, start, extras[who] ?? 0) ?? Infinity;
        expect(deadline + onTheWayMs < (closedForEveryoneAt(times, extras) ?? 0)).toBe(true);
      }),
    );
  });

  it('begins in the window alone, and as often as the exam says', () => {
    const at = (now: number, begun = 0) => mayBegin(times, { begun, most: 2, now });
    expect([at(9 * minute), at(10 * minute), at(100 * minute), at(50 * minute, 2)]).toEqual([
      'not-open',
      'yes',
      'over',
      'used-up',
    ]);
  });
});

const writing: WritingState = {
  lease: 3,
  sameLogin: true,
  deadline: 50 * minute,
  submitted: false,
  ended: false,
  lastSeenAt: 50 * minute - 5_000,
};

describe('[EX1, EX2] an answer', () => {
  it('is accepted until what may be on the way has arrived', () => {
    expect(standingOfAnswer(writing, 3, 50 * minute + onTheWayMs)).toBe('accepted');
    expect(standingOfAnswer(writing, 3, 50 * minute + onTheWayMs + 1)).toBe('refused');
  });

  it('is kept as late when the server had seen that the page was gone before the deadline', () => {
    const gone = { ...writing, ended: true, lastSeenAt: 49 * minute };
    expect(standingOfAnswer(gone, 3, 51 * minute)).toBe('late');
    const present = { ...gone, lastSeenAt: 51 * minute - 1_000 };
    expect(standingOfAnswer(present, 3, 51 * minute)).toBe('refused');
    const justGone = { ...gone, lastSeenAt: 51 * minute - lostAfterMs + 1 };
    expect(standingOfAnswer(justGone, 3, 51 * minute)).toBe('refused');
  });

  it('[EX3] is refused once the paper was handed in', () => {
    expect(standingOfAnswer({ ...writing, ended: true, submitted: true }, 3, 40 * minute)).toBe('refused');
  });

  it('of a page before the one that writes counts no more, of a later one it does', () => {
    expect(standingOfAnswer(writing, 2, 40 * minute)).toBe('taken-over');
    expect(standingOfAnswer(writing, 4, 40 * minute)).toBe('accepted');
  });

  it('[EX7] of another login counts only after the end, and then as one that came late', () => {
    const elsewhere = { ...writing, sameLogin: false };
    expect(standingOfAnswer(elsewhere, 3, 40 * minute)).toBe('taken-over');
    expect(standingOfAnswer({ ...elsewhere, ended: true, lastSeenAt: 40 * minute }, 3, 51 * minute)).toBe(
      'late',
    );
  });

  it('stands by the page and its place, whatever the order of arrival', () => {
    const sent = fc.record({ lease: fc.nat(3), sequence: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(sent, { minLength: 1 }), fc.nat(), (all, turn) => {
        const latest = (list: typeof all) => list.reduce((one, other) => (isNewer(other, one) ? other : one));
        const cut = turn % all.length;
        expect(latest([...all.slice(cut), ...all.slice(0, cut)])).toEqual(latest(all));
      }),
    );
  });

  it('nobody’s attempt ends while something may be on the way', () => {
    expect(isExpired(writing, 50 * minute + onTheWayMs)).toBe(false);
    expect(isExpired(writing, 50 * minute + closedAfterMs)).toBe(true);
    expect(isExpired({ deadline: null, ended: false }, Infinity)).toBe(false);
  });
});
