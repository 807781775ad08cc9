import { randomUUID } from 'node:crypto';
import type { Db } from '@keshi/db/client';
import { Unsealable } from '@keshi/db/crypto';
import {
  type CheckedPerson,
  type CheckPicture,
  onUnweighed,
  type WeighedCheck,
  type WeighingFacts,
} from '@keshi/db/incident-weighing';
import type { LearnerKey, Vault } from '@keshi/db/vault';
import { type Check, identityState } from '@keshi/rules/identity-checks';
import type { IdentityPolicy } from '@keshi/rules/identity-policy';
import { opened } from '@keshi/rules/incidents';
import type { Clock } from '@keshi/runtime/clock';
import type { Logger } from '@keshi/runtime/log';

export interface WeighDeps {
  db: Db;
  vault: Vault;
  clock: Clock;
  policy: IdentityPolicy;
  log: Logger;
}

export type WeighedAs = 'opened' | 'extended' | 'nothing';

/**
 * Looks at the checks of one person in one class: two that failed in a row open an incident, and what fails later belongs
 * to it [PR4]. Its pictures are sealed anew under its own key in the same transaction [PR6], so that from the commit on no
 * withdrawal of consent takes the evidence away. May be done twice, or by two at once: there is one incident.
 */
export async function weigh(deps: WeighDeps, of: CheckedPerson): Promise<WeighedAs> {
  const { db, vault, clock, policy } = deps;
  const now = clock();
  const result = await onUnweighed<WeighedAs>(db, of, now, async (facts) => {
    const { standing, place } = facts;
    const ids = incidentChecks(facts.checks, policy).filter((id) => !standing?.checkIds.has(id));
    if (ids.length === 0 || (!standing && ids.length < policy.failuresForIncident))
      return { incident: null, result: 'nothing' };
    const id = standing?.id ?? randomUUID();
    const keyId = standing?.keyId ?? randomUUID();
    const holds = standing?.holds ?? true;
    const pictures = holds ? await reseal(deps, keyId, await facts.picturesOf(ids)) : [];
    const audit = [
      {
        actorId: null,
        orgPath: place.orgPath,
        action: standing ? 'incident.extended' : 'incident.opened',
        targetType: 'user',
        targetId: of.userId,
        detail: {
          incidentId: id,
          kind: of.kind,
          contextId: of.contextId,
          checks: ids.length,
          pictures: pictures.length,
        },
      },
    ];
    if (standing)
      return {
        incident: { kind: 'extend', id, checkIds: ids, pictures },
        audit,
        result: 'extended',
      };
    const state = opened(now);
    if (state.kind !== 'open') throw new Error('an incident begins open');
    return {
      incident: { kind: 'open', id, keyId, openedAt: now, decideBy: state.decideBy, checkIds: ids, pictures },
      audit,
      result: 'opened',
    };
  });
  return result ?? 'nothing';

  async function reseal(
    { log }: WeighDeps,
    keyId: string,
    stored: readonly CheckPicture[],
  ): Promise<{ checkId: string; position: number; sealed: Uint8Array; takenAt: number }[]> {
    if (stored.length === 0) return [];
    // The key of an incident is made before what it seals is written: a crash in between leaves a key of nothing.
    const own = await vault.make(keyId);
    if (!own) return [];
    const learnerKeys = new Map<string, LearnerKey | null>();
    for (const { keyId: learnerKeyId } of stored)
      if (!learnerKeys.has(learnerKeyId)) learnerKeys.set(learnerKeyId, await vault.find(learnerKeyId));
    return stored.flatMap(({ checkId, position, keyId: learnerKeyId, sealed, takenAt }) => {
      const key = learnerKeys.get(learnerKeyId);
      if (!key) return [];
      try {
        const plain = key.open('FaceCheckPicture.picture', sealed);
        return [{ checkId, position, sealed: own.seal('IncidentPicture.picture', plain), takenAt }];
      } catch (error) {
        if (!(error instanceof Unsealable)) throw error;
        // A picture that nobody can open is no reason to lose the finding.
        log.error({ err: error, checkId, position }, 'a picture of a check could not be opened');
        return [];
      }
    });
  }
}

/** Which checks belong to the incident that these make; none when they make none. */
function incidentChecks(checks: WeighingFacts['checks'], policy: IdentityPolicy): string[] {
  const ids = new Map<Check, string>(checks.map((check: WeighedCheck) => [check, check.id]));
  const { incident } = identityState([...ids.keys()], policy);
  return (incident?.checks ?? []).flatMap((check) => ids.get(check) ?? []);
}
