/** [PR2] References of faces: sealed under the key of their learner, decided by an authority or a person. */
import { type FacePose, facePose, type FaceState, faceState } from '@keshi/contract/identity';
import type { Db } from './client.ts';
import { Unsealable } from './crypto.ts';
import { fromDate, fromDateOrNull } from './instants.ts';
import type { Vault } from './vault.ts';

export interface FaceEnrolment {
  state: FaceState;
  enrolledAt: number;
  decidedAt: number | null;
  decidedBy: string | null;
  reason: string | null;
  hasPicture: boolean;
  version: number;
}

export async function getFaceEnrolment(db: Db, userId: string): Promise<FaceEnrolment | null> {
  const row = await db.prisma.faceEnrolment.findUnique({
    where: { userId },
    include: { picture: { select: { userId: true } } },
  });
  if (!row) return null;
  return {
    state: faceState.parse(row.state),
    enrolledAt: fromDate(row.enrolledAt),
    decidedAt: fromDateOrNull(row.decidedAt),
    decidedBy: row.decidedBy,
    reason: row.reason,
    hasPicture: row.picture !== null,
    version: row.version,
  };
}

export interface FaceReferenceOpened {
  id: string;
  pose: FacePose;
  descriptor: Float32Array;
}

/**
 * The references to compare a learner with, and whether they are confirmed. Null when there are none, they were refused,
 * or their key is gone.
 */
export async function openReferences(
  db: Db,
  vault: Vault,
  userId: string,
): Promise<{ state: 'provisional' | 'confirmed'; references: FaceReferenceOpened[] } | null> {
  const row = await db.prisma.faceEnrolment.findUnique({
    where: { userId },
    select: { state: true, keyId: true, references: { orderBy: { pose: 'asc' } } },
  });
  const state = row && faceState.parse(row.state);
  if (!row || !state || state === 'refused') return null;
  const key = await vault.find(row.keyId);
  if (!key) return null;
  return {
    state,
    references: row.references.map(({ id, pose, descriptorSealed }) => ({
      id,
      pose: facePose.parse(pose),
      descriptor: toDescriptor(key.open('FaceReference.descriptor', descriptorSealed)),
    })),
  };
}

/** The picture for whoever confirms; null when it has gone after its term, or its key is gone. */
export async function openPicture(db: Db, vault: Vault, userId: string): Promise<Buffer | null> {
  const row = await db.prisma.facePicture.findUnique({ where: { userId } });
  const key = row && (await vault.find(row.keyId));
  return row && key ? key.open('FacePicture.picture', row.pictureSealed) : null;
}

/** [J4] How many people's faces are kept. */
export async function countFaces(db: Db): Promise<number> {
  return db.prisma.faceEnrolment.count();
}

/** Little-endian floats, as they are sealed. */
export function descriptorBytes(descriptor: Float32Array): Uint8Array {
  const bytes = Buffer.alloc(descriptor.length * 4);
  descriptor.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return bytes;
}

export function toDescriptor(bytes: Buffer): Float32Array {
  if (bytes.length === 0 || bytes.length % 4 !== 0) throw new Unsealable('a descriptor has an odd length');
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}
