/** Checks of faces as they are stored once they are settled, for tests of what becomes of them. */
import { randomUUID } from 'node:crypto';
import type { Verdict } from '@keshi/contract/proctor';
import type { Db } from '@keshi/db/client';
import type { Vault } from '@keshi/db/vault';
import type { Signer } from '@keshi/runtime/signed-record';

export interface CheckRow {
  classId: string;
  userId: string;
  verdict: Verdict;
  at: number;
  /** JPEG. */
  picture?: Uint8Array;
  signer?: Signer;
  /** What stands in the record instead of the truth. */
  forged?: Verdict;
}

/** The key of a learner's face, made when there is none. */
export async function faceKeyOf(db: Db, vault: Vault, userId: string) {
  const known = await db.prisma.faceKey.findUnique({ where: { userId } });
  const keyId = known?.keyId ?? randomUUID();
  if (!known) await db.prisma.faceKey.create({ data: { userId, keyId, createdAt: new Date() } });
  const key = await vault.make(keyId);
  if (!key) throw new Error('the key is gone');
  return key;
}

/** One settled check; answers its id. */
export async function storeCheck(db: Db, vault: Vault | null, row: CheckRow): Promise<string> {
  const { classId, userId, verdict, at, picture, signer, forged } = row;
  const id = randomUUID();
  const silent = verdict === 'no-answer';
  const record = {
    jobId: id,
    purpose: 'check' as const,
    userId,
    context: { kind: 'class' as const, id: classId },
    at,
    verdict,
    distances: [verdict === 'mismatch' ? 0.8123 : null],
    referenceIds: [],
    modelVersion: 'test-1',
  };
  const signed = signer && !silent ? signer.sign(record) : null;
  await db.prisma.faceCheck.create({
    data: {
      id,
      kind: 'class',
      contextId: classId,
      userId,
      purpose: 'check',
      cause: 'schedule',
      nonce: randomUUID(),
      pictures: 1,
      askedAt: new Date(at - 10_000),
      deadline: new Date(at + 20_000),
      answeredAt: silent ? null : new Date(at),
      settledAt: new Date(at + 1000),
      verdict,
      ...(signed && { record: forged ? { ...record, verdict: forged } : record, ...signed }),
    },
  });
  if (picture && vault) {
    const key = await faceKeyOf(db, vault, userId);
    await db.prisma.faceCheckPicture.create({
      data: {
        checkId: id,
        position: 0,
        keyId: key.id,
        pictureSealed: key.seal('FaceCheckPicture.picture', picture),
        takenAt: new Date(at),
      },
    });
  }
  return id;
}
