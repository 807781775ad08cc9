/**
 * [WL4] One account earns in one place at a time, over live classes, recorded lessons and exams together. Whoever takes
 * the lease has it; the former place is answered, so that it can be told at once, and what it reports afterwards is
 * credited nothing, because every write of credit asks for the token.
 */
import { type EarningKind, earningKind } from '@keshi/contract/study';
import type { Row, Sql } from './client.ts';
import { toDate } from './instants.ts';

export interface EarningPlace {
  kind: EarningKind;
  /** Of the class, the lesson or the exam. */
  contextId: string;
  /** Of the visit, the study session or the attempt. */
  token: string;
}

export interface EarningTaken {
  userId: string;
  /** Where the account earned before; null when nowhere, or when it was the same place. */
  ended: EarningPlace | null;
}

/**
 * Takes the lease for each of these people, in one statement however many; several of one person are taken in their
 * order, so that the last one has it. Within a transaction or by itself.
 */
export async function takeEarningLeases(
  { sql }: { sql: Sql },
  takers: readonly (EarningPlace & { userId: string })[],
  at: number,
): Promise<EarningTaken[]> {
  if (takers.length === 0) return [];
  const last = [...new Map(takers.map((taker) => [taker.userId, taker])).values()];
  // The former places are read, all of them, before any is written over.
  const rows = await sql<LeaseRow>(
    `WITH former AS MATERIALIZED (
       SELECT l."userId", l."kind", l."contextId", l."token" FROM "EarningLease" l
       WHERE l."userId" = ANY($1::uuid[]) ORDER BY l."userId" FOR UPDATE
     ), taken AS (
       INSERT INTO "EarningLease" ("userId", "kind", "contextId", "token", "takenAt")
       SELECT u, k, c, t, $5 FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[]) AS r(u, k, c, t)
         CROSS JOIN (SELECT count(*) FROM former) AS read ORDER BY u
       ON CONFLICT ("userId") DO UPDATE SET "kind" = EXCLUDED."kind", "contextId" = EXCLUDED."contextId",
         "token" = EXCLUDED."token", "takenAt" = EXCLUDED."takenAt"
       RETURNING "userId"
     ) SELECT t."userId", f."kind", f."contextId", f."token" FROM taken t LEFT JOIN former f ON f."userId" = t."userId"`,
    [
      last.map(({ userId }) => userId),
      last.map(({ kind }) => kind),
      last.map(({ contextId }) => contextId),
      last.map(({ token }) => token),
      toDate(at),
    ],
  );
  const tokens = new Map(last.map(({ userId, token }) => [userId, token]));
  return rows.map((row) => {
    const former = placeOf(row);
    return { userId: row.userId, ended: former && former.token !== tokens.get(row.userId) ? former : null };
  });
}

/** Gives back what is still held under these tokens; what was taken elsewhere meanwhile stays there. */
export async function giveBackEarningLeases(
  { sql }: { sql: Sql },
  holders: readonly { userId: string; token: string }[],
): Promise<void> {
  if (holders.length === 0) return;
  await sql(
    `UPDATE "EarningLease" l SET "kind" = NULL, "contextId" = NULL, "token" = NULL
     FROM unnest($1::uuid[], $2::uuid[]) AS r("userId", "token") WHERE l."userId" = r."userId" AND l."token" = r."token"`,
    [holders.map(({ userId }) => userId), holders.map(({ token }) => token)],
  );
}

/** Where these people earn at the moment; nobody is in the answer who earns nowhere. */
export async function earningPlaces(
  { sql }: { sql: Sql },
  userIds: readonly string[],
): Promise<Map<string, EarningPlace>> {
  if (userIds.length === 0) return new Map();
  const rows = await sql<LeaseRow>(
    'SELECT "userId", "kind", "contextId", "token" FROM "EarningLease" WHERE "userId" = ANY($1::uuid[])',
    [userIds],
  );
  return new Map(
    rows.flatMap((row) => {
      const place = placeOf(row);
      return place ? [[row.userId, place] as const] : [];
    }),
  );
}

interface LeaseRow extends Row {
  userId: string;
  kind: string | null;
  contextId: string | null;
  token: string | null;
}

function placeOf({ kind, contextId, token }: LeaseRow): EarningPlace | null {
  if (kind === null || contextId === null || token === null) return null;
  return { kind: earningKind.parse(kind), contextId, token };
}
