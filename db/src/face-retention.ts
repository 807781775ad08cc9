/** [PR6] What has had its time: pictures after 30 days, attempts that came to nothing, templates with the training. */
import type { Db } from './client.ts';
import { eraseFace } from './consents.ts';
import { toDate } from './instants.ts';
import { lockPerson } from './person-lock.ts';

/** Pictures taken before that; answers how many have gone. */
export async function deletePicturesTakenBefore(db: Db, instant: number): Promise<number> {
  const takenAt = { lt: toDate(instant) };
  const { count } = await db.prisma.facePicture.deleteMany({ where: { takenAt } });
  const ofChecks = await db.prisma.faceCheckPicture.deleteMany({ where: { takenAt } });
  return count + ofChecks.count;
}

/** What made the pictures of checks asked before that known again; answers of how many. */
export async function forgetTracesBefore(db: Db, instant: number): Promise<number> {
  const rows = await db.sql(
    `UPDATE "FaceCheck" SET "traces" = NULL WHERE "id" IN (
       SELECT "id" FROM "FaceCheck" WHERE "askedAt" < $1 AND "traces" IS NOT NULL LIMIT 5000) RETURNING "id"`,
    [toDate(instant)],
  );
  return rows.length;
}

/** Attempts whose deadline passed before that, with their frames. */
export async function deleteChallengesExpiredBefore(db: Db, instant: number): Promise<number> {
  const { count } = await db.prisma.faceChallenge.deleteMany({
    where: { expiresAt: { lt: toDate(instant) } },
  });
  return count;
}

/**
 * People with a face on record who were enrolled somewhere and are no longer in any training: every enrolment ended, or
 * the last class of its group was planned to end, before `endedBefore`. Who was never enrolled (an instructor) is not
 * among them.
 */
export async function finishedTrainings(
  db: Db,
  { endedBefore, limit = 200 }: { endedBefore: number; limit?: number },
): Promise<string[]> {
  const rows = await db.sql<{ userId: string }>(
    `SELECT k."userId" FROM "FaceKey" k
     WHERE k."createdAt" < $1
       AND EXISTS (SELECT 1 FROM "Enrolment" e WHERE e."userId" = k."userId")
       AND NOT EXISTS (
         SELECT 1 FROM "Enrolment" e
         WHERE e."userId" = k."userId" AND (e."endedAt" IS NULL OR e."endedAt" >= $1)
           AND (NOT EXISTS (SELECT 1 FROM "LiveClass" c WHERE c."groupId" = e."groupId")
             OR EXISTS (SELECT 1 FROM "LiveClass" c WHERE c."groupId" = e."groupId"
                        AND (c."state" IN ('live', 'paused') OR c."scheduledEnd" >= $1))))
     ORDER BY k."userId" LIMIT $2`,
    [toDate(endedBefore), limit],
  );
  return rows.map(({ userId }) => userId);
}

/** Deletes a face whose time is over; answers the key to destroy in the vault. */
export async function eraseFaceOf(db: Db, input: { userId: string; now: number }): Promise<string | null> {
  return db.prisma.$transaction(async (tx) => {
    await lockPerson(tx, input.userId);
    return eraseFace(tx, input);
  });
}
