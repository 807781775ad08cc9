/** What is made of uploads. A row is a job: due until it is ready or failed, whatever happens to whoever does it. */
import {
  type MadeMedia,
  madeMedia,
  type MakingFailure,
  makingFailure,
  type MakingStep,
  makingStep,
  type QualityReport,
  qualityReport,
  revisionState,
  type RevisionState,
} from '@keshi/contract/lessons';
import type { Db } from './client.ts';
import { Refused } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';

export interface Revision {
  id: string;
  state: RevisionState;
  step: MakingStep | null;
  progress: number;
  reason: MakingFailure | null;
  fileName: string;
  size: number;
  createdAt: number;
  endedAt: number | null;
  media: MadeMedia | null;
  quality: QualityReport | null;
}

export const revisionColumns = {
  id: true,
  state: true,
  step: true,
  progress: true,
  reason: true,
  createdAt: true,
  endedAt: true,
  media: true,
  quality: true,
  upload: { select: { fileName: true, size: true } },
} satisfies Prisma.LessonRevisionSelect;

export function revisionFromRow(
  row: Prisma.LessonRevisionGetPayload<{ select: typeof revisionColumns }>,
): Revision {
  return {
    id: row.id,
    state: revisionState.parse(row.state),
    step: makingStep.nullable().parse(row.step),
    progress: row.progress,
    reason: makingFailure.nullable().parse(row.reason),
    fileName: row.upload.fileName,
    size: Number(row.upload.size),
    createdAt: fromDate(row.createdAt),
    endedAt: fromDateOrNull(row.endedAt),
    media: madeMedia.nullable().parse(row.media),
    quality: qualityReport.nullable().parse(row.quality),
  };
}

/** What was made, by its revision alone; null without it. */
export async function madeOf(db: Db, revisionId: string): Promise<MadeMedia | null> {
  const row = await db.prisma.lessonRevision.findUnique({
    where: { id: revisionId },
    select: { media: true },
  });
  return row && madeMedia.nullable().parse(row.media);
}

/** A job in hand. `attempt` is its fencing number: what an earlier one writes is dropped. */
export interface MakingJob {
  revisionId: string;
  attempt: number;
  lessonId: string;
  lessonKind: string;
  uploadId: string;
  fileName: string;
  size: number;
}

/**
 * Takes the oldest job that waits, or one whose worker has been silent since before `silentSince`. Of several who ask
 * at once each gets another. Null when there is nothing to do.
 */
export async function takeMakingJob(
  db: Db,
  {
    worker,
    now,
    silentSince,
    putOffBefore = now,
  }: {
    worker: string;
    now: number;
    silentSince: number;
    /** One that was put off later than this still waits. */
    putOffBefore?: number;
  },
): Promise<MakingJob | null> {
  const [job] = await db.sql<Omit<MakingJob, 'size'> & { size: string }>(
    `UPDATE "LessonRevision" r SET "state" = 'working', "attempt" = r."attempt" + 1, "worker" = $1, "beatAt" = $2,
       "startedAt" = coalesce(r."startedAt", $2), "step" = NULL, "progress" = 0, "reason" = NULL
     FROM "Lesson" l, "LessonUpload" u
     WHERE r."id" = (SELECT "id" FROM "LessonRevision"
         WHERE ("state" = 'waiting' AND ("reason" IS NULL OR "beatAt" <= $4))
           OR ("state" = 'working' AND "beatAt" < $3)
         ORDER BY "createdAt" LIMIT 1 FOR UPDATE SKIP LOCKED)
       AND l."id" = r."lessonId" AND u."id" = r."uploadId"
     RETURNING r."id" AS "revisionId", r."attempt", r."lessonId", l."kind" AS "lessonKind", r."uploadId",
       u."fileName", u."size"::text AS "size"`,
    [worker, toDate(now), toDate(silentSince), toDate(putOffBefore)],
  );
  return job ? { ...job, size: Number(job.size) } : null;
}

type Held = Pick<MakingJob, 'revisionId' | 'attempt'>;

/** Says how far it is, which is the sign of life too. False: somebody else has the job by now. */
export async function tellProgress(
  db: Db,
  { revisionId, attempt }: Held,
  { step, progress, now }: { step: MakingStep; progress: number; now: number },
): Promise<boolean> {
  const rows = await db.sql(
    `UPDATE "LessonRevision" SET "step" = $3, "progress" = $4, "beatAt" = $5
     WHERE "id" = $1 AND "attempt" = $2 AND "state" = 'working' RETURNING 1`,
    [revisionId, attempt, step, progress, toDate(now)],
  );
  return rows.length > 0;
}

/**
 * The job is done: from this commit on the lesson plays what was made. Answers where its files were before (null:
 * nowhere), or `overtaken` when somebody else has the job. Throws `Refused`: `conflict` when the lesson was published meanwhile.
 */
export async function finishMaking(
  db: Db,
  held: Held,
  made: {
    now: number;
    mediaKey: string;
    durationMs: number | null;
    media: MadeMedia;
    quality: QualityReport | null;
  },
): Promise<{ formerKey: string | null } | 'overtaken'> {
  return db.transaction(async (sql) => {
    const [row] = await sql<{ lessonId: string }>(
      `UPDATE "LessonRevision" SET "state" = 'ready', "endedAt" = $3, "durationMs" = $4, "media" = $5, "quality" = $6,
         "step" = NULL, "progress" = 100
       WHERE "id" = $1 AND "attempt" = $2 AND "state" = 'working' RETURNING "lessonId"`,
      [
        held.revisionId,
        held.attempt,
        toDate(made.now),
        made.durationMs,
        JSON.stringify(made.media),
        made.quality && JSON.stringify(made.quality),
      ],
    );
    if (!row) return 'overtaken';
    const [lesson] = await sql<{ mediaKey: string | null; state: string }>(
      'SELECT "mediaKey", "state" FROM "Lesson" WHERE "id" = $1 FOR UPDATE',
      [row.lessonId],
    );
    // What learners are studying does not change under their eyes.
    if (lesson?.state === 'published') throw new Refused('conflict', 'lesson');
    await sql('UPDATE "Lesson" SET "mediaKey" = $2, "durationMs" = $3, "updatedAt" = now() WHERE "id" = $1', [
      row.lessonId,
      made.mediaKey,
      made.durationMs,
    ]);
    return { formerKey: lesson?.mediaKey ?? null };
  });
}

/** Nothing can be made of it. False: somebody else has the job by now. */
export async function failMaking(
  db: Db,
  held: Held,
  { reason, now }: { reason: MakingFailure; now: number },
): Promise<boolean> {
  const rows = await db.sql(
    `UPDATE "LessonRevision" SET "state" = 'failed', "reason" = $3, "endedAt" = $4, "step" = NULL
     WHERE "id" = $1 AND "attempt" = $2 AND "state" = 'working' RETURNING 1`,
    [held.revisionId, held.attempt, reason, toDate(now)],
  );
  return rows.length > 0;
}

/** Puts it back for whoever is free: its worker stops, or could not go on. */
export async function releaseMaking(db: Db, held: Held): Promise<void> {
  await db.sql(
    `UPDATE "LessonRevision" SET "state" = 'waiting', "worker" = NULL
     WHERE "id" = $1 AND "attempt" = $2 AND "state" = 'working'`,
    [held.revisionId, held.attempt],
  );
}

/** Puts it back because of something of ours that is not the upload's fault: the attempt counts for nothing. */
export async function putOffMaking(
  db: Db,
  held: Held,
  { reason, now }: { reason: Extract<MakingFailure, 'storage-full'>; now: number },
): Promise<void> {
  await db.sql(
    `UPDATE "LessonRevision" SET "state" = 'waiting', "worker" = NULL, "attempt" = "attempt" - 1, "step" = NULL,
       "progress" = 0, "reason" = $3, "beatAt" = $4
     WHERE "id" = $1 AND "attempt" = $2 AND "state" = 'working'`,
    [held.revisionId, held.attempt, reason, toDate(now)],
  );
}
