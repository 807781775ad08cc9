/**
 * Settles classes that are over [CH2]. Runs on every web node; a lease makes one of them do it, and the ledger itself
 * makes sure that two at once would do no harm.
 */
import { type DueClass, dueClasses, oldestUnsettled } from '@keshi/db/class-settlements';
import type { Db } from '@keshi/db/client';
import type { Clock } from '@keshi/runtime/clock';
import type { Logger } from '@keshi/runtime/log';
import { retryPauseMs } from '@keshi/runtime/retry';
import type { PresenceLog } from '@keshi/runtime/state/ports';
import { type ClassSettled, settleClass } from './settle-class.ts';

export interface Settler {
  /** Settles what is due now. Whoever holds the lease calls it. */
  settleDue(stopping: AbortSignal): Promise<void>;
  /** How long the class that has waited longest has been waiting beyond the grace, ms; 0 when none waits. */
  lagMs(): Promise<number>;
}

export interface SettlerDeps {
  db: Db;
  clock: Clock;
  presenceLog: Pick<PresenceLog, 'depth'>;
  log: Logger;
  /** How long after its end, or after the latest fact of it, a class is left alone at least. */
  graceMs: number;
  settled: (classId: string, result: ClassSettled) => void;
  failed: (classId: string) => void;
}

/** An interval without an end is waited for, but not for ever: what comes after that is corrected. */
const openForMs = 24 * 3_600_000;
const longestPauseMs = 10 * 60_000;

export function createSettler(deps: SettlerDeps): Settler {
  const { db, clock, presenceLog, log, graceMs } = deps;
  /** When the log of presence was last seen empty: what was appended before is in the database. */
  let caughtUpAt = -Infinity;
  /** By class: one that cannot be settled holds up no other. */
  const failures = new Map<string, { count: number; until: number }>();
  /** Lasts as long as something of a class is awaited, so that it is not computed again every few seconds. */
  const awaited = new Map<string, number>();

  function isDue({ classId, open, endedAt, changedAt }: DueClass, now: number): boolean {
    if ((failures.get(classId)?.until ?? 0) > now || (awaited.get(classId) ?? 0) > now) return false;
    if (open && now - endedAt < openForMs) return false;
    return now - Math.max(endedAt, changedAt) >= graceMs && caughtUpAt >= Math.max(endedAt, changedAt);
  }

  async function settleOne(due: DueClass): Promise<void> {
    const { classId } = due;
    try {
      const result = await settleClass({ db, clock }, due);
      failures.delete(classId);
      awaited.delete(classId);
      if (result.pending > 0) awaited.set(classId, clock() + Math.max(graceMs / 4, 1_000));
      deps.settled(classId, result);
      log.info({ classId, ...result }, result.pending > 0 ? 'hours partly settled' : 'hours settled');
    } catch (error) {
      const count = (failures.get(classId)?.count ?? 0) + 1;
      failures.set(classId, { count, until: clock() + retryPauseMs(count + 3, longestPauseMs) });
      deps.failed(classId);
      log.warn({ err: error, classId, count }, 'hours could not be settled, trying again');
    }
  }

  return {
    async settleDue(stopping) {
      if ((await presenceLog.depth()) === 0) caughtUpAt = clock();
      const now = clock();
      for (let last: DueClass | undefined; ;) {
        const piece = await dueClasses(db, { endedBefore: now - graceMs, after: last });
        for (const due of piece) {
          if (stopping.aborted) return;
          if (isDue(due, now)) await settleOne(due);
        }
        last = piece.at(-1);
        if (!last) return;
      }
    },
    async lagMs() {
      const since = await oldestUnsettled(db);
      return since === null ? 0 : Math.max(0, clock() - since - graceMs);
    },
  };
}
