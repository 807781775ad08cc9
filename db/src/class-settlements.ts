/** Which classes are to be settled, and the facts of their learners piece by piece. */
import type { JudgedCheck } from '@keshi/contract/class-checks';
import { type PresenceCause, presenceCause } from '@keshi/contract/domain';
import type { SignInMethod } from '@keshi/contract/ledger';
import type { Db, Row } from './client.ts';
import { hourSignInsOf } from './hour-sign-ins.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { judgedChecksOf } from './judged-checks.ts';

export interface DueClass {
  classId: string;
  courseId: string;
  endedAt: number;
  /** How many facts have come after its end; a settlement says up to which it has taken them in. */
  changes: number;
  changedAt: number;
  settledAt: number | null;
  /** Of the first settlement; null before it. */
  settledPolicy: unknown;
  /** Of the course as it is now. */
  coursePolicy: unknown;
  /** An interval of it has no end on record yet. */
  open: boolean;
}

/**
 * Classes with facts that are not in the ledger, those that ended first at the beginning; `after` is the last of the piece
 * before, so that those that have to wait hide none behind them.
 */
export async function dueClasses(
  db: Db,
  {
    endedBefore,
    after,
    limit = 100,
  }: { endedBefore: number; after?: Pick<DueClass, 'classId' | 'endedAt'> | undefined; limit?: number },
): Promise<DueClass[]> {
  const rows = await db.sql<
    Row &
      Omit<DueClass, 'endedAt' | 'changedAt' | 'settledAt'> & {
        endedAt: Date;
        changedAt: Date;
        settledAt: Date | null;
      }
  >(
    `SELECT s."classId", g."courseId", s."endedAt", s."changes", s."changedAt", s."settledAt",
       s."policy" AS "settledPolicy", c."policy" AS "coursePolicy",
       EXISTS (SELECT 1 FROM "PresenceInterval" i WHERE i."classId" = s."classId" AND i."cause" = 'open') AS "open"
     FROM "ClassSettlement" s JOIN "LiveClass" l ON l."id" = s."classId"
       JOIN "ClassGroup" g ON g."id" = l."groupId" JOIN "Course" c ON c."id" = g."courseId"
     WHERE s."settledChanges" IS DISTINCT FROM s."changes" AND s."endedAt" <= $1
       AND ($3::timestamptz IS NULL OR (s."endedAt", s."classId") > ($3, $4::uuid))
     ORDER BY s."endedAt", s."classId" LIMIT $2`,
    [toDate(endedBefore), limit, after ? toDate(after.endedAt) : null, after?.classId ?? null],
  );
  return rows.map((row) => ({
    ...row,
    endedAt: fromDate(row.endedAt),
    changedAt: fromDate(row.changedAt),
    settledAt: fromDateOrNull(row.settledAt),
  }));
}

/** Since when the class that has waited longest for its first settlement has had all its facts; null when none waits. */
export async function oldestUnsettled(db: Db): Promise<number | null> {
  const [row] = await db.sql<{ since: Date | null }>(
    `SELECT min(GREATEST("endedAt", "changedAt")) AS "since" FROM "ClassSettlement"
     WHERE "settledChanges" IS DISTINCT FROM "changes" AND "settledChanges" IS NULL`,
  );
  return fromDateOrNull(row?.since ?? null);
}

/** The ledger holds the class with the first `changes` facts after its end. What came meanwhile keeps it due. */
export async function markSettled(
  db: Db,
  input: { classId: string; changes: number; policy: object; at: number },
): Promise<void> {
  await db.sql(
    `UPDATE "ClassSettlement" SET "settledChanges" = $2, "settledAt" = $3, "policy" = COALESCE("policy", $4)
     WHERE "classId" = $1 AND ("settledChanges" IS NULL OR "settledChanges" < $2)`,
    [input.classId, input.changes, toDate(input.at), JSON.stringify(input.policy)],
  );
}

export interface LearnerOfSettlement {
  userId: string;
  intervals: { from: number; lastProof: number; cause: PresenceCause; node: string }[];
  checks: JudgedCheck[];
  signIns: { hour: number; at: number; method: SignInMethod; countsFrom: number | null }[];
}

/**
 * Facts of the learners of a class, `batch` of them at a time in the order of their ids: whoever was enrolled while it
 * ran, and whoever was in it as a learner.
 */
export async function* learnersToSettle(
  db: Db,
  classId: string,
  batch: number,
): AsyncGenerator<LearnerOfSettlement[]> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const people = await db.sql<{ userId: string }>(
      `SELECT "userId" FROM (
         SELECT e."userId" FROM "LiveClass" c JOIN "Enrolment" e ON e."groupId" = c."groupId"
         WHERE c."id" = $1 AND e."createdAt" < COALESCE(c."endedAt", c."scheduledEnd")
           AND (e."endedAt" IS NULL OR e."endedAt" > COALESCE(c."startedAt", c."scheduledStart"))
         UNION SELECT v."userId" FROM "Visit" v WHERE v."classId" = $1 AND v."role" = 'attendee'
       ) AS learners WHERE "userId" > $2 ORDER BY "userId" LIMIT $3`,
      [classId, after, batch],
    );
    const last = people.at(-1);
    if (!last) return;
    after = last.userId;
    const ids = people.map(({ userId }) => userId);
    const [intervals, checks, signIns] = await Promise.all([
      intervalsOf(db, classId, ids),
      judgedChecksOf(db, [classId], ids),
      hourSignInsOf(db, classId, ids),
    ]);
    const intervalsBy = Map.groupBy(intervals, ({ userId }) => userId);
    const checksBy = Map.groupBy(checks, ({ userId }) => userId);
    const signInsBy = Map.groupBy(signIns, ({ userId }) => userId);
    yield ids.map((userId) => ({
      userId,
      intervals: (intervalsBy.get(userId) ?? []).map(({ userId: _, ...interval }) => interval),
      checks: checksBy.get(userId) ?? [],
      signIns: (signInsBy.get(userId) ?? []).map(({ userId: _, ...signIn }) => signIn),
    }));
  }
}

async function intervalsOf(db: Db, classId: string, userIds: readonly string[]) {
  const rows = await db.sql<
    Row & { userId: string; from: Date; lastProof: Date; cause: string; node: string }
  >(
    `SELECT i."userId", i."from", i."lastProof", i."cause", COALESCE(v."nodeId", '') AS "node"
     FROM "PresenceInterval" i LEFT JOIN "Visit" v ON v."id" = i."visitId"
     WHERE i."classId" = $1 AND i."userId" = ANY($2::uuid[]) ORDER BY i."userId", i."from"`,
    [classId, userIds],
  );
  return rows.map((row) => ({
    ...row,
    from: fromDate(row.from),
    lastProof: fromDate(row.lastProof),
    cause: presenceCause.parse(row.cause),
  }));
}
