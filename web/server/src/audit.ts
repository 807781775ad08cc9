import { appendAudit } from '@keshi/db/audit';
import type { Db } from '@keshi/db/client';
import { homePathOf } from '@keshi/db/users';
import type { Logger } from '@keshi/runtime/log';
import type { MountDeps } from './http/mount.ts';

/**
 * Stores entries of the audit log. An entry that names no organisation belongs to the one of its actor, so that those
 * who supervise it can read it.
 */
export function createAudit(db: Db, log: Logger): MountDeps['audit'] {
  return async ({ actorId, orgPath, ...note }, asked) => {
    const who = actorId ?? asked.actor?.userId ?? null;
    const path = orgPath ?? (who === null ? null : await homePathOf(db, who)) ?? '';
    await appendAudit(db, { ...note, actorId: who, orgPath: path, address: asked.address });
    log.info({ action: note.action, actorId: who, targetId: note.targetId }, 'audit');
  };
}
