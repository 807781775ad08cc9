/** [PR1] Consent to the face: append-only, with what was shown; and [PR6] what its end destroys. */
import { type ConsentAction, consentAction } from '@keshi/contract/identity';
import type { Db, PrismaTransaction } from './client.ts';
import { Refused } from './failures.ts';
import { fromDate, toDate } from './instants.ts';
import { lockPerson } from './person-lock.ts';

export interface ConsentTextShown {
  /** SHA-256 of the text, hex. */
  hash: string;
  version: string;
  locale: string;
  text: string;
}

export interface Consent {
  action: ConsentAction;
  version: string;
  at: number;
}

export async function latestConsent(db: Pick<Db, 'prisma'>, userId: string): Promise<Consent | null> {
  return latestIn(db.prisma, userId);
}

async function latestIn(
  tx: Pick<PrismaTransaction, 'consentRecord'>,
  userId: string,
): Promise<Consent | null> {
  const row = await tx.consentRecord.findFirst({
    where: { userId },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    select: { action: true, version: true, at: true },
  });
  return row && { action: consentAction.parse(row.action), version: row.version, at: fromDate(row.at) };
}

/** Whether consent to that version is in force; to be asked in the transaction that stores a face. */
export async function consentInForce(
  tx: Pick<PrismaTransaction, 'consentRecord'>,
  userId: string,
  version: string,
): Promise<boolean> {
  const latest = await latestIn(tx, userId);
  return latest?.action === 'given' && latest.version === version;
}

/**
 * Records the choice with the text it was made on. A refusal or a withdrawal deletes everything that was taken of the
 * face and hands its key over to be destroyed, in the same transaction; answers that key.
 */
export async function recordConsent(
  db: Db,
  input: { userId: string; action: ConsentAction; shown: ConsentTextShown; address: string; now: number },
): Promise<{ destroyedKeyId: string | null }> {
  const { userId, action, shown, address } = input;
  const now = toDate(input.now);
  return db.prisma.$transaction(async (tx) => {
    await lockPerson(tx, userId);
    await tx.consentText.createMany({ data: { ...shown, firstShownAt: now }, skipDuplicates: true });
    const latest = await latestIn(tx, userId);
    // The order of what was decided never depends on two clocks.
    if (latest && latest.at > input.now) throw new Refused('outdated', 'consent');
    await tx.consentRecord.create({
      data: {
        userId,
        at: now,
        action,
        version: shown.version,
        locale: shown.locale,
        textHash: shown.hash,
        address,
      },
      select: { id: true },
    });
    return { destroyedKeyId: action === 'given' ? null : await eraseFace(tx, { userId, now: input.now }) };
  });
}

/**
 * Deletes everything taken of a face and hands its key over to be destroyed. The key itself is destroyed in the vault by
 * whoever calls, and until that has succeeded the order to do so stands in the database.
 */
export async function eraseFace(
  tx: PrismaTransaction,
  { userId, now }: { userId: string; now: number },
): Promise<string | null> {
  await tx.faceChallenge.deleteMany({ where: { userId } });
  await tx.faceEnrolment.deleteMany({ where: { userId } });
  await tx.faceCheckPicture.deleteMany({ where: { check: { userId } } });
  const key = await tx.faceKey.findUnique({ where: { userId }, select: { keyId: true } });
  if (!key) return null;
  await tx.faceKey.delete({ where: { userId }, select: { keyId: true } });
  await tx.keyDestruction.create({
    data: { keyId: key.keyId, userId, requestedAt: toDate(now) },
    select: { keyId: true },
  });
  return key.keyId;
}

/** Keys whose destruction was decided and has not been confirmed, oldest first. */
export async function pendingDestructions(
  db: Db,
  filter: { userId?: string } = {},
): Promise<{ keyId: string; userId: string }[]> {
  return db.prisma.keyDestruction.findMany({
    where: filter,
    select: { keyId: true, userId: true },
    orderBy: { requestedAt: 'asc' },
    take: 500,
  });
}

export async function destructionConfirmed(db: Db, keyId: string): Promise<void> {
  await db.prisma.keyDestruction.deleteMany({ where: { keyId } });
}
