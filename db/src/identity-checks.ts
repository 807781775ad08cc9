/**
 * [B11] Questions to the authority, as rows that wait until they are answered. Any number of processes take them: a row
 * that was taken is due again after a while, so that a process that dies with it loses nothing.
 */
import {
  type AuthorityOutcome,
  authorityOutcome,
  type DocumentKind,
  documentKind,
  type PhotoOutcome,
  photoOutcome,
} from '@keshi/contract/identity';
import type { Db, PrismaTransaction } from './client.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { lockPerson } from './person-lock.ts';

export interface IdentityCheck {
  outcome: AuthorityOutcome;
  photo: PhotoOutcome | null;
  attempts: number;
  askedAt: number;
  checkedAt: number | null;
}

export interface DueCheck {
  userId: string;
  revision: number;
  attempts: number;
  name: string;
  kind: DocumentKind;
  number: string;
}

/** What is asked has changed: a new question, due now. Without a document there is nothing to ask. */
export async function askAuthority(
  tx: PrismaTransaction,
  { userId, now }: { userId: string; now: number },
): Promise<void> {
  const fresh = {
    state: 'due',
    attempts: 0,
    askedAt: toDate(now),
    nextAt: toDate(now),
    outcome: null,
    photo: null,
    checkedAt: null,
  };
  const document = await tx.identityDocument.findUnique({ where: { userId }, select: { userId: true } });
  if (!document) return;
  await tx.identityCheck.upsert({
    where: { userId },
    create: { userId, ...fresh },
    update: { ...fresh, revision: { increment: 1 } },
    select: { userId: true },
  });
}

/** What the document was compared with is not so any more: decided anew, whoever decided before. */
export async function documentUndecided(
  tx: PrismaTransaction,
  { userId, now }: { userId: string; now: number },
): Promise<void> {
  await tx.identityDocument.updateMany({
    where: { userId, state: 'confirmed' },
    data: { state: 'pending', decidedAt: null, decidedBy: null, reason: null, version: { increment: 1 } },
  });
  await askAuthority(tx, { userId, now });
}

export async function getCheck(db: Db, userId: string): Promise<IdentityCheck | null> {
  const row = await db.prisma.identityCheck.findUnique({ where: { userId } });
  if (!row) return null;
  return {
    outcome: row.outcome === null ? 'waiting' : authorityOutcome.parse(row.outcome),
    photo: row.photo === null ? null : photoOutcome.parse(row.photo),
    attempts: row.attempts,
    askedAt: fromDate(row.askedAt),
    checkedAt: fromDateOrNull(row.checkedAt),
  };
}

/** Takes what is due, oldest first; each is due again at `againAt` unless it is answered or put off. */
export async function takeDueChecks(
  db: Db,
  { now, againAt, limit = 20 }: { now: number; againAt: number; limit?: number },
): Promise<DueCheck[]> {
  const rows = await db.sql<{
    userId: string;
    revision: number;
    attempts: number;
    nameSealed: string;
    kind: string;
    numberSealed: string;
  }>(
    `WITH due AS (
       SELECT "userId" FROM "IdentityCheck" WHERE "state" = 'due' AND "nextAt" <= $1
       ORDER BY "nextAt" LIMIT $3 FOR UPDATE SKIP LOCKED)
     UPDATE "IdentityCheck" c SET "nextAt" = $2, "attempts" = c."attempts" + 1
     FROM due, "User" u, "IdentityDocument" d
     WHERE c."userId" = due."userId" AND u."id" = c."userId" AND d."userId" = c."userId"
     RETURNING c."userId", c."revision", c."attempts", u."nameSealed", d."kind", d."numberSealed"`,
    [toDate(now), toDate(againAt), limit],
  );
  return rows.map((row) => ({
    userId: row.userId,
    revision: row.revision,
    attempts: row.attempts,
    name: db.personal.open('User.name', row.nameSealed),
    kind: documentKind.parse(row.kind),
    number: db.personal.open('IdentityDocument.number', row.numberSealed),
  }));
}

/** The authority was not there: asked again at `nextAt`. */
export async function putOff(
  db: Db,
  input: { userId: string; revision: number; nextAt: number },
): Promise<void> {
  const { userId, revision, nextAt } = input;
  await db.prisma.identityCheck.updateMany({
    where: { userId, revision, state: 'due' },
    data: { nextAt: toDate(nextAt) },
  });
}

/**
 * What the authority said, and what follows: a match confirms the document; a match of the picture as well confirms the
 * face [PR2]. Anything else is left to a person. False when another question has been asked meanwhile.
 */
export async function answered(
  db: Db,
  input: {
    userId: string;
    revision: number;
    outcome: Exclude<AuthorityOutcome, 'none' | 'waiting'>;
    photo: PhotoOutcome;
    now: number;
  },
): Promise<{ document: boolean; face: boolean } | null> {
  const { userId, revision, outcome, photo } = input;
  const now = toDate(input.now);
  return db.prisma.$transaction(async (tx) => {
    await lockPerson(tx, userId);
    const { count } = await tx.identityCheck.updateMany({
      where: { userId, revision, state: 'due' },
      data: { state: 'answered', outcome, photo, checkedAt: now },
    });
    if (count === 0) return null;
    const confirmed = {
      state: 'confirmed',
      decidedAt: now,
      decidedBy: 'authority',
      reason: null,
      version: { increment: 1 },
    };
    if (outcome !== 'matched') return { document: false, face: false };
    const document = await tx.identityDocument.updateMany({
      where: { userId, state: 'pending' },
      data: confirmed,
    });
    if (photo !== 'matched') return { document: document.count > 0, face: false };
    const face = await tx.faceEnrolment.updateMany({
      where: { userId, state: 'provisional' },
      data: confirmed,
    });
    return { document: document.count > 0, face: face.count > 0 };
  });
}
