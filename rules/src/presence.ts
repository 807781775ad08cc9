/**
 * From proofs to presence [AT1, AT2]: a state machine for one visit, that is one connection of one
 * learner to one class. It reads no clock: every signal carries the server time at which it arrived.
 */
import type { PresenceCause, PresenceState } from '@keshi/contract/domain';
import type { AttendancePolicy } from './policy.ts';

/**
 * Presence on record: `[from, lastProof)` on one node. A single proof is an interval without length. The cause says
 * why it ended:
 * - `open` it has not, or nobody has noticed yet;
 * - `hidden` the view was seen in the background for longer than the proof gap;
 * - `left` the learner went in an orderly way, the leave being the last proof;
 * - `lost` the connection fell silent or broke;
 * - `paused` the class paused; the same visit goes on in a new interval from the same moment;
 * - `ended` the class ended;
 * - `replaced` another connection of the same learner took over;
 * - `identity-overdue` an identity check was past its deadline for longer than the proof gap;
 * - `node-lost` the node that held the connection died, and the janitor closed it at its last proof [AT9].
 */
export interface PresenceInterval {
  readonly from: number;
  readonly lastProof: number;
  readonly cause: PresenceCause;
  /** The node that held the connection, so that an outage of one node bridges only its own learners [AT4]. */
  readonly node: string;
}

interface OpenInterval {
  readonly from: number;
  readonly lastProof: number;
}

/** Why a visit proves nothing at the moment; `silent`: nothing at all has come for longer than the proof gap. */
export type AwayReason = 'hidden' | 'identity-overdue' | 'silent';

export type Visit =
  /** Connected, but no signal has come yet. */
  | { readonly state: 'new'; readonly node: string }
  /** The last signal was a proof. */
  | {
      readonly state: 'present';
      readonly node: string;
      readonly lastSeen: number;
      readonly open: OpenInterval;
    }
  /** Not proven since `since`; `open` can still go on if the next proof comes in time. */
  | {
      readonly state: 'away';
      readonly node: string;
      readonly lastSeen: number;
      readonly since: number;
      readonly reason: AwayReason;
      readonly open: OpenInterval | null;
    }
  /** Over. Nothing that still arrives changes it. */
  | { readonly state: 'closed'; readonly node: string; readonly lastSeen: number | null };

export type SignalKind = 'join' | 'heartbeat' | 'message' | 'leave' | 'pause' | 'end';

export interface Signal {
  /** Server time of arrival, ms. */
  readonly at: number;
  readonly kind: SignalKind;
  /** The class view is open and in the foreground. */
  readonly visible: boolean;
  /** The class plays in picture-in-picture. */
  readonly pip: boolean;
  readonly identityOverdue: boolean;
}

export interface Step {
  readonly state: Visit;
  /** What this signal settled, oldest first. Two at most: one that had ended unnoticed, and one that ends now. */
  readonly closed: readonly PresenceInterval[];
}

export function newVisit(node: string): Visit {
  return { state: 'new', node };
}

/** The interval of a visit that is still open, as it would be stored. */
export function openInterval(visit: Visit): PresenceInterval | null {
  const open = openOf(visit);
  return open && { ...open, cause: 'open', node: visit.node };
}

/** [AT1] Whether a signal proves presence; what does not still keeps the connection known. */
export function isProof(signal: Pick<Signal, 'visible' | 'pip' | 'identityOverdue'>): boolean {
  return (signal.visible || signal.pip) && !signal.identityOverdue;
}

/**
 * [AT1, AT2] Takes one signal. Proofs at most `proofGapMs` apart make one interval; otherwise the old one
 * ended at its last proof and a new one starts at this proof. A signal older than what is already known
 * (a replay, a batch out of order) changes nothing, and neither does anything after the visit was closed.
 */
export function onProof(visit: Visit, signal: Signal, policy: AttendancePolicy): Step {
  if (visit.state === 'closed') return { state: visit, closed: [] };
  if (visit.state !== 'new' && signal.at < visit.lastSeen) return { state: visit, closed: [] };
  const { state, closed } = onSilence(visit, signal.at, policy);
  return isProof(signal) ? proven(state, closed, signal) : unproven(state, closed, signal);
}

/**
 * [AT2] Closes the interval, at its last proof, once no further proof can extend it. The visit stays: a proof
 * may still come and start a new interval. To be called for every visit from time to time.
 */
export function onSilence(visit: Visit, now: number, policy: AttendancePolicy): Step {
  const open = openOf(visit);
  if (!open || now - open.lastProof <= policy.proofGapMs) return { state: visit, closed: [] };
  const { node } = visit;
  if (visit.state === 'away') {
    return { state: { ...visit, open: null }, closed: [{ ...open, cause: causeOf(visit.reason), node }] };
  }
  return {
    state: {
      state: 'away',
      node,
      lastSeen: open.lastProof,
      since: open.lastProof,
      reason: 'silent',
      open: null,
    },
    closed: [{ ...open, cause: 'lost', node }],
  };
}

/**
 * Ends a visit that did not end itself: its socket closed, another connection took over, its node died. The
 * interval ends at its last proof, whenever that was noticed [AT2]. If the learner was last seen in the
 * background, that is what ended his presence, not the loss that came after it.
 */
export function closeVisit(visit: Visit, cause: 'lost' | 'replaced' | 'node-lost'): Step {
  const open = openOf(visit);
  const state: Visit =
    visit.state === 'closed'
      ? visit
      : { state: 'closed', node: visit.node, lastSeen: visit.state === 'new' ? null : visit.lastSeen };
  if (!open) return { state, closed: [] };
  const why = visit.state === 'away' && visit.reason !== 'silent' ? causeOf(visit.reason) : cause;
  return { state, closed: [{ ...open, cause: why, node: visit.node }] };
}

/**
 * What a board shows of one learner: present while an interval is open and its last proof is at most the proof
 * gap old; away while connected without that; offline otherwise. `since` is the start of that state in server
 * time; an enrolled learner who never came is offline since null.
 *
 * `visits` may be empty where only the record is at hand. Where a visit is known to be away, its interval does
 * not make the learner present, even though a proof in time would still extend it: a board shows now, the
 * allowance of AT2 is settled afterwards.
 */
export function stateAt(
  visits: readonly Visit[],
  intervals: readonly PresenceInterval[],
  now: number,
  policy: AttendancePolicy,
): { readonly state: PresenceState; readonly since: number | null } {
  const fresh = (at: number) => now - at <= policy.proofGapMs;
  const away = visits.filter((visit) => visit.state === 'away');
  const known = [...intervals, ...visits.flatMap((visit) => openInterval(visit) ?? [])];
  const current = known.filter(
    (i) =>
      i.cause === 'open' &&
      fresh(i.lastProof) &&
      !away.some((visit) => visit.node === i.node && visit.open?.from === i.from),
  );
  if (current.length > 0) return { state: 'present', since: runStart(known, current, policy) };

  const seen = away.filter((visit) => visit.reason !== 'silent' && fresh(visit.lastSeen));
  if (seen.length > 0) return { state: 'away', since: Math.min(...seen.map((visit) => visit.since)) };

  const last = [
    ...known.map((i) => i.lastProof),
    ...visits.flatMap((visit) => (visit.state === 'new' ? [] : (visit.lastSeen ?? []))),
  ];
  return { state: 'offline', since: last.length > 0 ? Math.max(...last) : null };
}

/** Goes back from what is open now through everything that joins it without a gap longer than AT2 allows. */
function runStart(
  known: readonly PresenceInterval[],
  current: readonly PresenceInterval[],
  policy: AttendancePolicy,
): number {
  let start = Math.min(...current.map((i) => i.from));
  for (const i of [...known].sort((a, b) => b.lastProof - a.lastProof)) {
    if (i.lastProof < start - policy.proofGapMs) break;
    start = Math.min(start, i.from);
  }
  return start;
}

function proven(visit: Visit, closed: readonly PresenceInterval[], signal: Signal): Step {
  const { node } = visit;
  const { at } = signal;
  const open: OpenInterval = { from: openOf(visit)?.from ?? at, lastProof: at };
  switch (signal.kind) {
    case 'join':
    case 'heartbeat':
    case 'message':
      return { state: { state: 'present', node, lastSeen: at, open }, closed };
    case 'pause':
      // The pause settles what was. Heartbeats go on while the class pauses, and so does the visit, from the
      // same moment; the time of the pause itself never counts, because it is not live [AT5].
      return {
        state: { state: 'present', node, lastSeen: at, open: { from: at, lastProof: at } },
        closed: [...closed, { ...open, cause: 'paused', node }],
      };
    case 'leave':
      return {
        state: { state: 'closed', node, lastSeen: at },
        closed: [...closed, { ...open, cause: 'left', node }],
      };
    case 'end':
      return {
        state: { state: 'closed', node, lastSeen: at },
        closed: [...closed, { ...open, cause: 'ended', node }],
      };
  }
}

function unproven(visit: Visit, closed: readonly PresenceInterval[], signal: Signal): Step {
  const { node } = visit;
  const { at } = signal;
  const open = openOf(visit);
  const reason = signal.identityOverdue ? 'identity-overdue' : 'hidden';
  switch (signal.kind) {
    case 'join':
    case 'heartbeat':
    case 'message':
    case 'pause': {
      const since = visit.state === 'away' && visit.reason === reason ? visit.since : at;
      return { state: { state: 'away', node, lastSeen: at, since, reason, open }, closed };
    }
    case 'leave':
    case 'end': {
      const state: Visit = { state: 'closed', node, lastSeen: at };
      if (!open) return { state, closed };
      // Browsers hide a page a moment before they close it, so an interval that was still open ended by leaving.
      const cause = signal.kind === 'leave' ? 'left' : reason;
      return { state, closed: [...closed, { ...open, cause, node }] };
    }
  }
}

function openOf(visit: Visit): OpenInterval | null {
  return visit.state === 'present' || visit.state === 'away' ? visit.open : null;
}

function causeOf(reason: AwayReason): PresenceCause {
  return reason === 'silent' ? 'lost' : reason;
}
