/**
 * Presence on its way to the database: the latest of every visit and interval, once a second, in one batch. While the
 * log or the database is away, facts wait here, newer ones of the same visit taking the place of older ones.
 */
import { classRole, id, instant, presenceCause } from '@keshi/contract/domain';
import type { Db } from '@keshi/db/client';
import { upsertIntervals, upsertVisits, type StoredInterval, type StoredVisit } from '@keshi/db/presence';
import type { Logger } from '@keshi/runtime/log';
import type { Consumption, PresenceLog } from '@keshi/runtime/state/ports';
import { z } from 'zod';

const visitFact = z.object({
  id,
  classId: id,
  userId: id,
  role: classRole,
  nodeId: z.string(),
  device: z.enum(['desktop', 'phone', 'tablet', 'unknown']),
  openedAt: instant,
  lastSeenAt: instant,
  visible: z.boolean(),
  rttMs: z.number().nullable(),
  closed: z.object({ at: instant, cause: presenceCause.exclude(['open']) }).nullable(),
});
const intervalFact = z.object({
  id,
  visitId: id,
  classId: id,
  userId: id,
  from: instant,
  lastProof: instant,
  cause: presenceCause,
});
/** What comes most often is tried first. */
export const presenceFact = z.union([z.object({ interval: intervalFact }), z.object({ visit: visitFact })]);
export type PresenceFact = { visit: StoredVisit } | { interval: StoredInterval };

export interface FactBuffer {
  note(fact: PresenceFact): void;
  /** Sends what has gathered. One batch is under way at a time; resolves when nothing of before the call is left. */
  flush(): Promise<void>;
  /** ms since the oldest fact that is not stored yet was noted; 0 when there is none. */
  lagMs(): number;
  readonly size: number;
}

export function createFactBuffer({
  log: presenceLog,
  logger,
  onBatch,
}: {
  log: PresenceLog;
  logger: Logger;
  /** What leaves in this second, for boards that are being watched. */
  onBatch: (facts: readonly PresenceFact[]) => void;
}): FactBuffer {
  let waiting = new Map<string, PresenceFact>();
  let oldest: number | null = null;
  let sendingSince: number | null = null;
  let sending: Promise<void> | null = null;

  async function send(): Promise<void> {
    while (waiting.size > 0) {
      const batch = [...waiting.values()];
      waiting = new Map();
      sendingSince = oldest;
      oldest = null;
      onBatch(batch);
      try {
        await presenceLog.append(batch);
      } catch (error) {
        logger.warn({ err: error, facts: batch.length }, 'presence could not be appended, keeping it');
        for (const fact of batch) {
          const key = keyOf(fact);
          // What came meanwhile is newer.
          if (!waiting.has(key)) waiting.set(key, fact);
        }
        oldest = sendingSince;
        return;
      } finally {
        sendingSince = null;
      }
    }
  }

  return {
    note(fact) {
      waiting.set(keyOf(fact), fact);
      oldest ??= performance.now();
    },
    flush() {
      sending ??= send().finally(() => (sending = null));
      return sending;
    },
    lagMs() {
      const since = sendingSince ?? oldest;
      return since === null ? 0 : performance.now() - since;
    },
    get size() {
      return waiting.size;
    },
  };
}

function keyOf(fact: PresenceFact): string {
  return 'visit' in fact ? `v${fact.visit.id}` : `i${fact.interval.id}`;
}

/** The log's reader: facts into the database in bulk, idempotently. */
export function consumePresence(deps: {
  log: PresenceLog;
  db: Db;
  nodeId: string;
  failed: (error: unknown) => void;
}): Promise<Consumption> {
  return deps.log.consume<PresenceFact>({
    group: 'db',
    consumer: deps.nodeId,
    parse: (fact) => presenceFact.parse(fact),
    async handler(batch) {
      try {
        await upsertVisits(
          deps.db,
          batch.flatMap((fact) => ('visit' in fact ? [fact.visit] : [])),
        );
        await upsertIntervals(
          deps.db,
          batch.flatMap((fact) => ('interval' in fact ? [fact.interval] : [])),
        );
      } catch (error) {
        deps.failed(error);
        throw error;
      }
    },
  });
}
