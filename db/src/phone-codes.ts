/** [B1] Codes that show that a phone is somebody's: hashed, few, and soon over. */
import { timingSafeEqual } from 'node:crypto';
import type { Db } from './client.ts';
import { Refused } from './failures.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';

export type CodePurpose = 'register' | 'verify';

export interface CodeLimits {
  /** Between two codes to one phone. */
  pauseMs: number;
  /** In `withinMs`, to one phone and from one address. */
  withinMs: number;
  perPhone: number;
  perAddress: number;
}

/**
 * Keeps a code about to be sent; the earlier ones of that phone are void. Null, or when the next may be asked for (ms)
 * while there have been too many.
 */
export async function keepCode(
  db: Db,
  input: {
    id: string;
    purpose: CodePurpose;
    phone: string;
    address: string;
    codeHash: string;
    now: number;
    expiresAt: number;
    limits: CodeLimits;
  },
): Promise<{ tooManyUntil: number } | null> {
  const { purpose, phone, address, limits, now } = input;
  const phoneIndexes = db.personal.indexes('User.phone', phone);
  return db.transaction(async (sql) => {
    // One at a time for each phone and each address, so that no two pass the same count.
    await sql('SELECT pg_advisory_xact_lock(hashtextextended(k, 17)) FROM unnest($1::text[]) k', [
      [`code:${db.personal.index('User.phone', phone)}`, `code-from:${address}`].sort(),
    ]);
    const since = toDate(now - limits.withinMs);
    const [ofPhone] = await sql<{ count: string; first: Date | null; last: Date | null }>(
      `SELECT count(*) AS "count", min("createdAt") AS "first", max("createdAt") AS "last" FROM "PhoneCode"
       WHERE "phoneIndex" = ANY($1) AND "createdAt" > $2`,
      [phoneIndexes, since],
    );
    const [fromAddress] = await sql<{ count: string; first: Date | null }>(
      `SELECT count(*) AS "count", min("createdAt") AS "first" FROM "PhoneCode"
       WHERE "address" = $1 AND "createdAt" > $2`,
      [address, since],
    );
    const waits = [
      ofPhone?.last ? fromDate(ofPhone.last) + limits.pauseMs : 0,
      ofPhone?.first && Number(ofPhone.count) >= limits.perPhone
        ? fromDate(ofPhone.first) + limits.withinMs
        : 0,
      fromAddress?.first && Number(fromAddress.count) >= limits.perAddress
        ? fromDate(fromAddress.first) + limits.withinMs
        : 0,
    ];
    const until = Math.max(...waits);
    if (until > now) return { tooManyUntil: until };
    await sql(
      `UPDATE "PhoneCode" SET "usedAt" = $3 WHERE "phoneIndex" = ANY($1) AND "purpose" = $2 AND "usedAt" IS NULL`,
      [phoneIndexes, purpose, toDate(now)],
    );
    await sql(
      `INSERT INTO "PhoneCode" ("id", "purpose", "phoneIndex", "address", "codeHash", "createdAt", "expiresAt")
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        input.id,
        purpose,
        db.personal.index('User.phone', phone),
        address,
        input.codeHash,
        toDate(now),
        toDate(input.expiresAt),
      ],
    );
    return null;
  });
}

/**
 * Whether that is the code in force, once: the right one is used up, a wrong one counts, and after `attempts` no code is
 * right any more. `hashOf` takes the id of the code, which is part of its hash.
 */
export async function useCode(
  db: Db,
  input: {
    purpose: CodePurpose;
    phone: string;
    hashOf: (id: string) => string;
    attempts: number;
    /** Only asks whether it is right: it can still be used. */
    keep?: boolean;
    now: number;
  },
): Promise<boolean> {
  const { purpose, phone, hashOf, attempts, now } = input;
  return db.transaction(async (sql) => {
    const [row] = await sql<{ id: string; codeHash: string }>(
      `SELECT "id", "codeHash" FROM "PhoneCode"
       WHERE "phoneIndex" = ANY($1) AND "purpose" = $2 AND "usedAt" IS NULL AND "expiresAt" > $3 AND "attempts" < $4
       ORDER BY "createdAt" DESC LIMIT 1 FOR UPDATE`,
      [db.personal.indexes('User.phone', phone), purpose, toDate(now), attempts],
    );
    if (!row) return false;
    const right = sameText(row.codeHash, hashOf(row.id));
    if (right && input.keep) return true;
    await sql(
      right
        ? 'UPDATE "PhoneCode" SET "usedAt" = $2 WHERE "id" = $1'
        : 'UPDATE "PhoneCode" SET "attempts" = "attempts" + 1 WHERE "id" = $1 AND $2::timestamptz IS NOT NULL',
      [row.id, toDate(now)],
    );
    return right;
  });
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The phone as it stands in the account, and since when it is known to be the person's. Throws `not-found`. */
export async function getPhone(
  db: Db,
  userId: string,
): Promise<{ phone: string | null; verifiedAt: number | null }> {
  const row = await db.prisma.user.findUnique({
    where: { id: userId },
    select: { phoneSealed: true, phoneVerifiedAt: true },
  });
  if (!row) throw new Refused('not-found', 'user');
  return {
    phone: row.phoneSealed && db.personal.open('User.phone', row.phoneSealed),
    verifiedAt: fromDateOrNull(row.phoneVerifiedAt),
  };
}

/** False when the phone has changed since the code was sent to it. */
export async function phoneVerified(
  db: Db,
  input: { userId: string; phone: string; now: number },
): Promise<boolean> {
  const { count } = await db.prisma.user.updateMany({
    where: { id: input.userId, phoneIndex: { in: db.personal.indexes('User.phone', input.phone) } },
    data: { phoneVerifiedAt: toDate(input.now) },
  });
  return count > 0;
}

export async function deleteCodesCreatedBefore(db: Db, instant: number): Promise<number> {
  const { count } = await db.prisma.phoneCode.deleteMany({ where: { createdAt: { lt: toDate(instant) } } });
  return count;
}
