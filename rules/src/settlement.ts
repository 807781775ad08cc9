/**
 * What each hour of a class that is over comes to for one learner [AT4, AT7, AT10], by the same functions as the board,
 * the report and the learner's chip.
 */
import type { JudgedCheck } from '@keshi/contract/class-checks';
import type { Interval } from '@keshi/contract/domain';
import type { CreditReason, HourEntryContent, SignInMethod } from '@keshi/contract/ledger';
import { attendance, type LiveSpan } from './attendance.ts';
import { type ClassHour, classHours, hourCredit } from './class-hours.ts';
import { clip, intersection, length, normalise, type Spans, union } from './intervals.ts';
import type { Outage } from './outages.ts';
import type { AttendancePolicy } from './policy.ts';
import type { PresenceInterval } from './presence.ts';

/** Somebody was recognised for one hour of a class. */
export interface HourSignIn {
  readonly hour: number;
  readonly at: number;
  readonly method: SignInMethod;
  /** From when presence counts although the sign-in came later: the learner waited for us or for a person. Null: from `at`. */
  readonly countsFrom: number | null;
}

export interface EndedClass {
  readonly live: readonly LiveSpan[];
  readonly outages: readonly Outage[];
  readonly policy: AttendancePolicy;
  readonly endedAt: number;
}

export interface LearnerOfClass {
  readonly intervals: readonly PresenceInterval[];
  readonly checks: readonly JudgedCheck[];
  readonly signIns: readonly HourSignIn[];
}

/** An hour as it goes into the ledger; which revision it becomes is for the ledger to know. */
export type SettledHour = Omit<HourEntryContent, 'kind' | 'classId' | 'revision' | 'corrects' | 'cause'> & {
  readonly source: 'live';
  /** The end of its live time. */
  readonly endedAt: number;
};

export type Settlement =
  /** Final by the facts at hand; one entry for every hour, those that earn nothing included. */
  | { readonly state: 'settled'; readonly hours: readonly SettledHour[] }
  /** Something may still turn into presence: a proof or a return from an outage of ours is awaited. */
  | { readonly state: 'pending' };

/** @param now server time in ms, not before the end of the class */
export function settle(of: EndedClass, learner: LearnerOfClass, now: number): Settlement {
  const { live, outages, policy, endedAt } = of;
  const { intervals, checks } = learner;
  const result = attendance({ intervals, checks, live, outages, policy, now, endedAt });
  if (result.pendingMs > 0) return { state: 'pending' };
  const present = union(result.counted, normalise(result.bridged));
  const spans = normalise(live.map(({ from, to }) => ({ from, to: Math.min(to ?? endedAt, endedAt) })));
  const hours = classHours(spans, policy, false);
  return {
    state: 'settled',
    hours: hours.map((hour) => {
      const attended = intersection(hour.live, present);
      const signIn = signInOf(hour, hours.length, attended, learner.signIns, policy);
      const counts =
        signIn === 'not-required' ? attended : signIn ? countedFrom(hour, attended, signIn, policy) : [];
      const presentMs = length(counts);
      const creditedMs = hourCredit({ liveMs: hour.liveMs, presentMs, signedIn: signIn !== null }, policy);
      const whole = creditedMs === hour.liveMs;
      const uncredited = whole
        ? []
        : sumUp([
            ...result.absences.map(({ reason, ...absence }) => ({
              reason,
              ms: length(clip(hour.live, absence)),
            })),
            {
              reason: signIn === null ? 'no-sign-in' : 'before-sign-in',
              ms: length(attended) - presentMs,
            },
          ]);
      return {
        source: 'live',
        hour: hour.number,
        endedAt: hour.live.at(-1)?.to ?? endedAt,
        liveMs: hour.liveMs,
        presentMs: length(attended),
        creditedMs,
        spans: whole ? [[0, hour.liveMs]] : inHourTime(hour.live, counts),
        uncredited,
        signIn: signIn === 'not-required' || signIn === null ? signIn : signIn.method,
      };
    }),
  };
}

/**
 * [AT7] The sign-in that holds for an hour: of several the one by which most counts. What was signed into as an hour of
 * its own, and became the remainder of the last one when the class ended, holds for the last one.
 */
function signInOf(
  hour: ClassHour,
  hours: number,
  attended: Spans,
  signIns: readonly HourSignIn[],
  policy: AttendancePolicy,
): HourSignIn | 'not-required' | null {
  if (policy.signIn === 'not-required') return 'not-required';
  return signIns
    .filter((one) => Math.min(one.hour, hours) === hour.number)
    .reduce<HourSignIn | null>((best, one) => {
      if (!best) return one;
      const [a, b] = [one, best].map((each) => length(countedFrom(hour, attended, each, policy)));
      return (a ?? 0) > (b ?? 0) || (a === b && one.at < best.at) ? one : best;
    }, null);
}

/**
 * [AT7] What of the presence counts: all of it when the sign-in fell into its window, which opens with the hour, or
 * when the learner first was there in it; what came after it otherwise.
 */
function countedFrom(
  hour: ClassHour,
  attended: Spans,
  { at, countsFrom }: HourSignIn,
  policy: AttendancePolicy,
): Spans {
  const first = attended[0]?.from;
  const end = hour.live.at(-1)?.to;
  if (first === undefined || end === undefined) return [];
  const signed = Math.min(at, countsFrom ?? at);
  const passed = length(clip(hour.live, { from: first, to: signed }));
  if (passed <= policy.signInWindowMs && signed <= end + policy.signInWindowMs) return attended;
  return clip(attended, { from: signed, to: end });
}

/** Spans of server time as positions in the hour's live time. */
function inHourTime(live: Spans, spans: Spans): [number, number][] {
  const placed: Interval[] = [];
  let passed = 0;
  for (const piece of live) {
    for (const { from, to } of clip(spans, piece))
      placed.push({ from: passed + from - piece.from, to: passed + to - piece.from });
    passed += piece.to - piece.from;
  }
  return normalise(placed).map(({ from, to }) => [from, to]);
}

/** One member for each reason that took any time, the longest first. */
function sumUp(
  parts: readonly { reason: CreditReason; ms: number }[],
): { reason: CreditReason; ms: number }[] {
  const sums = new Map<CreditReason, number>();
  for (const { reason, ms } of parts) if (ms > 0) sums.set(reason, (sums.get(reason) ?? 0) + ms);
  return [...sums]
    .map(([reason, ms]) => ({ reason, ms }))
    .sort((a, b) => b.ms - a.ms || (a.reason < b.reason ? -1 : 1));
}

/** Whether two settlements of an hour come to the same, so that nothing is to be entered. */
export function sameHour(
  a: Omit<SettledHour, 'endedAt'>,
  b: Omit<SettledHour, 'endedAt' | 'source'> & { source: string },
): boolean {
  const said = ({ liveMs, presentMs, creditedMs, spans, uncredited, signIn }: Omit<typeof b, 'source'>) =>
    JSON.stringify([
      liveMs,
      presentMs,
      creditedMs,
      spans,
      uncredited.map(({ reason, ms }) => [reason, ms]),
      signIn,
    ]);
  return said(a) === said(b);
}

/** [CH1] Class hours in tenths, rounded down: `12` is 1.2 hours. */
export function tenthsOfHours(creditedMs: number, classHourMs: number): number {
  return Math.floor((creditedMs * 10) / classHourMs);
}
