import type { BoardRow, BoardTotals, Interval } from '@keshi/contract/domain';
import { loadAttendanceFacts } from '@keshi/db/attendance-facts';
import type { Db } from '@keshi/db/client';
import { employersOf } from '@keshi/db/employers';
import { boardRows } from '@keshi/rules/board';
import type { Clock } from '@keshi/runtime/clock';
import { isInReach, type PeopleReach } from '../people-reach.ts';
import { policyOf } from './class-policy.ts';

/** What a class amounts to by the record. Names are not masked: whoever hands them on does that. */
export interface ClassResults {
  totals: BoardTotals;
  /** By name. */
  rows: BoardRow[];
  live: Interval[];
  outages: (Interval & { kind: string })[];
  /** The class has ended, but an interval is still open: its last proof is on its way. */
  settling: boolean;
}

export interface ResultsReader {
  /** Null without that class. Rows and totals are of the people in `reach` alone. */
  of(classId: string, reach: PeopleReach): Promise<ClassResults | null>;
}

/**
 * A board that is looked at by many is worked out once; a class that is over changes only by late facts. While it
 * settles nothing is kept, so that nobody is shown a minute less than the record knows.
 */
const runningMs = 2_000;
const endedMs = 20_000;
const settlesWithinMs = 60_000;
const kept = 64;

export function createResultsReader({ db, clock }: { db: Db; clock: Clock }): ResultsReader {
  const cache = new Map<string, { until: number; results: Promise<ClassResults | null> }>();

  async function load(classId: string, reach: PeopleReach): Promise<ClassResults | null> {
    const facts = await loadAttendanceFacts(db, classId);
    if (!facts) return null;
    const { class: of, live, outages, quizzes } = facts;
    const learners = await inReach(facts.learners, reach);
    const now = clock();
    const end = of.endedAt ?? now;
    const board = boardRows(
      {
        state: of.state,
        startedAt: of.startedAt,
        endedAt: of.endedAt,
        live,
        outages,
        quizzes,
        learners: learners.map(({ visits, ...learner }) => ({
          ...learner,
          connections: [],
          onStage: false,
          device: visits.at(-1)?.device ?? 'unknown',
          // How the network is now; of a class that is over it says nothing.
          rttMs: of.endedAt === null ? (visits.at(-1)?.rttMs ?? null) : null,
        })),
      },
      now,
      policyOf(of),
    );
    board.rows.sort((a, b) => a.name.localeCompare(b.name, 'zh-CN') || a.userId.localeCompare(b.userId));
    return {
      ...board,
      live: live.map(({ from, to }) => ({ from, to: to ?? end })),
      outages: outages
        .filter(({ from, to }) => from < end && (to ?? now) > (of.startedAt ?? end))
        .map(({ kind, from, to }) => ({ kind, from, to: to ?? now })),
      settling:
        of.endedAt !== null &&
        now - of.endedAt < settlesWithinMs &&
        learners.some(({ intervals }) => intervals.some(({ cause }) => cause === 'open')),
    };
  }

  async function inReach<P extends { userId: string }>(people: P[], reach: PeopleReach): Promise<P[]> {
    if (reach === null) return people;
    const employers = await employersOf(
      db,
      people.map(({ userId }) => userId),
    );
    return people.filter(({ userId }) => isInReach(reach, employers.get(userId) ?? []));
  }

  return {
    of(classId, reach) {
      const now = clock();
      const key = [classId, ...(reach ?? ['*'])].join(' ');
      const known = cache.get(key);
      if (known && known.until > now) return known.results;
      const results = load(classId, reach);
      const entry = { until: now + runningMs, results };
      cache.delete(key);
      cache.set(key, entry);
      results.then(
        (loaded) => {
          if (loaded?.settling) entry.until = now;
          else if (loaded?.totals.state === 'ended') entry.until = now + endedMs;
        },
        () => cache.delete(key),
      );
      const oldest = cache.keys().next();
      if (cache.size > kept && !oldest.done) cache.delete(oldest.value);
      return results;
    },
  };
}
