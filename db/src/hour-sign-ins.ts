/** [AT7] Who was recognised for which class hour, and when. */
import type { SignInMethod } from '@keshi/contract/ledger';
import type { Db, Row } from './client.ts';
import { newId } from './ids.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';

export interface NewHourSignIn {
  classId: string;
  userId: string;
  /** From 1, as the hours were counted while the class ran. */
  hour: number;
  at: number;
  /** By whom a `person` was recognised; a face recognises itself. */
  by: { method: 'face' } | { method: 'person'; userId: string };
  verdictId?: string | null;
  /** From when presence counts although the sign-in came later, because the learner waited for us or for a person. */
  countsFrom?: number | null;
}

export interface StoredHourSignIn {
  userId: string;
  hour: number;
  at: number;
  method: SignInMethod;
  countsFrom: number | null;
}

/** The first sign-in of an hour stands; one that comes again changes nothing. True when it was the first. */
export async function recordHourSignIn(db: Pick<Db, 'sql'>, signIn: NewHourSignIn): Promise<boolean> {
  const rows = await db.sql(
    `INSERT INTO "HourSignIn" ("id", "classId", "userId", "hour", "at", "method", "byId", "verdictId", "countsFrom")
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT ("classId", "userId", "hour") DO NOTHING RETURNING "id"`,
    [
      newId(),
      signIn.classId,
      signIn.userId,
      signIn.hour,
      toDate(signIn.at),
      signIn.by.method,
      signIn.by.method === 'person' ? signIn.by.userId : null,
      signIn.verdictId ?? null,
      typeof signIn.countsFrom === 'number' ? toDate(signIn.countsFrom) : null,
    ],
  );
  return rows.length > 0;
}

/** Of these people in a class; of everybody without them. */
export async function hourSignInsOf(
  db: Db,
  classId: string,
  userIds: readonly string[] | null,
): Promise<StoredHourSignIn[]> {
  const rows = await db.sql<
    Row & { userId: string; hour: number; at: Date; method: SignInMethod; countsFrom: Date | null }
  >(
    `SELECT "userId", "hour", "at", "method", "countsFrom" FROM "HourSignIn"
     WHERE "classId" = $1 AND ($2::uuid[] IS NULL OR "userId" = ANY($2)) ORDER BY "userId", "hour"`,
    [classId, userIds],
  );
  return rows.map(({ at, countsFrom, ...row }) => ({
    ...row,
    at: fromDate(at),
    countsFrom: fromDateOrNull(countsFrom),
  }));
}
