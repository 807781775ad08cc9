/**
 * The counts over a board's rows, kept as rows and time move on. A class of ten thousand is counted every second: that
 * costs what has changed in it, not what there is.
 */
import { presentMsAsOf } from '@keshi/contract/board';
import type { BoardRow, BoardTotals } from '@keshi/contract/domain';
import { belowMinimum } from './attendance.ts';
import type { AttendancePolicy } from './policy.ts';

export type BoardCounts = Pick<
  BoardTotals,
  'expected' | 'present' | 'away' | 'offline' | 'belowAttendance' | 'belowCorrect'
>;

export const nobodyCounted: BoardCounts = {
  expected: 0,
  present: 0,
  away: 0,
  offline: 0,
  belowAttendance: 0,
  belowCorrect: 0,
};

export interface BoardTally {
  /** In place of an earlier row of the same learner. Once a class begins, pauses or ends, all rows have to be put again. */
  put(row: BoardRow): void;
  remove(userId: string): void;
  /**
   * As of a moment of the class, in ms of live time, that never goes back. Who is below both minimums is in both
   * counts [AT6, A5].
   */
  counts(at: { liveMs: number; isLive: boolean }): BoardCounts;
}

interface Counted {
  readonly row: BoardRow;
  isBelow: boolean;
  /** The second of live time in which that turns round; null: it stays. */
  readonly turns: number | null;
}

export function createBoardTally(policy: AttendancePolicy): BoardTally {
  const counted = new Map<string, Counted>();
  const counts = { ...nobodyCounted };
  /** Whose share of presence crosses the minimum, by the second of live time in which it does. */
  const turning = new Map<number, Set<Counted>>();
  /** In seconds of live time: what turned before has been counted. */
  let countedUntil = 0;

  function add({ row, isBelow }: Counted, one: 1 | -1): void {
    counts.expected += one;
    counts[row.state] += one;
    if (isBelow) counts.belowAttendance += one;
    if (belowMinimum(row.correctRate, policy)) counts.belowCorrect += one;
  }

  function remove(userId: string): void {
    const known = counted.get(userId);
    if (!known) return;
    counted.delete(userId);
    add(known, -1);
    if (known.turns !== null) turning.get(known.turns)?.delete(known);
  }

  /** Of those that turn in a second, those that have by `liveMs`. */
  function turn(second: number, liveMs: number): void {
    const due = turning.get(second);
    for (const one of due ?? []) {
      const { row, isBelow } = one;
      if (liveMs <= row.liveMs || belowMinimum(presentMsAsOf(row, liveMs) / liveMs, policy) === isBelow)
        continue;
      one.isBelow = !isBelow;
      counts.belowAttendance += one.isBelow ? 1 : -1;
      due?.delete(one);
    }
    if (due?.size === 0) turning.delete(second);
  }

  return {
    put(row) {
      remove(row.userId);
      const isBelow = belowMinimum(row.rate, policy);
      const turnsAtMs = turnOf(row, isBelow, policy);
      const turns = turnsAtMs === null ? null : Math.max(countedUntil, Math.floor(turnsAtMs / 1000));
      const one: Counted = { row, isBelow, turns };
      counted.set(row.userId, one);
      add(one, 1);
      if (turns !== null) turning.set(turns, (turning.get(turns) ?? new Set()).add(one));
    },
    remove,
    counts({ liveMs, isLive }) {
      const second = Math.floor(liveMs / 1000);
      if (isLive) {
        for (let at = countedUntil; at <= second; at += 1) turn(at, liveMs);
        countedUntil = Math.max(countedUntil, second);
      }
      return { ...counts };
    },
  };
}

/**
 * The live time, ms, from which a row that moves on as `movedOn` has it lies on the other side of the minimum; null: never.
 * Who is there can only rise, who is not only fall.
 */
function turnOf(
  { state, presentMs, liveMs }: BoardRow,
  isBelow: boolean,
  { minimumRate }: AttendancePolicy,
): number | null {
  if (state === 'present') {
    if (!isBelow || minimumRate >= 1) return null;
    return (liveMs - presentMs) / (1 - minimumRate);
  }
  if (isBelow || minimumRate <= 0) return null;
  return presentMs / minimumRate;
}
