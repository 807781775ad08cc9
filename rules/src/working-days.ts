/** Working days of Asia/Shanghai, for terms that are counted in them [CH4]. */
import type { Calendar } from './working-calendar.ts';

const dayMs = 24 * 3_600_000;
const shanghaiMs = 8 * 3_600_000;

/** Days since the epoch of the day of Asia/Shanghai that `at` falls in. */
const dayOf = (at: number) => Math.floor((at + shanghaiMs) / dayMs);
/** The first ms of that day. */
const startOf = (day: number) => day * dayMs - shanghaiMs;
const nameOf = (day: number) => new Date(day * dayMs).toISOString().slice(0, 10);

/** Whether people work on the day that `at` falls in. A year the calendar does not know has its fixed holidays alone. */
export function isWorkingDay(at: number, calendar: Calendar): boolean {
  return works(dayOf(at), calendar);
}

function works(day: number, { off, on, fixed }: Calendar): boolean {
  const name = nameOf(day);
  if (on.has(name)) return true;
  if (off.has(name) || fixed.has(name.slice(5))) return false;
  const weekday = new Date(day * dayMs).getUTCDay();
  return weekday !== 0 && weekday !== 6;
}

/** The end of the `count`-th working day after the one that `from` falls in: who has five days has all of the fifth. */
export function afterWorkingDays(from: number, count: number, calendar: Calendar): number {
  let day = dayOf(from);
  for (let left = count; left > 0;) if (works((day += 1), calendar)) left -= 1;
  return startOf(day + 1);
}

/** The end of the `count`-th day after the one that `from` falls in. */
export function afterDays(from: number, count: number): number {
  return startOf(dayOf(from) + count + 1);
}
