/** Wrong passwords in a row before an account waits. */
export const freeFailures = 5;
export const firstLockMs = 60_000;
export const longestLockMs = 30 * 60_000;

/** How long an account is locked after its n-th wrong password in a row, ms: 1, 2, 4, … at most 30 minutes. */
function lockMs(failures: number): number {
  if (failures < freeFailures) return 0;
  return Math.min(longestLockMs, firstLockMs * 2 ** Math.min(20, failures - freeFailures));
}

interface Failures {
  count: number;
  lockedUntil: number;
}

/**
 * Logins nobody has are locked like accounts, so that a lock does not tell which logins exist. In memory and bounded:
 * the oldest are forgotten first.
 */
export function createStrangerLocks(most = 20_000) {
  const byLogin = new Map<string, Failures>();
  return {
    lockedUntil: (login: string): number => byLogin.get(login)?.lockedUntil ?? 0,
    fail(login: string, now: number): void {
      const count = (byLogin.get(login)?.count ?? 0) + 1;
      byLogin.delete(login);
      byLogin.set(login, { count, lockedUntil: now + lockMs(count) });
      const oldest = byLogin.keys().next();
      if (byLogin.size > most && !oldest.done) byLogin.delete(oldest.value);
    },
  };
}
