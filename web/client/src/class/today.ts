import type { ClassSummary } from '@keshi/contract/http/classes';
import { dayStart } from '#i18n/format.ts';

const day = 24 * 60 * 60 * 1000;
/** A class may be entered this long before it is to start. */
export const opensBeforeMs = 15 * 60 * 1000;

export interface Day {
  /** Live or paused; the one that began last comes first. */
  running: ClassSummary[];
  /** Not yet begun: those that should have begun already stay here until they do. */
  upcoming: ClassSummary[];
}

const byStart = (a: ClassSummary, b: ClassSummary) => a.scheduledStart - b.scheduledStart;

/** What of these classes is running and what is still to come, in order. */
export function arrange(classes: readonly ClassSummary[], now: number): Day {
  return {
    running: classes
      .filter(({ state }) => state === 'live' || state === 'paused')
      .sort((a, b) => (b.startedAt ?? b.scheduledStart) - (a.startedAt ?? a.scheduledStart)),
    // A class that was never started does not stand in the way of the next day.
    upcoming: classes
      .filter(({ state, scheduledEnd }) => state === 'scheduled' && scheduledEnd > now - day / 4)
      .sort(byStart),
  };
}

export const isToday = (at: number, now: number): boolean => dayStart(at) === dayStart(now);
