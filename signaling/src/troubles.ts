/**
 * What of ours is broken at the moment. Hosts are told in one line, and when it works again the time it did not is
 * recorded as an outage of ours [AT4]: whoever could not come back meanwhile, or reloaded a frozen page, is bridged.
 */
import type { Db } from '@keshi/db/client';
import { recordOutage, type OutageKind } from '@keshi/db/outages';
import type { Logger } from '@keshi/runtime/log';
import type { ServerPayload } from '@keshi/contract/signaling';

export type TroubleKind = ServerPayload<'trouble'>['kind'];

export interface Troubles {
  began(kind: TroubleKind): void;
  /** Of the database it is found out here. */
  ended(kind: Exclude<TroubleKind, 'database'>): void;
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
/** What pages are told to wait while it lasts. */
const retryMs = 2_000;
const outageOf: Record<TroubleKind, OutageKind> = {
  database: 'database',
  media: 'sfu',
  'shared-state': 'shared-state',
  // People who were in a class and come back are kept waiting.
  crowd: 'signaling',
};

export function createTroubles(deps: TroublesDeps): Troubles {
  const { db, now, log } = deps;
  const since = new Map<TroubleKind, number>();
  /** Over, and not on record yet, because the database is away as well. */
  const unrecorded: { kind: OutageKind; from: number; to: number }[] = [];
  let probing: NodeJS.Timeout | null = null;
  let recording: Promise<void> | null = null;
  let closed = false;

  async function recordAll(): Promise<void> {
    for (let next = unrecorded[0]; next; next = unrecorded[0]) {
      await recordOutage(db, { ...next, scope: 'all', retryMs });
      unrecorded.shift();
      deps.recorded();
    }
  }

  /** Rejects while the database is away; what is over stays to be recorded. */
  function record(): Promise<void> {
    recording ??= recordAll().finally(() => (recording = null));
    return recording;
  }

  async function probe(): Promise<void> {
    probing = null;
    if (closed) return;
    try {
      if (!(await db.health()).ok) throw new Error('not yet');
      if (since.has('database')) {
        await deps.databaseBack();
        heal('database');
      }
      await record();
    } catch {
      probeLater();
    }
  }

  function probeLater(): void {
    if (closed) return;
    probing ??= setTimeout(() => void probe(), probeMs);
  }

  function heal(kind: TroubleKind): boolean {
    const from = since.get(kind);
    if (from === undefined) return false;
    since.delete(kind);
    const to = now();
    unrecorded.push({ kind: outageOf[kind], from, to });
    log.info({ kind, lastedMs: to - from }, 'trouble healed');
    deps.tellHosts({ kind, since: from, healed: true });
    return true;
  }

  return {
    began(kind) {
      if (since.has(kind)) return;
      since.set(kind, now());
      log.warn({ kind }, 'trouble');
      deps.tellHosts({ kind, since: now(), healed: false });
      if (kind === 'database') probeLater();
    },
    ended(kind) {
      if (heal(kind)) record().catch(probeLater);
    },
    current: () => [...since].map(([kind, from]) => ({ kind, since: from, healed: false })),
    close() {
      closed = true;
      if (probing) clearTimeout(probing);
    },
  };
}
