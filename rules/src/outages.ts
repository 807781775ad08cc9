/**
 * "Our outage is not their absence" [AT4].
 */
import type { Interval } from '@keshi/contract/domain';
import { normalise, subtraction } from './intervals.ts';
import type { AttendancePolicy } from './policy.ts';
import type { PresenceInterval } from './presence.ts';

/** A failure of ours on record: a node, Redis, the SFU, the database, the network. */
export interface Outage {
  readonly from: number;
  /** Null while it lasts. */
  readonly to: number | null;
  /** Whom it hit: `all`, or the id of the node that held the connections of those concerned. */
  readonly scope: string;
  /** How long clients were told to wait before they try again, ms. */
  readonly announcedRetryMs: number;
}

export interface Bridges {
  /** Time that outages excuse, in normal form; it may overlap what is proven anyway and time that is not live. */
  readonly spans: readonly Interval[];
  /** Until when somebody who has not returned may still do so, or null; infinite while an outage lasts. */
  readonly awaitedUntil: number | null;
}

/**
 * Which time outages excuse: from a last proof to a return, both of which are on record. The edge cases, all
 * decided by "what did not happen is never credited; what did happen is never lost because of us":
 *
 * 1. *Present before it*: there is a proof in the outage, or at most the proof gap before it. Who first comes
 *    while the outage lasts and is then cut off is bridged from his first proof on, never earlier: an outage
 *    recorded as two must not be treated differently from the same outage recorded as one. A single proof, an
 *    interval without length, is a proof.
 * 2. *Known to be away*: who was seen with the page hidden or with an identity check overdue, and who left in an
 *    orderly way while nothing was broken, was away by himself until he came again, whatever we broke meanwhile.
 *    An orderly leave while the outage lasts says nothing, because that is what reloading a frozen page looks
 *    like.
 * 3. *Returns*: any interval starts, on any device and any node, at the latest at the outage's end + the announced
 *    retry + `outageReturnMs`, that millisecond included. A return while the outage still lasts is a return.
 *    Without a return nothing is bridged, even if the class ended meanwhile; a proof after the end of the class
 *    (the learner came back to its page in time) is a return like any other.
 * 4. Who is cut off before that moment, be it after a return or after being spared so far, may return until the
 *    same moment, and all of it is bridged: an early return must not be worse than a late one, and reconnecting
 *    crowds are part of the outage.
 * 5. An outage that begins before that moment has passed prolongs it: who was on his way back could not arrive.
 * 6. An outage of one node concerns those whose last proof went to that node.
 * 7. Bridges are cut to live time by the caller, like all presence [AT5]. Heartbeats go on while a class pauses,
 *    so an outage in a pause is judged like any other.
 *
 * Every interval is judged for itself, so more proofs never lower what is bridged; only a record of having gone
 * away (2) can.
 *
 * @param intervals sorted by `from`; `from` and `lastProof` ≤ now
 */
export function bridgesOver(
  intervals: readonly PresenceInterval[],
  outages: readonly Outage[],
  policy: AttendancePolicy,
  now: number,
): Bridges {
  const begun = outages.filter((o) => o.from <= now).sort((a, b) => a.from - b.from);
  if (begun.length === 0) return { spans: [], awaitedUntil: null };
  const arrivals = intervals.map((i) => i.from);

  const bridges: Interval[] = [];
  let awaitedUntil: number | null = null;
  for (const interval of intervals) {
    const deadline = returnDeadline(interval, begun, policy, now);
    if (deadline === null) continue;
    const back = arrivals[countUpTo(arrivals, deadline) - 1] ?? -Infinity;
    bridges.push({ from: interval.lastProof, to: back });
    if (deadline >= now) awaitedUntil = Math.max(awaitedUntil ?? deadline, deadline);
  }
  const away = knownAway(intervals, arrivals, begun, now);
  const stillAway = away.at(-1)?.to === Infinity;
  return { spans: subtraction(normalise(bridges), away), awaitedUntil: stillAway ? null : awaitedUntil };
}

/** Until when the learner of this interval may return, or null if no outage concerns it. Outages sorted by `from`. */
function returnDeadline(
  interval: PresenceInterval,
  outages: readonly Outage[],
  policy: AttendancePolicy,
  now: number,
): number | null {
  let deadline: number | null = null;
  for (const outage of outages) {
    const end = endOf(outage, now);
    if (!concerns(outage, interval) || end <= interval.from) continue;
    if (outage.from > Math.max(interval.lastProof + policy.proofGapMs, deadline ?? 0)) continue;
    deadline = Math.max(deadline ?? 0, end + outage.announcedRetryMs + policy.outageReturnMs);
  }
  return deadline;
}

/** Edge case 2, in normal form; a span without an end is infinite. */
function knownAway(
  intervals: readonly PresenceInterval[],
  arrivals: readonly number[],
  outages: readonly Outage[],
  now: number,
): Interval[] {
  const away: Interval[] = [];
  let reached = -Infinity;
  const reachedBy = intervals.map((i) => (reached = Math.max(reached, i.lastProof)));
  for (const interval of intervals) {
    const { from, lastProof } = interval;
    if (!saysAway(interval, outages, now)) continue;
    const begun = countUpTo(arrivals, lastProof);
    const presentElsewhere = (reachedBy[begun - 1] ?? -Infinity) > lastProof;
    const goesOn = from < lastProof && arrivals[begun - 1] === lastProof;
    if (!presentElsewhere && !goesOn) away.push({ from: lastProof, to: arrivals[begun] ?? Infinity });
  }
  return normalise(away);
}

function saysAway(interval: PresenceInterval, outages: readonly Outage[], now: number): boolean {
  switch (interval.cause) {
    case 'hidden':
    case 'identity-overdue':
      return true;
    case 'left':
    case 'ended':
      return !outages.some(
        (o) => concerns(o, interval) && o.from <= interval.lastProof && interval.lastProof < endOf(o, now),
      );
    case 'open':
    case 'lost':
    case 'node-lost':
      return false;
    // After these two the learner goes on in another interval, which speaks for itself.
    case 'paused':
    case 'replaced':
      return false;
  }
}

function concerns(outage: Outage, interval: PresenceInterval): boolean {
  return outage.scope === 'all' || outage.scope === interval.node;
}

/** An outage that still lasted at `now` has no end yet, whatever is known later. */
function endOf(outage: Outage, now: number): number {
  return outage.to === null || outage.to > now ? Infinity : outage.to;
}

/** How many members of a sorted list are at most `limit`. */
function countUpTo(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
