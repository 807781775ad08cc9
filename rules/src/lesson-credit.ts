/** What a completed lesson and a watched replay come to in the ledger [CH1, CH5, WL3, WL9]. */
import type { HourEntryContent, LedgerContent, LessonEntryContent } from '@keshi/contract/ledger';
import { type CourseHours, replayCredit, unitOf } from './course-hours.ts';
import { clip, length, type Spans } from './intervals.ts';
import type { WatchedHour } from './replay-study.ts';

const pairs = (spans: Spans): [number, number][] => spans.map(({ from, to }) => [from, to]);

/** One with a time line earns what is covered of it, one without what it declares. */
export function lessonEntry(of: {
  readonly lessonId: string;
  readonly round: number;
  readonly coverage: Spans;
  readonly earnsMs: number;
  readonly timed: boolean;
}): LessonEntryContent {
  const { lessonId, round, earnsMs, timed } = of;
  const whole = { from: 0, to: earnsMs };
  const spans = timed ? clip(of.coverage, whole) : [whole];
  const creditedMs = length(spans);
  const lacks = earnsMs - creditedMs;
  return {
    kind: 'lesson',
    lessonId,
    round,
    lengthMs: earnsMs,
    creditedMs,
    spans: pairs(spans),
    uncredited: lacks > 0 ? [{ reason: 'not-watched', ms: lacks }] : [],
  };
}

/** [CH5] An hour of a class as its replay was watched: only what was not earned of it live. */
export function replayEntry(
  course: CourseHours,
  classId: string,
  { hour, liveMs, spans: watched }: WatchedHour,
  round: number,
): Extract<LedgerContent, { kind: 'settlement' }> {
  const spans = replayCredit(course, unitOf({ classId, hour }), watched);
  const creditedMs = length(spans);
  const live = length(watched) - creditedMs;
  const lacks = liveMs - length(watched);
  const uncredited: HourEntryContent['uncredited'] = [
    { reason: 'earned-live' as const, ms: live },
    { reason: 'not-watched' as const, ms: lacks },
  ].filter(({ ms }) => ms > 0);
  return {
    kind: 'settlement',
    source: 'replay',
    classId,
    hour,
    revision: round,
    liveMs,
    presentMs: length(watched),
    creditedMs,
    spans: pairs(spans),
    uncredited: uncredited.sort((a, b) => b.ms - a.ms),
    // Who watched it was asked in the replay itself [WL6].
    signIn: 'not-required',
  };
}
