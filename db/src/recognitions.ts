/** [AT7] People in a class whom a person is to recognise, because no face can say who they are. */
import type { Db, Row, Sql } from './client.ts';
import { recordHourSignIn } from './hour-sign-ins.ts';
import { fromDate, toDate } from './instants.ts';

export type RecognitionCause = 'no-face' | 'errors' | 'failed';

export interface Waiting {
  userId: string;
  hour: number;
  /** Presence counts from here if it is confirmed. */
  since: number;
  cause: RecognitionCause;
}

export interface Recognition extends Waiting {
  decision: 'confirmed' | 'refused' | null;
  decidedAt: number | null;
}

/** One statement however many. Who waits already goes on waiting since then; who was refused waits anew. */
export async function beginWaiting(db: Db, classId: string, waiting: readonly Waiting[]): Promise<void> {
  if (waiting.length === 0) return;
  await db.sql(
    `INSERT INTO "Recognition" ("classId", "userId", "hour", "since", "cause")
     SELECT $1, * FROM unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::text[])
     ON CONFLICT ("classId", "userId", "hour") DO UPDATE
       SET "since" = EXCLUDED."since", "cause" = EXCLUDED."cause", "decision" = NULL, "decidedAt" = NULL, "decidedBy" = NULL
       WHERE "Recognition"."decision" = 'refused'`,
    [
      classId,
      waiting.map(({ userId }) => userId),
      waiting.map(({ hour }) => hour),
      waiting.map(({ since }) => toDate(since)),
      waiting.map(({ cause }) => cause),
    ],
  );
}

interface RecognitionRow extends Row {
  userId: string;
  hour: number;
  since: Date;
  cause: RecognitionCause;
  decision: 'confirmed' | 'refused' | null;
  decidedAt: Date | null;
}

/** Of a class, the longest waiting first; of these people, where they are given. `waiting`: undecided, and there. */
export async function recognitionsOf(
  db: Db,
  classId: string,
  only: { userIds?: readonly string[]; waiting?: true } = {},
): Promise<Recognition[]> {
  const rows = await db.sql<RecognitionRow>(
    `SELECT "userId", "hour", "since", "cause", "decision", "decidedAt" FROM "Recognition"
     WHERE "classId" = $1 AND ($2::uuid[] IS NULL OR "userId" = ANY($2)) AND (NOT $3 OR ("decision" IS NULL AND EXISTS (
       SELECT 1 FROM "Visit" WHERE "Visit"."classId" = "Recognition"."classId"
         AND "Visit"."userId" = "Recognition"."userId" AND "Visit"."closedAt" IS NULL)))
     ORDER BY "since", "userId"`,
    [classId, only.userIds ?? null, only.waiting ?? false],
  );
  return rows.map(({ since, decidedAt, ...row }) => ({
    ...row,
    since: fromDate(since),
    decidedAt: decidedAt && fromDate(decidedAt),
  }));
}

/** Recognised by the face after all: nobody has to look any more. */
export async function stopWaiting(
  sql: Sql,
  { classId, userId, hour }: { classId: string; userId: string; hour: number },
): Promise<void> {
  await sql(
    `DELETE FROM "Recognition" WHERE "classId" = $1 AND "userId" = $2 AND "hour" = $3 AND "decision" IS NULL`,
    [classId, userId, hour],
  );
}

/**
 * A person's word, once, with the sign-in that follows from it in the same transaction. False when nobody of that name
 * waits for that hour any more.
 */
export async function decideRecognition(
  db: Db,
  of: {
    classId: string;
    userId: string;
    hour: number;
    by: string;
    at: number;
    decision: 'confirmed' | 'refused';
  },
): Promise<boolean> {
  const { classId, userId, hour, by, at, decision } = of;
  return db.transaction(async (sql) => {
    const [row] = await sql<Row & { since: Date }>(
      `UPDATE "Recognition" SET "decision" = $4, "decidedAt" = $5, "decidedBy" = $6
       WHERE "classId" = $1 AND "userId" = $2 AND "hour" = $3 AND "decision" IS NULL RETURNING "since"`,
      [classId, userId, hour, decision, toDate(at), by],
    );
    if (!row) return false;
    if (decision === 'confirmed')
      await recordHourSignIn(
        { sql },
        { classId, userId, hour, at, by: { method: 'person', userId: by }, countsFrom: fromDate(row.since) },
      );
    return true;
  });
}
