/** [PR1, EX7] At the door of an exam: whose face cannot be asked for begins once a person has seen who it is. */
import type { Db } from './client.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';

export interface ExamEntryKey {
  examId: string;
  userId: string;
  /** Of the attempt that is to begin. */
  number: number;
}

export interface ExamEntry {
  /** Since when it has been asked without a break. */
  since: number;
  admittedAt: number | null;
}

/** Whose page has not asked for so long is not at the door any more, ms. */
export const atDoorMs = 60_000;

/** Null for who has not asked, or has gone away without being admitted. */
export async function examEntry(db: Db, key: ExamEntryKey, at: number): Promise<ExamEntry | null> {
  const [row] = await db.sql<EntryRow>(
    `SELECT "since", "admittedAt" FROM "ExamEntry"
     WHERE "examId" = $1 AND "userId" = $2 AND "number" = $3 AND ("admittedAt" IS NOT NULL OR "lastSeenAt" >= $4)`,
    [key.examId, key.userId, key.number, toDate(at - atDoorMs)],
  );
  return row ? fromRow(row) : null;
}

/** Its page asks to begin. Who went away and comes back has waited from now on; who was admitted stays so. */
export async function knockAtExam(db: Db, key: ExamEntryKey, at: number): Promise<ExamEntry> {
  const [row] = await db.sql<EntryRow>(
    `INSERT INTO "ExamEntry" AS e ("examId", "userId", "number", "since", "lastSeenAt") VALUES ($1, $2, $3, $4, $4)
     ON CONFLICT ("examId", "userId", "number") DO UPDATE SET "lastSeenAt" = GREATEST(e."lastSeenAt", $4),
       "since" = CASE WHEN e."admittedAt" IS NULL AND e."lastSeenAt" < $5 THEN $4 ELSE e."since" END
     RETURNING "since", "admittedAt"`,
    [key.examId, key.userId, key.number, toDate(at), toDate(at - atDoorMs)],
  );
  if (!row) throw new Error('the row that was just made is gone');
  return fromRow(row);
}

/** False when nobody of this name is at the door. */
export async function admitToExam(
  db: Db,
  { examId, userId, byId, at }: { examId: string; userId: string; byId: string; at: number },
): Promise<boolean> {
  const rows = await db.sql(
    `UPDATE "ExamEntry" SET "admittedAt" = $4, "admittedBy" = $3
     WHERE "examId" = $1 AND "userId" = $2 AND "admittedAt" IS NULL AND "lastSeenAt" >= $5 RETURNING "number"`,
    [examId, userId, byId, toDate(at), toDate(at - atDoorMs)],
  );
  return rows.length > 0;
}

/** How long the one has waited who waited longest, those included who still do, ms. */
export async function longestWait(db: Db, examId: string, at: number): Promise<number> {
  const [row] = await db.sql<{ ms: number | null }>(
    `SELECT max(EXTRACT(EPOCH FROM COALESCE("admittedAt", $2) - "since") * 1000)::float8 AS "ms" FROM "ExamEntry"
     WHERE "examId" = $1 AND ("admittedAt" IS NOT NULL OR "lastSeenAt" >= $3)`,
    [examId, toDate(at), toDate(at - atDoorMs)],
  );
  return Math.max(0, Math.ceil(row?.ms ?? 0));
}

interface EntryRow {
  [column: string]: unknown;
  since: Date;
  admittedAt: Date | null;
}

const fromRow = ({ since, admittedAt }: EntryRow): ExamEntry => ({
  since: fromDate(since),
  admittedAt: fromDateOrNull(admittedAt),
});
