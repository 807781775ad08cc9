/** Logins. At most one of a person is not ended (B6): the later login ends the earlier one. */
import type { Db } from './client.ts';
import { refusing, Refused } from './failures.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { newId } from './ids.ts';

const endReasons = ['logout', 'replaced', 'revoked', 'expired', 'refresh-reused'] as const;
export type EndReason = (typeof endReasons)[number];

export interface LoginSession {
  id: string;
  userId: string;
  userAgent: string;
  createdAt: number;
  expiresAt: number;
  endedAt: number | null;
  endReason: EndReason | null;
}

const columns = {
  id: true,
  userId: true,
  userAgent: true,
  createdAt: true,
  expiresAt: true,
  endedAt: true,
  endReason: true,
} as const;

/** Ends the former login and opens a new one in one transaction; `ended` are to be broadcast. */
export async function openSession(
  db: Db,
  input: { userId: string; refreshHash: string; userAgent: string; now: number; expiresAt: number },
): Promise<{ id: string; ended: string[] }> {
  const id = newId(input.now);
  const now = toDate(input.now);
  return refusing('session', () =>
    db.transaction(async (sql) => {
      // Two logins at the same time come one after the other here.
      const person = await sql('SELECT 1 FROM "User" WHERE "id" = $1 FOR UPDATE', [input.userId]);
      if (person.length === 0) throw new Refused('not-found', 'user');
      const ended = await sql<{ id: string }>(
        `UPDATE "LoginSession" SET "endedAt" = $2, "endReason" = 'replaced'
         WHERE "userId" = $1 AND "endedAt" IS NULL RETURNING "id"`,
        [input.userId, now],
      );
      await sql(
        `INSERT INTO "LoginSession" ("id", "userId", "refreshHash", "rotatedAt", "userAgent", "createdAt", "expiresAt")
         VALUES ($1, $2, $3, $4, $5, $4, $6)`,
        [id, input.userId, input.refreshHash, now, input.userAgent.slice(0, 400), toDate(input.expiresAt)],
      );
      return { id, ended: ended.map((row) => row.id) };
    }),
  );
}

export type Rotation =
  | { kind: 'rotated'; userId: string }
  /** Two tabs refreshed at once: the loser uses what the winner got. Not theft. */
  | { kind: 'raced'; userId: string }
  /** The secret before the last was used again: somebody has a copy. The login has been ended. */
  | { kind: 'reused'; userId: string }
  | { kind: 'ended'; reason: EndReason }
  /** Neither the secret nor the one before it: an older one, or none of this login at all. Nothing was changed. */
  | { kind: 'mismatch'; userId: string; refreshHash: string }
  | { kind: 'unknown' };

/**
 * `graceMs`: how long after a rotation the former secret counts as a race of two tabs instead of theft. A login that is
 * in use goes on until `expiresAt`.
 */
export async function rotateRefresh(
  db: Db,
  input: {
    id: string;
    presentedHash: string;
    nextHash: string;
    now: number;
    graceMs: number;
    expiresAt: number;
  },
): Promise<Rotation> {
  const now = toDate(input.now);
  return db.transaction<Rotation>(async (sql) => {
    const [session] = await sql<{
      userId: string;
      refreshHash: string;
      previousHash: string | null;
      rotatedAt: Date;
      expiresAt: Date;
      endReason: EndReason | null;
    }>(
      `SELECT "userId", "refreshHash", "previousHash", "rotatedAt", "expiresAt", "endReason"
       FROM "LoginSession" WHERE "id" = $1 FOR UPDATE`,
      [input.id],
    );
    if (!session) return { kind: 'unknown' };
    const { userId } = session;
    if (session.endReason !== null) return { kind: 'ended', reason: session.endReason };
    const end = (reason: EndReason) =>
      sql('UPDATE "LoginSession" SET "endedAt" = $2, "endReason" = $3 WHERE "id" = $1', [
        input.id,
        now,
        reason,
      ]);
    if (session.expiresAt <= now) {
      await end('expired');
      return { kind: 'ended', reason: 'expired' };
    }
    if (session.refreshHash === input.presentedHash) {
      await sql(
        `UPDATE "LoginSession" SET "previousHash" = "refreshHash", "refreshHash" = $2, "rotatedAt" = $3, "expiresAt" = $4
         WHERE "id" = $1`,
        [input.id, input.nextHash, now, toDate(input.expiresAt)],
      );
      return { kind: 'rotated', userId };
    }
    if (session.previousHash !== input.presentedHash)
      return { kind: 'mismatch', userId, refreshHash: session.refreshHash };
    if (input.now - fromDate(session.rotatedAt) <= input.graceMs) return { kind: 'raced', userId };
    await end('refresh-reused');
    return { kind: 'reused', userId };
  });
}

/** False when it had ended already or does not exist. */
export async function endSession(
  db: Db,
  input: { id: string; reason: EndReason; now: number },
): Promise<boolean> {
  const data = { endedAt: toDate(input.now), endReason: input.reason };
  const { count } = await db.prisma.loginSession.updateMany({ where: { id: input.id, endedAt: null }, data });
  return count > 0;
}

/** Ends whatever login the person has; answers which. */
export async function endSessionsOf(
  db: Db,
  input: { userId: string; reason: EndReason; now: number },
): Promise<string[]> {
  const rows = await db.prisma.loginSession.updateManyAndReturn({
    where: { userId: input.userId, endedAt: null },
    data: { endedAt: toDate(input.now), endReason: input.reason },
    select: { id: true },
  });
  return rows.map((row) => row.id);
}

/** Of each of these logins, in their order: null for one that there is not. One statement for all of them. */
export async function standingOfSessions(
  db: Db,
  ids: readonly string[],
): Promise<({ endReason: EndReason | null; ended: boolean } | null)[]> {
  const rows = await db.sql<{ id: string; endReason: EndReason | null; ended: boolean }>(
    `SELECT "id", "endReason", "endedAt" IS NOT NULL AS "ended" FROM "LoginSession" WHERE "id" = ANY($1::uuid[])`,
    [ids],
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? null);
}

/** The person's login that has not ended, if there is one. */
export async function currentSessionOf(db: Db, userId: string): Promise<LoginSession | null> {
  const row = await db.prisma.loginSession.findFirst({ where: { userId, endedAt: null }, select: columns });
  return row && fromRow(row);
}

/** Which of these login sessions have ended: after notices of that may have been missed. */
export async function endedAmong(
  db: Db,
  sessionIds: readonly string[],
): Promise<{ id: string; replaced: boolean }[]> {
  if (sessionIds.length === 0) return [];
  return db.sql<{ id: string; replaced: boolean }>(
    `SELECT "id", COALESCE("endReason", '') = 'replaced' AS "replaced" FROM "LoginSession"
     WHERE "id" = ANY($1::uuid[]) AND "endedAt" IS NOT NULL`,
    [sessionIds],
  );
}

type Row = Omit<LoginSession, 'createdAt' | 'expiresAt' | 'endedAt' | 'endReason'> & {
  createdAt: Date;
  expiresAt: Date;
  endedAt: Date | null;
  endReason: string | null;
};

function fromRow(row: Row): LoginSession {
  return {
    ...row,
    createdAt: fromDate(row.createdAt),
    expiresAt: fromDate(row.expiresAt),
    endedAt: fromDateOrNull(row.endedAt),
    endReason: endReasons.find((reason) => reason === row.endReason) ?? null,
  };
}
