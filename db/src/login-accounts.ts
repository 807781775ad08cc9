/** An account at the door: finding it, counting wrong passwords, changing the right one. */
import { type Locale, locale } from '@keshi/contract/domain';
import type { Db } from './client.ts';
import { Refused } from './failures.ts';
import { fromDateOrNull, toDate } from './instants.ts';

export interface LoginFacts {
  id: string;
  passwordHash: string;
  disabledAt: number | null;
  failedLogins: number;
  lockedUntil: number | null;
  locale: Locale;
}

/** By login name or phone. */
export async function findForLogin(db: Db, loginOrPhone: string): Promise<LoginFacts | null> {
  const select = {
    id: true,
    passwordHash: true,
    disabledAt: true,
    failedLogins: true,
    lockedUntil: true,
    locale: true,
  };
  const byLogin = await db.prisma.user.findUnique({ where: { login: loginOrPhone }, select });
  const phoneIndex = { in: db.personal.indexes('User.phone', loginOrPhone) };
  const row = byLogin ?? (await db.prisma.user.findFirst({ where: { phoneIndex }, select }));
  if (!row) return null;
  return {
    ...row,
    disabledAt: fromDateOrNull(row.disabledAt),
    lockedUntil: fromDateOrNull(row.lockedUntil),
    locale: locale.parse(row.locale),
  };
}

/**
 * Counts a wrong password. From the `allowed`-th in a row on each one locks the account: for `lockMs`, then twice that,
 * and so on, at most `longestMs`. A successful login starts over.
 */
export async function recordFailedLogin(
  db: Db,
  input: { userId: string; now: number; allowed: number; lockMs: number; longestMs: number },
): Promise<{ lockedUntil: number | null }> {
  const [row] = await db.sql<{ lockedUntil: Date | null }>(
    `UPDATE "User" SET
       "failedLogins" = "failedLogins" + 1,
       "lockedUntil" = CASE WHEN "failedLogins" + 1 < $2 THEN "lockedUntil" ELSE
         $3::timestamptz + LEAST($5, $4 * power(2, LEAST(20, "failedLogins" + 1 - $2))) * interval '1 millisecond' END
     WHERE "id" = $1 RETURNING "lockedUntil"`,
    [input.userId, input.allowed, toDate(input.now), input.lockMs, input.longestMs],
  );
  const lockedUntil = fromDateOrNull(row?.lockedUntil ?? null);
  return { lockedUntil: lockedUntil !== null && lockedUntil > input.now ? lockedUntil : null };
}

export async function recordLogin(db: Db, userId: string): Promise<void> {
  await db.sql(
    `UPDATE "User" SET "failedLogins" = 0, "lockedUntil" = NULL WHERE "id" = $1 AND ("failedLogins" > 0 OR "lockedUntil" IS NOT NULL)`,
    [userId],
  );
}

export async function setPasswordHash(
  db: Db,
  input: { userId: string; passwordHash: string },
): Promise<void> {
  const { userId, passwordHash } = input;
  const data = { passwordHash, failedLogins: 0, lockedUntil: null, version: { increment: 1 } };
  const { count } = await db.prisma.user.updateMany({ where: { id: userId }, data });
  if (count === 0) throw new Refused('not-found', 'user');
}
