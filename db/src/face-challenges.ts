/** [PR2] An attempt to give a reference of one's face: turns of the head that were asked for, and the frames so far. */
import { type FacePose, facePose } from '@keshi/contract/identity';
import { z } from 'zod';
import type { Db } from './client.ts';
import { consentInForce } from './consents.ts';
import { Refused } from './failures.ts';
import { newId } from './ids.ts';
import { fromDate, toDate } from './instants.ts';
import { askAuthority } from './identity-checks.ts';
import { lockPerson } from './person-lock.ts';

export interface Challenge {
  id: string;
  userId: string;
  keyId: string;
  poses: FacePose[];
  /** How many turns have been taken. */
  position: number;
  state: 'open' | 'done' | 'failed';
  otherPersons: number;
  expiresAt: number;
}

/** Sealed under the learner's key. */
export interface SealedFrame {
  step: number;
  pose: FacePose;
  facts: Uint8Array<ArrayBuffer>;
  picture: Uint8Array<ArrayBuffer>;
}

export type Begun = { begun: true; keyId: string } | { begun: false; why: 'no-consent' | 'enrolled' };

/**
 * Begins an attempt and ends the one before. Without consent to the text in force nothing is begun; who has a reference
 * already must ask for another (`replace`). The key is the learner's, or a new one that the vault has yet to make.
 */
export async function beginChallenge(
  db: Db,
  input: {
    id: string;
    userId: string;
    poses: readonly FacePose[];
    consentVersion: string;
    replace: boolean;
    now: number;
    expiresAt: number;
  },
): Promise<Begun> {
  const { id, userId, poses } = input;
  return db.prisma.$transaction(async (tx) => {
    await lockPerson(tx, userId);
    if (!(await consentInForce(tx, userId, input.consentVersion)))
      return { begun: false, why: 'no-consent' } as const;
    const enrolled = await tx.faceEnrolment.findUnique({ where: { userId }, select: { state: true } });
    if (enrolled && enrolled.state !== 'refused' && !input.replace)
      return { begun: false, why: 'enrolled' } as const;
    await tx.faceChallenge.deleteMany({ where: { userId } });
    const key = await tx.faceKey.upsert({
      where: { userId },
      create: { userId, keyId: newId(), createdAt: toDate(input.now) },
      update: {},
      select: { keyId: true },
    });
    await tx.faceChallenge.create({
      data: {
        id,
        userId,
        keyId: key.keyId,
        poses: [...poses],
        createdAt: toDate(input.now),
        expiresAt: toDate(input.expiresAt),
      },
      select: { id: true },
    });
    return { begun: true, keyId: key.keyId } as const;
  });
}

export async function getChallenge(
  db: Db,
  id: string,
): Promise<(Challenge & { frames: SealedFrame[] }) | null> {
  const row = await db.prisma.faceChallenge.findUnique({
    where: { id },
    include: { frames: { orderBy: { step: 'asc' } } },
  });
  if (!row) return null;
  return {
    id: row.id,
    userId: row.userId,
    keyId: row.keyId,
    poses: z.array(facePose).parse(row.poses),
    position: row.position,
    state: z.enum(['open', 'done', 'failed']).parse(row.state),
    otherPersons: row.otherPersons,
    expiresAt: fromDate(row.expiresAt),
    frames: row.frames.map((frame) => ({
      step: frame.step,
      pose: facePose.parse(frame.pose),
      facts: frame.factsSealed,
      picture: frame.pictureSealed,
    })),
  };
}

interface AtStep {
  challengeId: string;
  userId: string;
  keyId: string;
  step: number;
  consentVersion: string;
  now: number;
}

/**
 * Takes the frame of a step, once. False when the step was taken already, the attempt is over, or consent has ended
 * while the frame was being judged.
 */
export async function takeFrame(db: Db, input: AtStep & { frame: SealedFrame }): Promise<boolean> {
  const { challengeId, frame } = input;
  return db.prisma.$transaction(async (tx) => {
    await lockPerson(tx, input.userId);
    if (!(await consentInForce(tx, input.userId, input.consentVersion))) return false;
    const { count } = await tx.faceChallenge.updateMany({
      where: atStep(input),
      data: { position: { increment: 1 } },
    });
    if (count === 0) return false;
    await tx.faceChallengeFrame.create({
      data: {
        challengeId,
        step: frame.step,
        pose: frame.pose,
        factsSealed: frame.facts,
        pictureSealed: frame.picture,
      },
      select: { step: true },
    });
    return true;
  });
}

/** Somebody else was seen; after `allowed` times the attempt is over. Answers whether it is. */
export async function countOtherPerson(
  db: Db,
  { challengeId, allowed }: { challengeId: string; allowed: number },
): Promise<boolean> {
  const [row] = await db.sql<{ state: string }>(
    `UPDATE "FaceChallenge" SET "otherPersons" = "otherPersons" + 1,
       "state" = CASE WHEN "otherPersons" + 1 >= $2 THEN 'failed' ELSE "state" END
     WHERE "id" = $1 AND "state" = 'open' RETURNING "state"`,
    [challengeId, allowed],
  );
  return row === undefined || row.state !== 'open';
}

export interface NewReferences {
  references: readonly { pose: FacePose; descriptor: Uint8Array<ArrayBuffer> }[];
  picture: Uint8Array<ArrayBuffer>;
}

/**
 * Ends the attempt with its last frame and puts the reference in place of the one before, provisional until somebody has
 * confirmed it; the authority is asked anew, now with a picture. Null when that step is not to be taken any more.
 */
export async function completeChallenge(
  db: Db,
  input: AtStep & { taken: NewReferences },
): Promise<{ replaced: boolean } | null> {
  const { challengeId, userId, keyId, taken } = input;
  const now = toDate(input.now);
  return db.prisma.$transaction(async (tx) => {
    await lockPerson(tx, userId);
    if (!(await consentInForce(tx, userId, input.consentVersion))) return null;
    const { count } = await tx.faceChallenge.updateMany({
      where: atStep(input),
      data: { position: { increment: 1 }, state: 'done' },
    });
    if (count === 0) return null;
    const before = await tx.faceEnrolment.findUnique({ where: { userId }, select: { version: true } });
    await tx.faceEnrolment.deleteMany({ where: { userId } });
    await tx.faceEnrolment.create({
      data: { userId, keyId, enrolledAt: now, version: (before?.version ?? 0) + 1 },
      select: { userId: true },
    });
    await tx.faceReference.createMany({
      data: taken.references.map(({ pose, descriptor }) => ({
        userId,
        keyId,
        pose,
        descriptorSealed: descriptor,
        createdAt: now,
      })),
    });
    await tx.facePicture.create({
      data: { userId, keyId, pictureSealed: taken.picture, takenAt: now },
      select: { userId: true },
    });
    // What the reference did not need is not kept.
    await tx.faceChallengeFrame.deleteMany({ where: { challengeId } });
    await askAuthority(tx, { userId, now: input.now });
    return { replaced: before !== null };
  });
}

function atStep({ challengeId, userId, keyId, step, now }: AtStep) {
  return { id: challengeId, userId, keyId, position: step, state: 'open', expiresAt: { gt: toDate(now) } };
}

/** Throws `not-found` unless the attempt is that person's. */
export function ownChallenge<C extends Challenge>(challenge: C | null, userId: string): C {
  if (challenge?.userId !== userId) throw new Refused('not-found', 'challenge');
  return challenge;
}
