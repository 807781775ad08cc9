/**
 * Days on which people in China do not work, and weekends on which they do, as the State Council announces them each
 * November for the year to come. To be added to each year; until then a year has its fixed holidays and weekends, so that
 * a term may end too early, and is never forgotten.
 */
export interface Calendar {
  /** `2026-02-16`: not worked although it is no weekend. */
  readonly off: ReadonlySet<string>;
  /** `2026-02-14`: worked although it is a weekend. */
  readonly on: ReadonlySet<string>;
  /** `10-01`: never worked, in any year, by law. */
  readonly fixed: ReadonlySet<string>;
}

const announced = [
  {
    // Notice of the General Office of the State Council of 4 November 2025.
    off: [
      ['2026-01-01', '2026-01-03'],
      ['2026-02-15', '2026-02-23'],
      ['2026-04-04', '2026-04-06'],
      ['2026-05-01', '2026-05-05'],
      ['2026-06-19', '2026-06-21'],
      ['2026-09-25', '2026-09-27'],
      ['2026-10-01', '2026-10-07'],
    ],
    on: ['2026-01-04', '2026-02-14', '2026-02-28', '2026-05-09', '2026-09-20', '2026-10-10'],
  },
] as const;

const dayMs = 24 * 3_600_000;

function daysBetween(first: string, last: string): string[] {
  const days: string[] = [];
  for (let at = Date.parse(first); at <= Date.parse(last); at += dayMs)
    days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

export const mainland: Calendar = {
  off: new Set(announced.flatMap(({ off }) => off.flatMap(([first, last]) => daysBetween(first, last)))),
  on: new Set(announced.flatMap(({ on }) => on)),
  fixed: new Set(['01-01', '05-01', '05-02', '10-01', '10-02', '10-03']),
};
