import { dayStart } from '#i18n/format.ts';
import { weekStart } from '#learn/record.ts';

export type By = 'day' | 'week' | 'month';

const day = 24 * 60 * 60 * 1000;
const shanghai = 8 * 60 * 60 * 1000;
/** As many as fit beside each other on a phone. */
const shown: Record<By, number> = { day: 14, week: 8, month: 6 };

/** Beginnings of the latest periods of Asia/Shanghai up to `now`, oldest first. */
export function periodStarts(by: By, now: number): number[] {
  return Array.from({ length: shown[by] }, (_, index) => startOf(by, now, shown[by] - 1 - index));
}

function startOf(by: By, now: number, before: number): number {
  switch (by) {
    case 'day':
      return dayStart(now) - before * day;
    case 'week':
      return weekStart(now) - before * 7 * day;
    case 'month': {
      const local = new Date(now + shanghai);
      return Date.UTC(local.getUTCFullYear(), local.getUTCMonth() - before, 1) - shanghai;
    }
  }
}

/** Credit of each period that is shown, zero where there was none. */
export function creditByPeriod(
  by: By,
  now: number,
  periods: readonly { from: number; creditedMs: number }[],
): { from: number; creditedMs: number }[] {
  const known = new Map(periods.map(({ from, creditedMs }) => [from, creditedMs]));
  return periodStarts(by, now).map((from) => ({ from, creditedMs: known.get(from) ?? 0 }));
}
