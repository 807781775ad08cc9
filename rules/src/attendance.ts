/**
 * What a learner's presence in one class amounts to [AT3, AT4, AT5, AT6, AT8, PR5].
 */
import type { JudgedCheck } from '@keshi/contract/class-checks';
import { presenceCause } from '@keshi/contract/domain';
import type { Interval, PresenceCause, ReasonCode, TimelineSpan } from '@keshi/contract/domain';
import { defaultIdentityPolicy } from './identity-policy.ts';
import { clip, gaps, intersection, length, normalise, subtraction, union } from './intervals.ts';
import { bridgesOver } from './outages.ts';
import type { Outage } from './outages.ts';
import type { AttendancePolicy } from './policy.ts';
import type { PresenceInterval } from './presence.ts';
import { voidedSpans } from './voided.ts';

/** Time in which the class was live; null while it still is. Pauses lie between such spans. */
export interface LiveSpan {
  readonly from: number;
  readonly to: number | null;
}

export interface ClassFacts {
  /** Everything on record for one learner, over all devices and nodes, in any order; open ones included. */
  readonly intervals: readonly PresenceInterval[];
  readonly live: readonly LiveSpan[];
  readonly outages: readonly Outage[];
  /** What came of the checks of this learner in this class; absent where nobody was checked. */
  readonly checks?: readonly JudgedCheck[];
  readonly policy: AttendancePolicy;
  /** The moment of the question, server time in ms. What the record says of later than this is left out. */
  readonly now: number;
  /** When the class ended; null or absent while it goes on, be it live or in a pause. */
  readonly endedAt?: number | null;
}

export interface Absence {
  readonly from: number;
  readonly to: number;
  /** Live time in it, ms: an absence that goes on over a pause is one absence and does not include the pause. */
  readonly liveMs: number;
  readonly reason: ReasonCode;
}

export interface BridgedGap extends Interval {
  readonly reason: 'service-outage';
}

export interface Attendance {
  /** Proven and bridged presence in live time, less what failed checks took back [PR5], ms. */
  readonly presentMs: number;
  /** Live time the presence is measured against: all of it but `pendingMs`. present + absent = live, exactly. */
  readonly liveMs: number;
  /**
   * Live time at the end of the record, in ms, that may still turn into presence: since the last proof of somebody
   * who is there, or while the return from an outage of ours is awaited. Once it is 0 after the end of the class,
   * the result is final.
   */
  readonly pendingMs: number;
  /** presentMs / liveMs, 0 to 1; null while nothing was live. */
  readonly rate: number | null;
  /** Live ms before the learner first came: 0 is on time, null has not come. */
  readonly late: number | null;
  /** Live ms after the learner was last there: 0 stayed to the end, null has not come or the class goes on. */
  readonly early: number | null;
  readonly absences: readonly Absence[];
  readonly bridged: readonly BridgedGap[];
  /** Proven presence in live time. Bridged time is not in it. */
  readonly counted: readonly Interval[];
}

/** Attendance of one learner in one class. Pure: the same facts give the same answer in any order and number. */
export function attendance(facts: ClassFacts): Attendance {
  return sums(facts, assess(facts));
}

/** As `attendance`, with what the learner's chip opens and what the supervisor's row shows. */
export function attendanceWithTimeline(facts: ClassFacts): Attendance & { timeline: TimelineSpan[] } {
  const assessment = assess(facts);
  return { ...sums(facts, assessment), timeline: timeline(assessment) };
}

function sums(facts: ClassFacts, assessment: Assessment): Attendance {
  const { live, counted, bridged, absences, pending, covered, window } = assessment;
  const pendingMs = pending?.liveMs ?? 0;
  const liveMs = length(live) - pendingMs;
  const presentMs = length(counted) + length(bridged);
  const arrival = covered.find((c) => c.to >= window.from);
  const departure = covered.findLast((c) => c.from <= window.to);
  const came = arrival && departure && arrival.from <= window.to && departure.to >= window.from;
  const ended = (facts.endedAt ?? Infinity) <= facts.now;
  return {
    presentMs,
    liveMs,
    pendingMs,
    rate: rateOf(presentMs, liveMs),
    late: came ? length(clip(live, { from: window.from, to: arrival.from })) : null,
    early: came && ended ? length(clip(live, { from: departure.to, to: window.to })) : null,
    absences,
    bridged: bridged.map((gap) => ({ ...gap, reason: 'service-outage' })),
    counted,
  };
}

/** [AT5] The rate of a course (到课率): the same sums over all its classes. */
export function courseRate(classes: readonly Pick<Attendance, 'presentMs' | 'liveMs'>[]): {
  presentMs: number;
  liveMs: number;
  rate: number | null;
} {
  const presentMs = classes.reduce((sum, c) => sum + c.presentMs, 0);
  const liveMs = classes.reduce((sum, c) => sum + c.liveMs, 0);
  return { presentMs, liveMs, rate: rateOf(presentMs, liveMs) };
}

/**
 * [AT6, EX5] Whether a learner is listed, by the rate of attendance or of correct answers. Exactly the minimum is enough;
 * without a rate there is nothing to list.
 */
export function belowMinimum(rate: number | null, policy: AttendancePolicy): boolean {
  return rate !== null && rate < policy.minimumRate;
}

/**
 * The whole class from its start to its end or now, piece after piece without a hole. Counted and bridged pieces sum up to
 * `presentMs` exactly. Only the seconds since the last proof of somebody who is there are left out at the end, because
 * nothing is known of them.
 */
function timeline({ live, counted, bridged, absences, pending, window }: Assessment): TimelineSpan[] {
  const awaited = pending?.reason === 'service-outage' ? [pending] : [];
  const known = pending?.reason === 'counting' ? { ...window, to: pending.from } : window;
  const pieces: TimelineSpan[] = [
    ...gaps(live, known).map((i) => ({ ...i, kind: 'pause', reason: 'paused' }) as const),
    ...counted.map((i) => ({ ...i, kind: 'counted', reason: 'counting' }) as const),
    ...bridged.map((i) => ({ ...i, kind: 'bridged', reason: 'service-outage' }) as const),
    ...[...absences, ...awaited].flatMap((absence) =>
      clip(live, absence).map((i) => ({ ...i, kind: 'absent', reason: absence.reason }) as const),
    ),
  ];
  return pieces.sort((a, b) => a.from - b.from);
}

interface Assessment {
  /** From the start of the class to its end or now. */
  readonly window: Interval;
  readonly live: readonly Interval[];
  readonly counted: readonly Interval[];
  readonly bridged: readonly Interval[];
  /** Proven and bridged, in live time or not, single proofs included as members without length. */
  readonly covered: readonly Interval[];
  readonly absences: readonly Absence[];
  readonly pending: Pending | null;
}

/** The end of the record where it may still turn into presence: until the next proof, or until the return from an outage. */
type Pending = Interval & { readonly reason: 'counting' | 'service-outage'; readonly liveMs: number };

function assess(facts: ClassFacts): Assessment {
  const { policy, now } = facts;
  const end = Math.min(facts.endedAt ?? now, now);
  const spans = normalise(facts.live.map(({ from, to }) => ({ from, to: Math.min(to ?? end, end) })));
  const start = spans[0]?.from;
  const window = { from: start ?? end, to: end };

  const intervals = asOf(facts.intervals, now);
  const proven = joined(intervals, policy.proofGapMs);
  const { spans: excused, awaitedUntil } = bridgesOver(intervals, facts.outages, policy, now);
  const present = intersection(normalise(proven), spans);
  const forgiven = subtraction(intersection(excused, spans), present);
  const taken = voidedSpans(facts.checks ?? [], { now, isOver: end < now }, defaultIdentityPolicy);
  const counted = subtraction(present, taken);
  const bridged = subtraction(forgiven, taken);
  const covered = joined(
    [...proven, ...excused].sort((a, b) => a.from - b.from).map(({ from, to }) => ({ from, lastProof: to })),
    0,
  );
  const holes = explain({ covered, live: spans, window, intervals, awaitedUntil, policy, now });
  const voided = intersection(union(present, forgiven), taken).map((span): Absence => ({
    ...span,
    liveMs: span.to - span.from,
    reason: 'identity-failed',
  }));
  const absences = [...holes.absences, ...voided].sort((a, b) => a.from - b.from);
  return { window, live: spans, counted, bridged, covered, absences, pending: holes.pending };
}

/** The record as it stood at `now`: what had begun, no proof later than now. Sorted by `from`. */
function asOf(intervals: readonly PresenceInterval[], now: number): PresenceInterval[] {
  return intervals
    .filter((i) => i.from <= now && i.lastProof >= i.from)
    .map((i): PresenceInterval => (i.lastProof > now ? { ...i, lastProof: now, cause: 'open' } : i))
    .sort((a, b) => a.from - b.from || a.lastProof - b.lastProof || certainty(a.cause) - certainty(b.cause));
}

/** Where one interval is on record twice, the row that knows its end speaks last. */
function certainty(cause: PresenceCause): number {
  return presenceCause.options.indexOf(cause);
}

/**
 * [AT2, AT3] One learner's proofs, on whatever connection they came: at most `gap` apart they make one interval,
 * so a reconnect within that time leaves no hole. Members without length are kept. Input sorted by `from`.
 */
function joined(sorted: readonly { from: number; lastProof: number }[], gap: number): Interval[] {
  const runs: Interval[] = [];
  for (const { from, lastProof } of sorted) {
    const last = runs.at(-1);
    if (last && from - last.to <= gap)
      runs[runs.length - 1] = { from: last.from, to: Math.max(last.to, lastProof) };
    else runs.push({ from, to: lastProof });
  }
  return runs;
}

/** [AT8] Every stretch of live time that is neither proven nor bridged, with its reason. */
function explain(given: {
  covered: readonly Interval[];
  live: readonly Interval[];
  window: Interval;
  intervals: readonly PresenceInterval[];
  awaitedUntil: number | null;
  policy: AttendancePolicy;
  now: number;
}): Pick<Assessment, 'absences' | 'pending'> {
  const { covered, live, window, intervals, awaitedUntil, policy, now } = given;
  const endings = new Map(intervals.map((i) => [i.lastProof, i]));
  const absences: Absence[] = [];
  let pending: Pending | null = null;
  for (let k = 0; k <= covered.length; k += 1) {
    const before = covered[k - 1];
    const after = covered[k];
    const hole = {
      from: Math.max(before?.to ?? window.from, window.from),
      to: Math.min(after?.from ?? window.to, window.to),
    };
    const pieces = clip(live, hole);
    const first = pieces[0];
    const last = pieces.at(-1);
    if (!first || !last) continue;
    const span = { from: first.from, to: last.to, liveMs: length(pieces) };
    const ending = before && endings.get(before.to);
    if (ending && !after && ending.cause === 'open' && now - ending.lastProof <= policy.proofGapMs) {
      pending = { ...span, reason: 'counting' };
    } else if (ending && !after && awaitedUntil !== null) {
      pending = { ...span, reason: 'service-outage' };
    } else {
      absences.push({ ...span, reason: ending ? reasonAfter(ending.cause) : after ? 'late' : 'absent' });
    }
  }
  return { absences, pending };
}

/** Why a learner was absent after an interval that ended like this. */
function reasonAfter(cause: PresenceCause): ReasonCode {
  switch (cause) {
    case 'hidden':
    case 'left':
    case 'replaced':
      return cause;
    case 'identity-overdue':
      return 'identity-pending';
    case 'open':
    case 'lost':
    case 'paused':
    case 'ended':
    // Had the learner returned in time, this would be bridged; so it is his connection that did not come back.
    case 'node-lost':
      return 'disconnected';
  }
}

function rateOf(presentMs: number, liveMs: number): number | null {
  return liveMs > 0 ? presentMs / liveMs : null;
}
