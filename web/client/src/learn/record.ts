import type { ClassSummary } from '@keshi/contract/http/classes';
import { dayStart } from '#i18n/format.ts';

export interface CourseRecord {
  courseId: string;
  title: string;
  classes: number;
  attended: number;
  presentMs: number;
  liveMs: number;
  /** Presence over live time of all its classes [AT5]; null before anything was live. */
  rate: number | null;
  /** Of the course's policy [AT6]. */
  minimumRate: number;
}

const day = 24 * 60 * 60 * 1000;

/** One entry per course, in the order of its latest class. */
export function byCourse(classes: readonly ClassSummary[]): CourseRecord[] {
  const courses = new Map<string, CourseRecord>();
  for (const { courseId, courseTitle, mine } of classes) {
    if (!mine) continue;
    const course = courses.get(courseId) ?? {
      courseId,
      title: courseTitle,
      classes: 0,
      attended: 0,
      presentMs: 0,
      liveMs: 0,
      rate: null,
      minimumRate: mine.minimumRate,
    };
    course.classes += 1;
    course.attended += mine.presentMs > 0 ? 1 : 0;
    course.presentMs += mine.presentMs;
    course.liveMs += mine.liveMs;
    course.rate = course.liveMs > 0 ? course.presentMs / course.liveMs : null;
    courses.set(courseId, course);
  }
  return [...courses.values()];
}

/** Monday 00:00 of the week of Asia/Shanghai that `at` falls in; 1 January 1970 was a Thursday. */
export function weekStart(at: number): number {
  const start = dayStart(at);
  const weekday = (Math.round((start + 8 * 60 * 60 * 1000) / day) + 3) % 7;
  return start - weekday * day;
}

/** Counted time of the latest `count` weeks up to `now`, oldest first; weeks without a class are zero. */
export function byWeek(
  classes: readonly ClassSummary[],
  now: number,
  count: number,
): { from: number; presentMs: number }[] {
  const last = weekStart(now);
  const weeks = Array.from({ length: count }, (_, index) => ({
    from: last - (count - 1 - index) * 7 * day,
    presentMs: 0,
  }));
  for (const { startedAt, scheduledStart, mine } of classes) {
    const from = weekStart(startedAt ?? scheduledStart);
    const week = weeks.find((candidate) => candidate.from === from);
    if (week && mine) week.presentMs += mine.presentMs;
  }
  return weeks;
}
