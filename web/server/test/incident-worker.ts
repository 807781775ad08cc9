import type { Db } from '@keshi/db/client';
import type { Vault } from '@keshi/db/vault';
import { defaultIdentityPolicy } from '@keshi/rules/identity-policy';
import { createHealth } from '@keshi/runtime/health';
import { createLogger } from '@keshi/runtime/log';
import { createMetrics } from '@keshi/runtime/metrics';
import { createErasure } from '../src/identity/erasure.ts';
import { createSteps } from '../src/incidents/steps.ts';
import { createIncidentWorker } from '../src/incidents/worker.ts';

const log = createLogger({ name: 'test', level: 'silent', format: 'json' });

/** The worker as the service makes it, without its rounds. */
export function startIncidentWorker(db: Db, vault: Vault, clock: () => number = Date.now) {
  const metrics = createMetrics({ service: 'test' });
  const health = createHealth(log);
  const worker = createIncidentWorker({
    db,
    vault,
    clock,
    policy: defaultIdentityPolicy,
    steps: createSteps({ db, clock }),
    erasure: createErasure({ db, vault, log }),
    log,
    metrics,
    health,
  });
  return { ...worker, metrics, health };
}
