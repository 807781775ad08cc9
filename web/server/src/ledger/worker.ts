/** What keeps the ledger up to date by itself: settling classes that are over and lessons that are complete, and signing each day's root. */
import type { Db } from '@keshi/db/client';
import { type Clock, systemClock } from '@keshi/runtime/clock';
import type { Health } from '@keshi/runtime/health';
import type { Logger } from '@keshi/runtime/log';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import type { Metrics } from '@keshi/runtime/metrics';
import type { State } from '@keshi/runtime/state/ports';
import { createStudyEntering } from './enter-studies.ts';
import { createRootMaker } from './root-maker.ts';
import { createRootSigner } from './root-signer.ts';
import { createSettler } from './settler.ts';

export interface LedgerWorker {
  /** Settles and signs what is due, unless another node is at it. A sweep under way is that one; never rejects. */
  sweep(): Promise<void>;
  /** Lets the class under way finish its piece. Idempotent. */
  close(): Promise<void>;
}

export interface LedgerWorkerDeps {
  nodeId: string;
  db: Db;
  state: Pick<State, 'lease' | 'presenceLog'>;
  /** Where recordings are: a replay earns by what lies where on it. */
  mediaStore: Pick<MediaStore, 'list'>;
  /** Seed of the key that signs the roots, 32 bytes. */
  ledgerKey: Buffer;
  metrics: Metrics;
  health: Health;
  log: Logger;
  clock?: Clock;
  /** How long after its end a class is left alone; longer than any statement may take that stores a fact. */
  graceMs?: number;
  /** 0: only when asked. */
  everyMs?: number;
}

const leaseName = 'ledger';
const leaseMs = 30_000;
/** Beyond this the figures people wait for are late enough for somebody to look. */
const lateMs = 15 * 60_000;

export function createLedgerWorker(deps: LedgerWorkerDeps): LedgerWorker {
  const { nodeId, db, metrics, health, clock = systemClock, graceMs = 60_000, everyMs = 5_000 } = deps;
  const { lease, presenceLog } = deps.state;
  const log = deps.log.child({ part: 'ledger' });
  const entries = metrics.counter({
    name: 'ledger_entries_total',
    help: 'Entries appended to the ledger by settling classes and lessons.',
    labels: ['kind'],
  });
  const failures = metrics.counter({
    name: 'ledger_settlement_failures_total',
    help: 'Settlements of a class that failed and are tried again.',
  });
  const settler = createSettler({
    db,
    clock,
    presenceLog,
    log,
    graceMs,
    settled: (_, { settlements, corrections }) => {
      entries.inc({ kind: 'settlement' }, settlements);
      entries.inc({ kind: 'correction' }, corrections);
    },
    failed: () => failures.inc(),
  });
  const studies = createStudyEntering({
    db,
    clock,
    mediaStore: deps.mediaStore,
    log,
    entered: (count) => entries.inc({ kind: 'lesson' }, count),
    failed: () => failures.inc(),
  });
  const roots = createRootMaker({ db, clock, signer: createRootSigner(deps.ledgerKey), log });
  metrics.gauge({
    name: 'ledger_settlement_lag_seconds',
    help: 'How long the class that has waited longest for its settlement has waited beyond the grace.',
    collect: async (gauge) => gauge.set((await settler.lagMs()) / 1000),
  });
  health.add({
    name: 'settlement-lag',
    essential: false,
    check: async () => {
      const lagMs = await settler.lagMs();
      if (lagMs <= lateMs) return { status: 'ok' };
      return { status: 'degraded', reason: `hours of a class wait for ${Math.round(lagMs / 60_000)} min` };
    },
  });

  const stopping = new AbortController();
  let sweeping: Promise<void> | null = null;

  async function run(): Promise<void> {
    const won = await lease.acquire(leaseName, nodeId, leaseMs);
    if (!won) return;
    const renewing = setInterval(() => {
      lease.renew(leaseName, nodeId, won.fence, leaseMs).catch(() => false);
    }, leaseMs / 3);
    try {
      // First the day that is over, so that its root does not hold what is entered after it.
      await roots.makeDue();
      await settler.settleDue(stopping.signal);
      await studies.enterDue(stopping.signal);
    } finally {
      clearInterval(renewing);
      await lease.release(leaseName, nodeId, won.fence).catch(() => false);
    }
  }

  function sweep(): Promise<void> {
    sweeping ??= run()
      .catch((error: unknown) => log.warn({ err: error }, 'the ledger could not be looked at, trying again'))
      .finally(() => (sweeping = null));
    return sweeping;
  }

  const timer = everyMs > 0 ? setInterval(() => void sweep(), everyMs) : undefined;
  return {
    sweep,
    async close() {
      stopping.abort();
      clearInterval(timer);
      await sweeping;
    },
  };
}
