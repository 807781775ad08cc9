/** Whether a class has what class hours consist of [A8]: length, training points, questions, and something that closes it. */
import type { HourLack } from '@keshi/contract/http/completeness';
import { classHours } from './class-hours.ts';
import { intersection, length, type Spans } from './intervals.ts';
import type { AttendancePolicy } from './policy.ts';

export interface CompletenessFacts {
  readonly held: boolean;
  readonly plannedMs: number;
  /** Its live time in normal form, up to now while it runs. */
  readonly live: Spans;
  /** Of its course. */
  readonly points: number;
  /** Questions prepared and not asked yet. */
  readonly prepared: number;
  /** When questions were asked. */
  readonly asked: readonly number[];
  /** When the published tests and final exams of its course open. */
  readonly exams: readonly number[];
  readonly startsAt: number;
  /** When it ended, or is to end. */
  readonly endsAt: number;
}

export interface Completeness {
  hours: number;
  lengthMs: number;
  questions: number;
  hoursWithout: number[];
  closing: 'question' | 'exam' | null;
  lacks: HourLack[];
}

/** The last question of a class closes it when it was asked in its last minutes of live time. */
export const closingWithinMs = 10 * 60_000;
/** An exam closes a class when it opens during it, or on the day after. */
export const examWithinMs = 24 * 3_600_000;

/** Before the end of a class what is planned and prepared counts; after it only what happened. */
export function classCompleteness(facts: CompletenessFacts, policy: AttendancePolicy): Completeness {
  const { held, points, exams, startsAt, endsAt } = facts;
  const liveMs = length(facts.live);
  const lengthMs = held ? liveMs : Math.max(liveMs, facts.plannedMs);
  const hours = Math.max(1, Math.floor(lengthMs / policy.classHourMs));
  const byExam = exams.some((at) => at >= startsAt && at < endsAt + examWithinMs);
  const asked = [...facts.asked].sort((a, b) => a - b);
  const questions = asked.length + (held ? 0 : facts.prepared);
  const last = asked.at(-1);
  const askedLast =
    last !== undefined && length(intersection(facts.live, [{ from: last, to: Infinity }])) <= closingWithinMs;
  // One question cannot be the lesson's and its closing assessment at once.
  const byQuestion = held ? askedLast : questions > hours;
  const closing = byExam ? 'exam' : byQuestion ? 'question' : null;
  const inClass = closing === 'question' ? asked.slice(0, -1) : asked;
  const hoursWithout = held
    ? classHours(facts.live, policy, false)
        .filter(({ live }) => !inClass.some((at) => live.some(({ from, to }) => from <= at && at < to)))
        .map(({ number }) => number)
    : [];
  const lacks: HourLack[] = [];
  if (lengthMs < policy.classHourMs) lacks.push('length');
  if (points === 0) lacks.push('points');
  if (held ? hoursWithout.length > 0 || liveMs === 0 : questions < hours) lacks.push('questions');
  if (closing === null) lacks.push('closing');
  return { hours, lengthMs, questions, hoursWithout, closing, lacks };
}
