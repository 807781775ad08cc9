import { listClassesFor, type ClassRow } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import type { Actor } from '@keshi/rules/access';
import { belowMinimum, courseRate } from '@keshi/rules/attendance';
import type { Clock } from '@keshi/runtime/clock';
import { policyOf } from '../attendance/class-policy.ts';
import type { ResultsReader } from '../attendance/class-results.ts';
import { peopleReachOf } from '../people-reach.ts';

export interface BelowRow {
  userId: string;
  /** Not masked. */
  name: string;
  courseTitle: string;
  groupName: string;
  classes: number;
  presentMs: number;
  liveMs: number;
  rate: number;
}

export interface BelowMinimum {
  /** Lowest rate first. */
  list(actor: Actor, under: readonly string[], by: 'attendance' | 'correct', q: string): Promise<BelowRow[]>;
}

interface Sum {
  row: Omit<BelowRow, 'rate'>;
  asked: number;
  correct: number;
  policy: ReturnType<typeof policyOf>;
}

const keptMs = 30_000;
const pageSize = 500;

/**
 * [AT5, AT6, A5] Learners under the minimum over all classes of a course that have been live. It goes over the whole
 * record in scope, so one answer serves everybody of that scope for half a minute.
 */
export function createBelowMinimum({
  db,
  clock,
  results,
}: {
  db: Db;
  clock: Clock;
  results: ResultsReader;
}): BelowMinimum {
  const cache = new Map<string, { until: number; sums: Promise<Sum[]> }>();

  async function held(actor: Actor, under: readonly string[]): Promise<ClassRow[]> {
    const all: ClassRow[] = [];
    for (;;) {
      const { total, rows } = await listClassesFor(db, {
        userId: actor.userId,
        observes: under,
        as: 'observer',
        state: ['live', 'paused', 'ended'],
        order: 'latest',
        offset: all.length,
        limit: pageSize,
      });
      all.push(...rows);
      if (rows.length === 0 || all.length >= total) return all;
    }
  }

  async function sumUp(actor: Actor, under: readonly string[]): Promise<Sum[]> {
    const sums = new Map<string, Sum>();
    for (const about of await held(actor, under)) {
      const found = await results.of(about.id, peopleReachOf(under, about.orgPaths));
      for (const one of found?.rows ?? []) {
        const key = `${about.courseId} ${one.userId}`;
        const sum = sums.get(key) ?? {
          row: {
            userId: one.userId,
            name: one.name,
            courseTitle: about.courseTitle,
            groupName: about.groupName,
            classes: 0,
            presentMs: 0,
            liveMs: 0,
          },
          asked: 0,
          correct: 0,
          policy: policyOf(about),
        };
        const { presentMs, liveMs } = courseRate([sum.row, one]);
        sums.set(key, {
          ...sum,
          row: { ...sum.row, classes: sum.row.classes + 1, presentMs, liveMs },
          asked: sum.asked + one.quizAsked,
          correct: sum.correct + one.quizCorrect,
        });
      }
    }
    return [...sums.values()];
  }

  function sumsOf(actor: Actor, under: readonly string[]): Promise<Sum[]> {
    const now = clock();
    for (const [key, { until }] of cache) if (until <= now) cache.delete(key);
    const key = [...under].sort().join(' ');
    const known = cache.get(key);
    if (known) return known.sums;
    const sums = sumUp(actor, under);
    cache.set(key, { until: now + keptMs, sums });
    sums.catch(() => cache.delete(key));
    return sums;
  }

  return {
    async list(actor, under, by, q) {
      const rows = (await sumsOf(actor, under)).flatMap(({ row, asked, correct, policy }) => {
        const rate = by === 'attendance' ? courseRate([row]).rate : asked === 0 ? null : correct / asked;
        return rate !== null && belowMinimum(rate, policy) ? [{ ...row, rate }] : [];
      });
      const wanted = q
        ? rows.filter(
            ({ courseTitle, groupName, name }) =>
              // Names are masked in the answer: only who knows the whole of one may find it by that.
              [courseTitle, groupName].some((text) => text.includes(q)) || samePerson(name, q),
          )
        : rows;
      return wanted.sort((a, b) => a.rate - b.rate || a.userId.localeCompare(b.userId));
    },
  };
}

function samePerson(name: string, typed: string): boolean {
  const folded = (text: string) => text.normalize('NFKC').replace(/\s+/g, '').toLowerCase();
  return folded(name) === folded(typed);
}
