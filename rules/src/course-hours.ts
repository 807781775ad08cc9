/**
 * What a learner's entries in one course amount to [CH3, CH5]. A balance is worked out from all entries, never kept
 * beside them; each entry carries what it came to, so that a wrong sum shows.
 */
import type {
  HourEntryContent,
  LedgerContent,
  LedgerEntry,
  LessonEntryContent,
} from '@keshi/contract/ledger';
import type { Interval } from '@keshi/contract/domain';
import { length, normalise, subtraction } from './intervals.ts';

/** Time of one hour of a class, or of one lesson, that was credited once, in ms of the hour's live time or the lesson. */
export interface CreditRecord {
  readonly seq: number;
  readonly unit: string;
  readonly spans: readonly Interval[];
  readonly earnedAt: number;
}

export interface Reversal {
  readonly seq: number;
  readonly at: number;
  /** The entry that took it back; null while it stands. */
  readonly restoredBy: number | null;
}

/** A lesson is earned once, in however many rounds. */
export const unitOfLesson = (lessonId: string): string => `lesson/${lessonId}`;

/** One course of one learner. Plain data; `after` gives the next. */
export interface CourseHours {
  readonly records: readonly CreditRecord[];
  readonly reversals: readonly Reversal[];
  readonly balanceMs: number;
}

export const noHours: CourseHours = { records: [], reversals: [], balanceMs: 0 };

/** What an entry says, before its amounts are known. */
export type Draft = Pick<LedgerEntry, 'earnedAt' | 'capMs' | 'content'>;

/** The hour of a class that time belongs to, whether it was earned live or by the replay. */
export function unitOf({ classId, hour }: Pick<HourEntryContent, 'classId' | 'hour'>): string {
  return `${classId}/${hour}`;
}

/**
 * The course after one more entry, and what the entry adds.
 *
 * - An hour counts as the union of everything that was credited for it, so a replay adds only what was not earned live
 *   [CH5], and what is restored is never added to what was earned anew for the same hour [CH3].
 * - A reversal voids whatever was earned up to its moment, also where that is settled only afterwards: what it costs
 *   does not depend on who was faster. What is earned later counts.
 * - A restoration takes exactly its reversal back. Another one that stands still voids what came before it.
 * - The declared hours limit what is added, and take nothing from who has more already [CH5].
 */
export function after(
  course: CourseHours,
  seq: number,
  draft: Draft,
): { course: CourseHours; deltaMs: number } {
  const { content } = draft;
  const next = { ...course, ...changed(course, seq, draft, content) };
  const total = standingMs(next);
  const before = course.balanceMs;
  const balanceMs = total <= before ? total : Math.max(before, Math.min(total, draft.capMs ?? Infinity));
  return { course: { ...next, balanceMs }, deltaMs: balanceMs - before };
}

function changed(
  course: CourseHours,
  seq: number,
  { earnedAt }: Draft,
  content: LedgerContent,
): Partial<CourseHours> {
  switch (content.kind) {
    case 'settlement':
    case 'lesson':
      return { records: [...course.records, recordOf(seq, earnedAt, content)] };
    case 'correction':
      return {
        records: [
          ...course.records.filter((record) => record.seq !== content.corrects),
          recordOf(seq, earnedAt, content),
        ],
      };
    case 'reversal':
      return { reversals: [...course.reversals, { seq, at: earnedAt, restoredBy: null }] };
    case 'restoration':
      return {
        reversals: course.reversals.map((one) =>
          one.seq === content.reversal && one.restoredBy === null ? { ...one, restoredBy: seq } : one,
        ),
      };
  }
}

function recordOf(
  seq: number,
  earnedAt: number,
  content: HourEntryContent | LessonEntryContent,
): CreditRecord {
  return {
    seq,
    unit: content.kind === 'lesson' ? unitOfLesson(content.lessonId) : unitOf(content),
    earnedAt,
    spans: normalise(content.spans.map(([from, to]) => ({ from, to }))),
  };
}

/** Credit that no standing reversal voids, before the declared hours limit it. */
function standingMs(course: CourseHours): number {
  const units = new Map<string, Interval[]>();
  for (const record of course.records) {
    if (isVoid(course, record)) continue;
    units.set(record.unit, [...(units.get(record.unit) ?? []), ...record.spans]);
  }
  return [...units.values()].reduce((sum, spans) => sum + length(normalise(spans)), 0);
}

function isVoid({ reversals }: CourseHours, { earnedAt }: CreditRecord): boolean {
  return reversals.some(({ at, restoredBy }) => restoredBy === null && earnedAt <= at);
}

/** All entries of one learner in one course, in their order. */
export function courseHours(entries: readonly LedgerEntry[]): CourseHours {
  return entries.reduce<CourseHours>((course, entry) => after(course, entry.seq, entry).course, noHours);
}

/** The first entry whose amounts do not follow from those before it; null when all do. Entries of one learner, in order. */
export function firstMiscounted(entries: readonly LedgerEntry[]): LedgerEntry | null {
  const courses = new Map<string, CourseHours>();
  for (const entry of entries) {
    const { course, deltaMs } = after(courses.get(entry.courseId) ?? noHours, entry.seq, entry);
    if (entry.deltaMs !== deltaMs || entry.balanceMs !== course.balanceMs) return entry;
    courses.set(entry.courseId, course);
  }
  return null;
}

/** [CH5] What watching a replay can still earn of an hour: what is not credited for it already. */
export function replayCredit(course: CourseHours, unit: string, watched: readonly Interval[]): Interval[] {
  const earned = course.records.filter((record) => record.unit === unit && !isVoid(course, record));
  return subtraction(normalise(watched), normalise(earned.flatMap(({ spans }) => spans)));
}

/** Confirmed violations that no appeal has taken back. */
export function violations({ reversals }: Pick<CourseHours, 'reversals'>): number {
  return reversals.filter(({ restoredBy }) => restoredBy === null).length;
}

/** [CH3] Two confirmed violations end the subsidy for this course, and nothing else. */
export function isEligible(course: Pick<CourseHours, 'reversals'>): boolean {
  return isEligibleWith(violations(course));
}

/** The same of a number of confirmed violations that was counted elsewhere. */
export function isEligibleWith(confirmed: number): boolean {
  return confirmed < 2;
}
