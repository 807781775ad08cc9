/**
 * One class's board while somebody watches it: the record as stored, moved on by the facts of each second, decided by the
 * rules. Computed once for all who watch.
 */
import type { BoardIdentity, BoardRow, BoardTotals } from '@keshi/contract/domain';
import type { AttendanceFacts } from '@keshi/db/attendance-facts';
import type { StoredInterval, StoredVisit } from '@keshi/db/presence';
import { boardRow, boardTotals, type BoardClass, type BoardLearner } from '@keshi/rules/board';
import { createBoardTally } from '@keshi/rules/board-tally';
import type { PresenceInterval, Visit } from '@keshi/rules/presence';
import { memberOf, type Classroom } from '../coordinator/classroom.ts';
import { policyFrom } from '../presence/policy.ts';
import type { PresenceFact } from '../presence/facts.ts';

export interface BoardView {
  totals: BoardTotals;
  rows: BoardRow[];
}

export interface Board {
  readonly learners: number;
  /** What is stored, anew. */
  load(facts: AttendanceFacts): void;
  apply(batch: readonly PresenceFact[]): void;
  /** Everything: what moved by an event as of `now`, what only time moves as it was last told. */
  full(room: Readonly<Classroom>, now: number): BoardView;
  /** Rows that say something new since they were last told, and the totals; null for no such row, unless it `isDue`. */
  delta(room: Readonly<Classroom>, now: number, isDue: boolean): BoardView | null;
}

/**
 * Time that passes moves every row, which whoever reads it reckons from the row as it was told (`movedOn`). Those in which
 * nothing else happened are decided and told again this often, ms, for the delay of the network.
 */
const drift = { leastMs: 10_000, msPerLearner: 300, mostMs: 300_000 };

/** A row as it was last told, and what it was made of beside the facts of presence. */
interface Made {
  row: BoardRow;
  essence: string;
  at: number;
  toldAt: number;
  answers: number;
  onStage: boolean;
  identity: BoardIdentity | null;
}

type Person = AttendanceFacts['learners'][number];

interface Record {
  intervals: Map<string, PresenceInterval>;
  visits: Map<string, StoredVisit>;
}

/** What the checks say of learners. */
export interface BoardIdentities {
  /** The same object until it changes. */
  onBoard(userId: string): BoardIdentity | null;
  /** Of whom `onBoard` says something new since this was last asked. */
  takeChanged(): Iterable<string>;
}

const nobodyIsChecked: BoardIdentities = { onBoard: () => null, takeChanged: () => [] };

export function createBoard(loaded: AttendanceFacts, identities: BoardIdentities = nobodyIsChecked): Board {
  let facts = loaded;
  let lastSignature = '';
  let lastStir = '';
  /** Before, nobody is told less than everything. */
  let isWatched = false;
  const records = new Map<string, Record>();
  const people = new Map<string, Person>();
  /** Learners of whom something was heard since their row was made. */
  const heardOf = new Set<string>();
  /** Until when learners proved to be there, in the order in which it was heard. */
  const proven = new Map<string, number>();
  /** Learners whose rows say something that those who watch have not been told. */
  const untold = new Set<string>();
  /** In the order in which they were made. */
  const made = new Map<string, Made>();
  /** Of the rows that were made. */
  let tally = createBoardTally(policyFrom({}));

  function recordOf(userId: string): Record {
    const known = records.get(userId);
    if (known) return known;
    const fresh: Record = { intervals: new Map(), visits: new Map() };
    records.set(userId, fresh);
    return fresh;
  }

  /** False when all it says is known, or that one that is open goes on: who is there is there as before. */
  function takeInterval(userId: string, interval: PresenceInterval): boolean {
    const { intervals } = recordOf(userId);
    // A visit has one node and one interval begins at one moment, so this names it without its id.
    const key = `${interval.node}:${interval.from}`;
    if (interval.cause === 'open') {
      proven.delete(userId);
      proven.set(userId, interval.lastProof);
    }
    const known = intervals.get(key);
    if (!known) {
      intervals.set(key, interval);
      return true;
    }
    const ended = known.cause !== 'open';
    const isLater = interval.lastProof > known.lastProof;
    if (isLater || (interval.cause !== 'open' && !ended))
      intervals.set(key, ended && interval.cause === 'open' ? { ...interval, cause: known.cause } : interval);
    if (ended) return isLater;
    if (interval.cause !== 'open') return true;
    // Whoever was taken for silent meanwhile is there after all.
    return isLater && (known.lastProof === known.from || made.get(userId)?.row.state !== 'present');
  }

  /** False when all it says is known, or that one that is known goes on, seen or unseen as before. */
  function takeVisit(visit: StoredVisit): boolean {
    const { visits } = recordOf(visit.userId);
    const known = visits.get(visit.id);
    if (known && visit.lastSeenAt <= known.lastSeenAt && (!visit.closed || known.closed)) return false;
    visits.set(visit.id, visit);
    return known?.visible !== visit.visible || known.closed !== visit.closed;
  }

  function takeStoredInterval({ visitId, userId, from, lastProof, cause }: StoredInterval): boolean {
    const node = recordOf(userId).visits.get(visitId)?.nodeId ?? '';
    return takeInterval(userId, { from, lastProof, cause, node });
  }

  function load(fresh: AttendanceFacts): void {
    const before = new Map(facts.learners.map((person) => [person.userId, saidOf(person)]));
    facts = fresh;
    people.clear();
    for (const person of fresh.learners) people.set(person.userId, person);
    for (const userId of made.keys())
      if (!people.has(userId)) {
        made.delete(userId);
        tally.remove(userId);
      }
    for (const person of fresh.learners) {
      const { userId, intervals, visits } = person;
      let isNews = before.get(userId) !== saidOf(person);
      for (const interval of intervals) if (takeInterval(userId, interval)) isNews = true;
      for (const visit of visits) if (takeVisit(visit)) isNews = true;
      if (isNews) heardOf.add(userId);
    }
  }

  function learner(room: Readonly<Classroom>, person: Person): BoardLearner {
    const { userId, name, group, checks } = person;
    const record = recordOf(userId);
    const visits = [...record.visits.values()].sort((a, b) => a.openedAt - b.openedAt);
    const last = visits.at(-1);
    const answers = new Map<string, boolean>();
    for (const quiz of room.quizzes.values()) {
      const answer = quiz.answers.get(userId);
      if (answer) answers.set(quiz.id, answer.correct);
    }
    const intervals = [...record.intervals.values()];
    return {
      userId,
      name,
      group,
      intervals,
      checks,
      answers,
      connections: visits.filter(({ closed }) => closed === null).map((visit) => asVisit(visit, intervals)),
      onStage: isOnStage(room, userId),
      device: last?.device ?? 'unknown',
      rttMs: last?.rttMs ?? null,
      identity: identities.onBoard(userId),
    };
  }

  const classOf = (room: Readonly<Classroom>): BoardClass => ({
    state: room.state,
    startedAt: room.startedAt,
    endedAt: room.endedAt,
    live: room.spans,
    outages: facts.outages,
    quizzes: [...room.quizzes.values()].map(({ id, openedAt }) => ({ id, openedAt })),
  });

  /** What concerns everybody: a row made under another is made anew. */
  function signatureOf(room: Readonly<Classroom>): string {
    const { state, startedAt, endedAt, spans, quizzes } = room;
    return JSON.stringify([state, startedAt, endedAt, spans, quizzes.size, facts.outages]);
  }

  /** While it stays the same, nobody has answered or moved on stage. */
  function stirOf(room: Readonly<Classroom>): string {
    let answers = 0;
    for (const quiz of room.quizzes.values()) answers += quiz.answers.size;
    const onStage = [...room.members.keysOf('stage')].filter((userId) => isOnStage(room, userId));
    return [answers, ...onStage].join(' ');
  }

  /** Learners of whom nothing has been heard for too long, be it that nobody is left who would say so. */
  function* fallenSilent(before: number): Iterable<string> {
    for (const [userId, at] of proven) {
      if (at >= before) return;
      proven.delete(userId);
      yield userId;
    }
  }

  /** Learners whose rows time alone has moved for long enough. */
  function* overdue(before: number): Iterable<string> {
    for (const [userId, { at }] of made) {
      if (at > before) return;
      yield userId;
    }
  }

  /**
   * In a large class few rows change in a second: only those of learners who were heard of, who answered or moved on
   * stage, and those that time alone has moved for long enough, are looked at and decided anew. The latter wait for
   * the next of the others, or until the board `isDue` to be told of anyway.
   */
  function bringUpToDate(room: Readonly<Classroom>, now: number, isDue: boolean): void {
    const of = classOf(room);
    const policy = policyFrom(room.policy);
    const { leastMs, msPerLearner, mostMs } = drift;
    const driftMs = Math.min(mostMs, Math.max(leastMs, facts.learners.length * msPerLearner));
    const signature = signatureOf(room);
    const stir = stirOf(room);
    const changed = [...identities.takeChanged()];
    for (const userId of fallenSilent(now - policy.proofGapMs)) heardOf.add(userId);
    const everybody = signature !== lastSignature;
    const anybody = everybody || stir !== lastStir;
    if (everybody) tally = createBoardTally(policy);
    lastSignature = signature;
    lastStir = stir;
    if (!isDue && !anybody && heardOf.size === 0 && changed.length === 0) return;
    const candidates = anybody ? people.keys() : new Set([...heardOf, ...changed, ...overdue(now - driftMs)]);
    for (const userId of candidates) {
      const person = people.get(userId);
      if (!person) continue;
      const known = made.get(userId);
      const answers = answersOf(room, userId);
      const onStage = isOnStage(room, userId);
      const identity = identities.onBoard(userId);
      if (
        known &&
        !everybody &&
        !heardOf.has(userId) &&
        known.answers === answers &&
        known.onStage === onStage &&
        known.identity === identity &&
        now - known.at < driftMs
      )
        continue;
      const row = boardRow(of, learner(room, person), now, policy);
      const essence = essenceOf(row);
      const isNews = !known || known.essence !== essence || now - known.toldAt >= driftMs;
      const toldAt = isNews ? now : known.toldAt;
      tally.put(row);
      made.delete(userId);
      made.set(userId, { row, essence, at: now, toldAt, answers, onStage, identity });
      if (isNews) untold.add(userId);
    }
    heardOf.clear();
  }

  const totalsOf = (room: Readonly<Classroom>, now: number): BoardTotals =>
    boardTotals(classOf(room), tally, now, policyFrom(room.policy));

  const rowsOf = (userIds: Iterable<string>) => [...userIds].flatMap((userId) => made.get(userId)?.row ?? []);

  function full(room: Readonly<Classroom>, now: number): BoardView {
    bringUpToDate(room, now, true);
    if (!isWatched) untold.clear();
    isWatched = true;
    return { totals: totalsOf(room, now), rows: rowsOf(people.keys()) };
  }

  function delta(room: Readonly<Classroom>, now: number, isDue: boolean): BoardView | null {
    bringUpToDate(room, now, isDue);
    isWatched = true;
    if (untold.size === 0 && !isDue) return null;
    const rows = rowsOf(untold);
    untold.clear();
    return { totals: totalsOf(room, now), rows };
  }

  load(loaded);
  return {
    get learners() {
      return facts.learners.length;
    },
    load,
    apply(batch) {
      for (const fact of batch)
        if ('visit' in fact && fact.visit.role === 'attendee' && takeVisit(fact.visit))
          heardOf.add(fact.visit.userId);
      for (const fact of batch)
        if ('interval' in fact && takeStoredInterval(fact.interval)) heardOf.add(fact.interval.userId);
    },
    full,
    delta,
  };
}

/** What of a learner is not presence. */
const saidOf = ({ name, group, checks }: Person) => JSON.stringify([name, group, checks]);

const isOnStage = (room: Readonly<Classroom>, userId: string) => memberOf(room, userId).stage === 'on';

function answersOf(room: Readonly<Classroom>, userId: string): number {
  let count = 0;
  for (const { answers } of room.quizzes.values()) if (answers.has(userId)) count += 1;
  return count;
}

/** What changes by an event; not what each beat or time alone moves on. */
function essenceOf(row: BoardRow): string {
  const { state, since, lateMs, earlyMs, absences, quizAsked, quizAnswered, quizCorrect } = row;
  const { name, group, onStage, device, identity, timeline } = row;
  const figures = [since, lateMs, earlyMs, absences, quizAsked, quizAnswered, quizCorrect, timeline.length];
  return JSON.stringify([state, name, group, onStage, device, identity, figures]);
}

function asVisit(visit: StoredVisit, intervals: readonly PresenceInterval[]): Visit {
  const { nodeId: node, visible, openedAt } = visit;
  const interval = intervals.findLast(
    (one) => one.node === node && one.cause === 'open' && one.from >= openedAt,
  );
  const open = interval ? { from: interval.from, lastProof: interval.lastProof } : null;
  // While an interval grows the visit is written rarely.
  const lastSeen = Math.max(visit.lastSeenAt, open?.lastProof ?? 0);
  if (visible && open) return { state: 'present', node, lastSeen, open };
  return {
    state: 'away',
    node,
    lastSeen,
    since: open?.lastProof ?? lastSeen,
    reason: visible ? 'silent' : 'hidden',
    open,
  };
}
