import { loadOwnFacts } from '@keshi/db/attendance-facts';
import type { ClassRow } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { onlineCounts } from '@keshi/db/presence';
import type { Actor } from '@keshi/rules/access';
import { attendance } from '@keshi/rules/attendance';
import type { Clock } from '@keshi/runtime/clock';
import { policyOf } from '../attendance/class-policy.ts';
import type { ClassFigures } from './summaries.ts';

/** Presence reaches the record at the latest every half minute; who has not been heard of for longer is not there. */
const heardWithinMs = 75_000;

/** How many are in each class now, and the asking learner's own attendance of those that have been live [AT5]. */
export function createFigures({ db, clock }: { db: Db; clock: Clock }) {
  return async (actor: Actor, rows: readonly ClassRow[]): Promise<Map<string, ClassFigures>> => {
    const now = clock();
    const running = rows.filter(({ state }) => state === 'live' || state === 'paused').map(({ id }) => id);
    const attended = rows.filter(({ enrolled, startedAt }) => enrolled && startedAt !== null);
    const [online, own] = await Promise.all([
      onlineCounts(db, running, now - heardWithinMs),
      loadOwnFacts(
        db,
        actor.userId,
        attended.map(({ id }) => id),
      ),
    ]);
    return new Map(
      rows.map((row): [string, ClassFigures] => {
        const facts = own.get(row.id);
        const policy = policyOf(row);
        const result = facts && attendance({ ...facts, policy, now, endedAt: row.endedAt });
        const mine = result
          ? {
              presentMs: result.presentMs,
              liveMs: result.liveMs,
              rate: result.rate,
              minimumRate: policy.minimumRate,
            }
          : null;
        return [row.id, { online: online.get(row.id) ?? 0, mine }];
      }),
    );
  };
}
