/**
 * What of ours is broken at the moment. Hosts are told in one line, and when the database is back the time it was away
 * is recorded as an outage of ours [AT4].
 */
import type { Db } from '@keshi/db/client';
import { recordOutage } from '@keshi/db/outages';
import type { Logger } from '@keshi/runtime/log';
import type { ServerPayload } from '@keshi/contract/signaling';

export type TroubleKind = ServerPayload<'trouble'>['kind'];
/** What pages are told to wait while the database is away. */
export const databaseRetryMs = 2_000;

export interface Troubles {
  began(kind: TroubleKind): void;
  ended(kind: TroubleKind): void;
  /** What lasts now, for a host who joins meanwhile. */
  current(): ServerPayload<'trouble'>[];
  close(): void;
}

export interface TroublesDeps {
  db: Db;
  now: () => number;
  log: Logger;
  tellHosts: (trouble: ServerPayload<'trouble'>) => void;
  /** The database answers again: what waited for it goes on. */
  databaseBack: () => Promise<void>;
  /** An outage is on record. */
  recorded: () => void;
}

const probeMs = 500;

export function createTroubles(deps: TroublesDeps): Troubles {
  const { db, now, log } = deps;
  const since = new Map<TroubleKind, number>();
  let probing: NodeJS.Timeout | null = null;
  let closed = false;

  async function probe(): Promise<void> {
    probing = null;
    const from = since.get('database');
    if (from === undefined || closed) return;
    try {
      if (!(await db.health()).ok) throw new Error('not yet');
      const to = now();
      await deps.databaseBack();
      await recordOutage(db, { kind: 'database', scope: 'all', from, to, retryMs: databaseRetryMs });
      deps.recorded();
      ended('database');
    } catch {
      probeLater();
    }
  }

  function probeLater(): void {
    if (closed) return;
    probing ??= setTimeout(() => void probe(), probeMs);
  }

  function ended(kind: TroubleKind): void {
    const from = since.get(kind);
    if (from === undefined) return;
    since.delete(kind);
    log.info({ kind, lastedMs: now() - from }, 'trouble healed');
    deps.tellHosts({ kind, since: from, healed: true });
  }

  return {
    began(kind) {
      if (since.has(kind)) return;
      since.set(kind, now());
      log.warn({ kind }, 'trouble');
      deps.tellHosts({ kind, since: now(), healed: false });
      if (kind === 'database') probeLater();
    },
    ended,
    current: () => [...since].map(([kind, from]) => ({ kind, since: from, healed: false })),
    close() {
      closed = true;
      if (probing) clearTimeout(probing);
    },
  };
}
