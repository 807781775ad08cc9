import { randomUUID } from 'node:crypto';
import { checkHints, type CheckHint } from '@keshi/contract/class-checks';
import type { Db } from '@keshi/db/client';
import type { Vault } from '@keshi/db/vault';
import { defaultIdentityPolicy } from '@keshi/rules/identity-policy';
import type { Clock } from '@keshi/runtime/clock';
import type { Health } from '@keshi/runtime/health';
import type { Logger } from '@keshi/runtime/log';
import type { Metrics } from '@keshi/runtime/metrics';
import type { ClassBus, Lease } from '@keshi/runtime/state/ports';
import type { ResultsReader } from '../attendance/class-results.ts';
import { createErasure } from '../identity/erasure.ts';
import { createRounds } from '../identity/rounds.ts';
import { ownIncidentRoutes } from './own-routes.ts';
import { incidentRoutes } from './routes.ts';
import { createSteps } from './steps.ts';
import { createIncidentWorker } from './worker.ts';

interface Deps {
  db: Db;
  vault: Vault;
  clock: Clock;
  lease: Lease;
  bus: ClassBus;
  results: ResultsReader;
  /** Public keys whose signatures under verdicts are known, 32 bytes each in base64. */
  verdictKeys: readonly string[];
  log: Logger;
  metrics: Metrics;
  health: Health;
}

const everyMs = 3_000;

/** Findings that a person decides, with what becomes of them by itself. */
export function createIncidents(deps: Deps) {
  const { db, vault, clock, lease, bus, results, verdictKeys, metrics, health } = deps;
  const log = deps.log.child({ part: 'incidents' });
  const steps = createSteps({
    db,
    clock,
    tell({ kind, contextId: classId, userId }) {
      if (kind !== 'class') return;
      // A class that misses it shows it when it is read as a whole again; what is credited is decided by what is stored.
      bus
        .publish(checkHints, { classId, userId, checkId: null, decided: true } satisfies CheckHint)
        .catch((error: unknown) => log.warn({ err: error }, 'the class was not told of a decision'));
    },
  });
  const worker = createIncidentWorker({
    db,
    vault,
    clock,
    policy: defaultIdentityPolicy,
    steps,
    erasure: createErasure({ db, vault, log }),
    log,
    metrics,
    health,
  });
  const rounds = createRounds({
    name: 'incidents',
    everyMs,
    work: worker.sweep,
    log,
    lease: { port: lease, holder: randomUUID() },
  });
  return {
    routes: {
      ...incidentRoutes({ db, vault, clock, results, steps, verdictKeys }),
      ...ownIncidentRoutes({ db, clock, steps }),
    },
    /** [PR6] Before somebody's face is erased: what it is evidence of is under the incident's key by then. */
    async holdEvidence(userId: string): Promise<void> {
      await worker.weighDue({ userId });
    },
    close: () => rounds.close(),
  };
}
