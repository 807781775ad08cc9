/**
 * The connections of this node as presence: each fact that changes is noted and goes to the log with the next batch.
 * Learners' proofs run through the rules' state machine [AT1, AT2]; hosts' and observers' visits are recorded, not counted.
 */
import type { Beat, Request } from '@keshi/contract/signaling';
import { newId } from '@keshi/db/ids';
import type { CloseCause, StoredInterval, StoredVisit } from '@keshi/db/presence';
import type { AttendancePolicy } from '@keshi/rules/policy';
import {
  closeVisit,
  newVisit,
  onProof,
  onSilence,
  openInterval,
  type PresenceInterval,
  type SignalKind,
  type Step,
  type Visit,
} from '@keshi/rules/presence';
import { createDueList } from '@keshi/runtime/due-list';
import type { Connection } from '../connections.ts';

export interface TrackedVisit {
  readonly connection: Connection;
  readonly policy: AttendancePolicy;
  state: Visit;
  facts: StoredVisit;
  /** The id of the interval that is open, once it was noted. */
  openId: { readonly from: number; readonly id: string } | null;
  /** What of this visit is settled, and what is open. */
  readonly settled: PresenceInterval[];
  /** When the visit itself was last noted. */
  notedAt: number;
  /** Since when an identity check keeps its proofs from counting [AT1]; null while none does. */
  overdueSince: number | null;
}

export interface VisitsDeps {
  nodeId: string;
  now: () => number;
  note: (fact: { visit: StoredVisit } | { interval: StoredInterval }) => void;
  /** Whether time counts for this learner may have changed. */
  changed: (visit: TrackedVisit) => void;
}

export interface Visits {
  join(
    connection: Connection,
    request: Pick<Request<'join'>, 'visible' | 'device'>,
    policy: AttendancePolicy,
    overdueSince?: number | null,
  ): TrackedVisit;
  /** From now on proofs count, or do not, because of who may be sitting there [AT1]. */
  identity(connection: Connection, overdueSince: number | null): void;
  beat(connection: Connection, beat: Beat): void;
  /** A message that was accepted is a proof at `at`, when it arrived [AT1]. */
  message(connection: Connection, at: number): void;
  /** A pause or the end of the class, while connected, is a proof [AT1]. */
  signalClass(classId: string, kind: 'pause' | 'end', at: number): void;
  leave(connection: Connection): void;
  /** Not by the learner's doing: the interval ends at its last proof [AT2]. */
  close(connection: Connection, cause: 'lost' | 'replaced'): void;
  /**
   * Others took this node for dead and closed its visits on record. They go on as new ones; the proofs are the learner's,
   * so there is no hole between the two [AT2].
   */
  renew(): void;
  of(connection: Connection): TrackedVisit | null;
  ofClass(classId: string): TrackedVisit[];
  /** What a visit that ended here a moment ago left: it may not be stored yet. */
  justEnded(classId: string, userId: string): readonly PresenceInterval[];
  /** Whether this person's visit to the class ended here a moment ago: a page that is reloaded says nothing of it. */
  wasHere(classId: string, userId: string): boolean;
  /** Who has fallen silent [AT2]. */
  sweep(): void;
  readonly size: number;
}

/** Longer than facts take to be stored and read again. */
const rememberedMs = 15_000;
/**
 * While an interval grows, its last proof says when somebody was last seen; all a visit adds is how long an answer takes.
 * Noted with every beat it would double what a hundred thousand people write, so it is with one in so many.
 */
const beatsPerNote = 3;

export function createVisits({ nodeId, now, note, changed }: VisitsDeps): Visits {
  const visits = new Map<string, TrackedVisit>();
  /** The same by class: a pause of one class is no reason to go through all others of the node. */
  const byClass = new Map<string, Set<TrackedVisit>>();
  /** Learners' visits, when they may have fallen silent. */
  const due = createDueList<TrackedVisit>();
  const ended = new Map<string, { at: number; intervals: readonly PresenceInterval[] }>();

  function noteInterval(visit: TrackedVisit, interval: PresenceInterval): void {
    const { facts, openId } = visit;
    const id = openId?.from === interval.from ? openId.id : newId(interval.from);
    visit.openId = { from: interval.from, id };
    const { id: visitId, classId, userId } = facts;
    const { from, lastProof, cause } = interval;
    note({ interval: { id, visitId, classId, userId, from, lastProof, cause } });
  }

  function apply(visit: TrackedVisit, step: Step): void {
    visit.state = step.state;
    for (const closed of step.closed) {
      noteInterval(visit, closed);
      // One that starts at the same moment, as after a pause, is another interval.
      visit.openId = null;
      visit.settled.push(closed);
    }
    const open = openInterval(step.state);
    if (open) noteInterval(visit, open);
  }

  function noteVisit(visit: TrackedVisit): void {
    visit.notedAt = visit.facts.lastSeenAt;
    note({ visit: visit.facts });
  }

  function signal(visit: TrackedVisit, kind: SignalKind, at: number): void {
    visit.facts = { ...visit.facts, lastSeenAt: Math.max(visit.facts.lastSeenAt, at) };
    if (visit.facts.role !== 'attendee') return noteVisit(visit);
    const before = visit.state.state;
    const { visible } = visit.facts;
    apply(
      visit,
      onProof(
        visit.state,
        { at, kind, visible, pip: false, identityOverdue: visit.overdueSince !== null },
        visit.policy,
      ),
    );
    const grows = before === 'present' && visit.state.state === 'present';
    const restMs = beatsPerNote * visit.policy.heartbeatMs;
    if (!grows || visit.facts.lastSeenAt - visit.notedAt >= restMs) noteVisit(visit);
    if (before !== visit.state.state) changed(visit);
  }

  /** A proof that comes meanwhile only makes it later: that is seen when it is looked at. */
  function lookAgain(visit: TrackedVisit): void {
    const lastProof = openInterval(visit.state)?.lastProof ?? now();
    due.set(visit, lastProof + visit.policy.proofGapMs + 1);
  }

  function add(visit: TrackedVisit): void {
    const { id, classId } = visit.connection;
    visits.set(id, visit);
    byClass.set(classId, (byClass.get(classId) ?? new Set()).add(visit));
    if (visit.facts.role === 'attendee') lookAgain(visit);
  }

  function remove(visit: TrackedVisit): void {
    const { id, classId } = visit.connection;
    visits.delete(id);
    due.delete(visit);
    const others = byClass.get(classId);
    others?.delete(visit);
    if (others?.size === 0) byClass.delete(classId);
  }

  function end(visit: TrackedVisit, at: number, cause: CloseCause): void {
    remove(visit);
    visit.facts = { ...visit.facts, closed: { at, cause } };
    note({ visit: visit.facts });
    const { classId, userId } = visit.facts;
    const key = `${classId}/${userId}`;
    ended.set(key, { at: now(), intervals: [...(ended.get(key)?.intervals ?? []), ...visit.settled] });
  }

  return {
    join(connection, { visible, device }, policy, overdueSince = null) {
      const known = visits.get(connection.id);
      if (known) {
        known.facts = { ...known.facts, visible };
        known.overdueSince = overdueSince;
        signal(known, 'message', now());
        return known;
      }
      const at = now();
      const { classId, person, visitId: id } = connection;
      const visit: TrackedVisit = {
        connection,
        policy,
        state: newVisit(nodeId),
        facts: {
          id,
          classId,
          userId: person.userId,
          role: person.role,
          nodeId,
          device,
          openedAt: at,
          lastSeenAt: at,
          visible,
          rttMs: null,
          closed: null,
        },
        openId: null,
        settled: [],
        notedAt: at,
        overdueSince,
      };
      add(visit);
      signal(visit, 'join', at);
      return visit;
    },
    beat(connection, { visible, rttMs }) {
      const visit = visits.get(connection.id);
      if (!visit) return;
      visit.facts = { ...visit.facts, visible, rttMs };
      signal(visit, 'heartbeat', now());
    },
    identity(connection, overdueSince) {
      const visit = visits.get(connection.id);
      if (!visit || visit.overdueSince === overdueSince) return;
      visit.overdueSince = overdueSince;
      changed(visit);
    },
    message(connection, at) {
      const visit = visits.get(connection.id);
      if (visit) signal(visit, 'message', at);
    },
    signalClass(classId, kind, at) {
      for (const visit of byClass.get(classId) ?? [])
        signal(visit, kind, Math.max(at, visit.facts.lastSeenAt));
    },
    leave(connection) {
      const visit = visits.get(connection.id);
      if (!visit) return;
      const at = now();
      signal(visit, 'leave', at);
      end(visit, at, 'left');
    },
    close(connection, cause) {
      const visit = visits.get(connection.id);
      if (!visit) return;
      if (visit.facts.role === 'attendee') apply(visit, closeVisit(visit.state, cause));
      end(visit, visit.facts.lastSeenAt, cause);
    },
    renew() {
      for (const visit of visits.values()) {
        if (visit.facts.role === 'attendee') apply(visit, closeVisit(visit.state, 'lost'));
        note({ visit: { ...visit.facts, closed: { at: visit.facts.lastSeenAt, cause: 'lost' } } });
        visit.state = newVisit(nodeId);
        visit.facts = { ...visit.facts, id: newId(now()), openedAt: visit.facts.lastSeenAt };
        visit.openId = null;
        note({ visit: visit.facts });
      }
    },
    of: (connection) => visits.get(connection.id) ?? null,
    ofClass: (classId) => [...(byClass.get(classId) ?? [])],
    justEnded: (classId, userId) => ended.get(`${classId}/${userId}`)?.intervals ?? [],
    wasHere: (classId, userId) => ended.has(`${classId}/${userId}`),
    sweep() {
      const at = now();
      for (const [key, { at: endedAt }] of ended) if (at - endedAt > rememberedMs) ended.delete(key);
      for (const visit of due.take(at)) {
        const before = visit.state.state;
        const step = onSilence(visit.state, at, visit.policy);
        if (step.closed.length > 0) apply(visit, step);
        lookAgain(visit);
        if (before !== visit.state.state) changed(visit);
      }
    },
    get size() {
      return visits.size;
    },
  };
}
