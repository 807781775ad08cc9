/** Files on their way here, piece by piece; whatever was acknowledged is in the media store and in these rows. */
import type { Db } from './client.ts';
import { Refused, refusing } from './failures.ts';
import { newId } from './ids.ts';
import { toDate } from './instants.ts';

export interface Upload {
  id: string;
  lessonId: string;
  byId: string;
  fileName: string;
  size: number;
  received: number;
  ended: boolean;
}

/** Where its pieces are; with the slash at its end. */
export function uploadPrefix(uploadId: string): string {
  return `uploads/${uploadId}/`;
}

/** Throws `Refused`: `not-found` without that lesson. */
export async function createUpload(
  db: Db,
  input: { lessonId: string; byId: string; fileName: string; size: number; now: number },
): Promise<Upload> {
  const { now, size, ...fields } = input;
  const id = newId(now);
  await refusing('upload', () =>
    db.prisma.lessonUpload.create({
      data: { ...fields, id, size: BigInt(size), createdAt: toDate(now) },
      select: { id: true },
    }),
  );
  return { ...fields, id, size, received: 0, ended: false };
}

export async function getUpload(db: Db, id: string): Promise<Upload | null> {
  const row = await db.prisma.lessonUpload.findUnique({
    where: { id },
    select: {
      id: true,
      lessonId: true,
      byId: true,
      fileName: true,
      size: true,
      received: true,
      endedAt: true,
    },
  });
  if (!row) return null;
  const { endedAt, size, received, ...upload } = row;
  return { ...upload, size: Number(size), received: Number(received), ended: endedAt !== null };
}

/**
 * Adds a piece that is in the media store under `name`. With the last one the upload is whole, and what is to be made
 * of it is due by the same commit. Throws `Refused`: `conflict` when it does not begin where the others end, or the lesson has been published.
 */
export async function addPart(
  db: Db,
  input: { uploadId: string; from: number; length: number; name: string; now: number },
): Promise<{ received: number; whole: boolean }> {
  const { uploadId, from, length, name, now } = input;
  return db.transaction(async (sql) => {
    const [row] = await sql<{ lessonId: string; received: string; size: string }>(
      `UPDATE "LessonUpload" SET "received" = "received" + $3,
         "endedAt" = CASE WHEN "received" + $3 = "size" THEN $4::timestamptz END
       WHERE "id" = $1 AND "received" = $2 AND "received" + $3 <= "size" AND "endedAt" IS NULL
         AND NOT EXISTS (SELECT 1 FROM "Lesson" l WHERE l."id" = "LessonUpload"."lessonId" AND l."state" = 'published')
       RETURNING "lessonId", "received"::text AS "received", "size"::text AS "size"`,
      [uploadId, from, length, toDate(now)],
    );
    if (!row) throw new Refused('conflict', 'upload');
    await sql('INSERT INTO "UploadPart" ("uploadId", "from", "length", "name") VALUES ($1, $2, $3, $4)', [
      uploadId,
      from,
      length,
      name,
    ]);
    const whole = row.received === row.size;
    if (whole)
      await sql(
        'INSERT INTO "LessonRevision" ("id", "lessonId", "uploadId", "createdAt") VALUES ($1, $2, $3, $4)',
        [newId(now), row.lessonId, uploadId, toDate(now)],
      );
    return { received: Number(row.received), whole };
  });
}

/** Names in the media store, in their order. */
export async function partsOf(db: Db, uploadId: string): Promise<string[]> {
  const rows = await db.prisma.uploadPart.findMany({
    where: { uploadId },
    select: { name: true },
    orderBy: { from: 'asc' },
  });
  return rows.map(({ name }) => name);
}

/** An upload that was given up before it was whole. False when it is whole, or not there. */
export async function dropUpload(db: Db, id: string): Promise<boolean> {
  const { count } = await db.prisma.lessonUpload.deleteMany({ where: { id, endedAt: null } });
  return count > 0;
}

/** Unfinished uploads that began before then; at most a hundred at once. */
export async function staleUploads(db: Db, before: number): Promise<string[]> {
  const rows = await db.prisma.lessonUpload.findMany({
    where: { endedAt: null, createdAt: { lt: toDate(before) } },
    select: { id: true },
    orderBy: { createdAt: 'asc' },
    take: 100,
  });
  return rows.map(({ id }) => id);
}

/** The rows of an upload's pieces go, once the pieces themselves are gone from the media store. */
export async function forgetParts(db: Db, uploadId: string): Promise<void> {
  await db.prisma.uploadPart.deleteMany({ where: { uploadId } });
}
