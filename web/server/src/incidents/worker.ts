/** What happens to incidents by itself: checks become incidents, overdue ones are escalated, pictures go after their time. */
import { appendAuditIn } from '@keshi/db/audit';
import type { Db } from '@keshi/db/client';
import { incidentsToLetGo, letPicturesGo } from '@keshi/db/incident-evidence';
import { oldestUnweighed, unweighedPeople } from '@keshi/db/incident-weighing';
import { countUndecided, lockIncident, overdueIncidents } from '@keshi/db/incidents';
import type { Vault } from '@keshi/db/vault';
import type { IdentityPolicy } from '@keshi/rules/identity-policy';
import { holdsPictures } from '@keshi/rules/incidents';
import type { Clock } from '@keshi/runtime/clock';
import type { Health } from '@keshi/runtime/health';
import type { Logger } from '@keshi/runtime/log';
import type { Metrics } from '@keshi/runtime/metrics';
import type { Erasure } from '../identity/erasure.ts';
import { stateOf } from './state.ts';
import type { Steps } from './steps.ts';
import { weigh } from './weigh.ts';

export interface IncidentWorkerDeps {
  db: Db;
  vault: Vault;
  clock: Clock;
  policy: IdentityPolicy;
  steps: Steps;
  erasure: Erasure;
  log: Logger;
  metrics: Metrics;
  health: Health;
}

/** Checks that wait longer than this for somebody to look at them are late enough for somebody to look at us. */
const lateMs = 5 * 60_000;

export function createIncidentWorker(deps: IncidentWorkerDeps) {
  const { db, clock, steps, erasure, log, metrics, health } = deps;
  const openedCount = metrics.counter({
    name: 'incidents_opened_total',
    help: 'Incidents opened by failed checks.',
  });
  const failures = metrics.counter({
    name: 'incident_weighing_failures_total',
    help: 'Looks at the checks of a person that failed and are tried again.',
  });
  metrics.gauge({
    name: 'incidents_undecided',
    help: 'Incidents and appeals that wait for a decision; `overdue` those whose term to decide has passed.',
    labels: ['term'],
    collect: async (gauge) => {
      const { waiting, overdue } = await countUndecided(db, clock());
      gauge.set({ term: 'running' }, waiting - overdue);
      gauge.set({ term: 'overdue' }, overdue);
    },
  });
  health.add({
    name: 'incidents',
    essential: false,
    check: async () => {
      const since = await oldestUnweighed(db);
      if (since !== null && clock() - since > lateMs)
        return { status: 'degraded', reason: 'failed checks wait to be looked at' };
      const { overdue } = await countUndecided(db, clock());
      if (overdue === 0) return { status: 'ok' };
      return { status: 'degraded', reason: `${overdue} incidents or appeals wait beyond their term` };
    },
  });

  /** Looks at what waits, of everybody or of one person; one that fails holds up nobody else and is tried again. */
  async function weighDue({
    signal,
    userId,
  }: { signal?: AbortSignal; userId?: string } = {}): Promise<number> {
    let count = 0;
    for (const person of await unweighedPeople(db, userId === undefined ? {} : { userId })) {
      if (signal?.aborted) break;
      try {
        if ((await weigh(deps, person)) === 'opened') {
          count += 1;
          openedCount.inc();
          log.info({ kind: person.kind, contextId: person.contextId }, 'incident opened');
        }
      } catch (error) {
        failures.inc();
        log.error(
          { err: error, kind: person.kind, contextId: person.contextId },
          'checks could not be weighed',
        );
      }
    }
    return count;
  }

  async function escalateDue(): Promise<void> {
    for (const id of await overdueIncidents(db, clock()))
      if (await steps.escalate(id)) log.warn({ incidentId: id }, 'an incident is overdue');
  }

  /** [PR6] */
  async function letGoDue(): Promise<void> {
    const now = clock();
    for (const id of await incidentsToLetGo(db, now)) {
      const keyId = await db.transaction(async (sql) => {
        const incident = await lockIncident(sql, { id });
        if (incident.picturesGoneAt !== null || holdsPictures(stateOf(incident), now)) return null;
        await letPicturesGo(sql, incident, now);
        await appendAuditIn(sql, {
          actorId: null,
          orgPath: incident.orgPath,
          action: 'incident.pictures-gone',
          targetType: 'user',
          targetId: incident.userId,
          detail: { incidentId: id },
        });
        return incident.keyId;
      });
      if (keyId !== null) await erasure.destroyNow(keyId);
    }
  }

  return {
    weighDue,
    /** Everything that is due now. May be done twice, or by two at once: each thing is done once. */
    async sweep(signal?: AbortSignal): Promise<void> {
      await weighDue(signal ? { signal } : {});
      await escalateDue();
      await letGoDue();
    },
  };
}
export type IncidentWorker = ReturnType<typeof createIncidentWorker>;
