/** The store's word on whether logins still live, asked for many people at once: every page asks every few seconds. */
import type { SessionEnded } from '@keshi/contract/tokens';
import type { Db } from '@keshi/db/client';
import { standingOfSessions } from '@keshi/db/login-sessions';
import { createGroupCommit } from '@keshi/runtime/group-commit';

export function createSessionStore(db: Db) {
  const asked = createGroupCommit<string, SessionEnded['reason'] | null>({
    async write(sids) {
      const standings = await standingOfSessions(db, sids);
      return standings.map((session) => {
        if (session && !session.ended) return null;
        return session?.endReason === 'replaced' ? 'session-replaced' : 'session-revoked';
      });
    },
    most: 500,
    waitMs: 2,
    lanes: 2,
  });
  return {
    /** Why a session has ended, null while it has not. */
    reasonOfEnd: (sid: string) => asked.add(sid),
  };
}
