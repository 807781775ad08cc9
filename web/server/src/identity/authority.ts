import { appendAudit } from '@keshi/db/audit';
import type { Db } from '@keshi/db/client';
import { latestConsent } from '@keshi/db/consents';
import { openPicture } from '@keshi/db/face-references';
import { answered, type DueCheck, putOff, takeDueChecks } from '@keshi/db/identity-checks';
import { homePathOf } from '@keshi/db/users';
import type { Vault } from '@keshi/db/vault';
import type { Clock } from '@keshi/runtime/clock';
import type { Logger } from '@keshi/runtime/log';
import type { IdentityVerifier } from './verifier.ts';

/** Longer than a question takes: one whose process died with it comes again. */
const againMs = 60_000;
const firstRetryMs = 60_000;
const longestRetryMs = 6 * 3_600_000;
const atATime = 10;

/** [B11] Asks the authority whatever is due. Several processes may do so at once. */
export function createAuthority(deps: {
  db: Db;
  vault: Vault;
  verifier: IdentityVerifier;
  clock: Clock;
  log: Logger;
}) {
  const { db, vault, verifier, clock, log } = deps;

  async function ask(check: DueCheck, signal: AbortSignal): Promise<void> {
    const { userId, revision, name, kind, number } = check;
    // Consent covers the sending; a picture that is not there is not asked about.
    const consent = await latestConsent(db, userId);
    const photo = consent?.action === 'given' ? await openPicture(db, vault, userId) : null;
    const answer = await verifier({ name, document: { kind, number }, photo }, signal);
    if (answer.kind === 'unavailable') {
      const wait = answer.retryMs ?? Math.min(longestRetryMs, firstRetryMs * 2 ** (check.attempts - 1));
      await putOff(db, { userId, revision, nextAt: clock() + wait });
      log.warn({ userId, attempts: check.attempts, reason: answer.reason }, 'the authority gave no answer');
      return;
    }
    const { outcome, photo: photoOutcome } = answer;
    const follows = await answered(db, { userId, revision, outcome, photo: photoOutcome, now: clock() });
    if (!follows) return;
    await appendAudit(db, {
      actorId: null,
      orgPath: (await homePathOf(db, userId)) ?? '',
      action: 'identity.authority-answered',
      targetType: 'user',
      targetId: userId,
      detail: { outcome, photo: photoOutcome, ...follows },
    });
  }

  return {
    /** One round; answers how many were asked about. */
    async askDue(signal: AbortSignal): Promise<number> {
      const now = clock();
      const due = await takeDueChecks(db, { now, againAt: now + againMs, limit: atATime });
      // One that fails here is due again by itself; it must not hold up the others.
      const results = await Promise.allSettled(due.map((check) => ask(check, signal)));
      for (const result of results)
        if (result.status === 'rejected')
          log.error({ err: result.reason }, 'a question to the authority failed');
      return due.length;
    },
  };
}
