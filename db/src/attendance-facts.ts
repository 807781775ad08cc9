/** Everything on record that attendance and quiz results of a class are decided from, in a handful of queries. */
import type { JudgedCheck } from '@keshi/contract/class-checks';
import { type ClassState, type PresenceCause, presenceCause } from '@keshi/contract/domain';
import { spansOf } from './class-state.ts';
import { type ClassRow, getClass } from './classes.ts';
import type { Db } from './client.ts';
import { fromDate } from './instants.ts';
import { judgedChecksOf } from './judged-checks.ts';
import { intervalsOfClass, type StoredVisit, visitsOfClass } from './presence.ts';
import { outagesBetween, type OutageKind } from './outages.ts';

export interface LearnerFacts {
  userId: string;
  login: string;
  /** Not masked. */
  name: string;
  group: string;
  /** In any order; open ones included. `node` is where the connection was. */
  intervals: { from: number; lastProof: number; cause: PresenceCause; node: string }[];
  /** Of a learner of whom one failed [PR5]; empty of everybody else. */
  checks: JudgedCheck[];
  /** Visits as a learner, oldest first. */
  visits: StoredVisit[];
  /** By quiz: whether the answer was correct. */
  answers: Map<string, boolean>;
}

export interface AttendanceFacts {
  class: ClassRow & { state: ClassState };
  live: { from: number; to: number | null }[];
  /** In the shape the rules take. */
  outages: { kind: OutageKind; scope: string; from: number; to: number | null; announcedRetryMs: number }[];
  /** Asked ones, in order. */
  quizzes: { id: string; openedAt: number }[];
  /** Everybody enrolled now, and whoever was in the class as a learner though no longer enrolled. By name is the caller's. */
  learners: LearnerFacts[];
}

/** How long before and after a class an outage still matters to it: somebody may be on the way back from it. */
const OUTAGE_MARGIN_MS = 10 * 60_000;
const FAR_FUTURE = Date.UTC(9999, 0);

/**
 * Null without that class. `unsealed`: names by what they are sealed as, of an earlier reading; to open a thousand again
 * would be most of the work of reading their class again.
 */
export async function loadAttendanceFacts(
  db: Db,
  classId: string,
  unsealed = new Map<string, string>(),
): Promise<AttendanceFacts | null> {
  const of = await getClass(db, classId);
  if (!of) return null;
  const [live, intervals, visits, quizzes, answers, checks] = await Promise.all([
    spansOf(db, classId),
    intervalsOfClass(db, classId),
    visitsOfClass(db, classId),
    askedQuizzes(db, classId),
    answersOfClass(db, classId),
    judgedChecksOf(db, [classId]),
  ]);
  const attended = visits.filter(({ role }) => role === 'attendee');
  const [people, outages] = await Promise.all([
    learnersOf(db, of.groupId, [...new Set(attended.map(({ userId }) => userId))], unsealed),
    outagesBetween(
      db,
      (of.startedAt ?? of.scheduledStart) - OUTAGE_MARGIN_MS,
      of.endedAt === null ? FAR_FUTURE : of.endedAt + OUTAGE_MARGIN_MS,
    ),
  ]);
  const intervalsBy = Map.groupBy(intervals, ({ userId }) => userId);
  const checksBy = Map.groupBy(checks, ({ userId }) => userId);
  const visitsBy = Map.groupBy(attended, ({ userId }) => userId);
  const answersBy = Map.groupBy(answers, ({ userId }) => userId);
  return {
    class: of,
    live,
    outages: outages.map(({ kind, scope, from, to, retryMs }) => ({
      kind,
      scope,
      from,
      to,
      announcedRetryMs: retryMs,
    })),
    quizzes,
    learners: people.map((person) => ({
      ...person,
      group: of.groupName,
      intervals: (intervalsBy.get(person.userId) ?? []).map(({ from, lastProof, cause, nodeId }) => ({
        from,
        lastProof,
        cause,
        node: nodeId,
      })),
      checks: checksBy.get(person.userId) ?? [],
      visits: visitsBy.get(person.userId) ?? [],
      answers: new Map((answersBy.get(person.userId) ?? []).map(({ quizId, correct }) => [quizId, correct])),
    })),
  };
}

/** Those that concern a class, in the shape the rules take. */
export async function outagesOfClass(db: Db, classId: string): Promise<AttendanceFacts['outages']> {
  const [of] = await db.sql<{ from: Date; to: Date | null }>(
    'SELECT COALESCE("startedAt", "scheduledStart") AS "from", "endedAt" AS "to" FROM "LiveClass" WHERE "id" = $1',
    [classId],
  );
  if (!of) return [];
  const outages = await outagesBetween(
    db,
    fromDate(of.from) - OUTAGE_MARGIN_MS,
    of.to === null ? FAR_FUTURE : fromDate(of.to) + OUTAGE_MARGIN_MS,
  );
  return outages.map(({ kind, scope, from, to, retryMs }) => ({
    kind,
    scope,
    from,
    to,
    announcedRetryMs: retryMs,
  }));
}

export interface OwnFacts {
  live: AttendanceFacts['live'];
  outages: AttendanceFacts['outages'];
  intervals: LearnerFacts['intervals'];
  checks: LearnerFacts['checks'];
}

/** What one person's own attendance of several classes is decided from, in four queries however many. */
export async function loadOwnFacts(
  db: Db,
  userId: string,
  classIds: readonly string[],
): Promise<Map<string, OwnFacts>> {
  if (classIds.length === 0) return new Map();
  const [spans, intervals, checks] = await Promise.all([
    db.sql<{ classId: string; from: Date; to: Date | null }>(
      'SELECT "classId", "from", "to" FROM "LiveSpan" WHERE "classId" = ANY($1::uuid[]) ORDER BY "from"',
      [classIds],
    ),
    db.sql<{ classId: string; from: Date; lastProof: Date; cause: string; node: string }>(
      `SELECT i."classId", i."from", i."lastProof", i."cause", COALESCE(v."nodeId", '') AS "node"
       FROM "PresenceInterval" i LEFT JOIN "Visit" v ON v."id" = i."visitId"
       WHERE i."classId" = ANY($1::uuid[]) AND i."userId" = $2 ORDER BY i."from"`,
      [classIds, userId],
    ),
    judgedChecksOf(db, classIds, [userId]),
  ]);
  const starts = spans.map(({ from }) => fromDate(from));
  const outages =
    starts.length === 0 ? [] : await outagesBetween(db, Math.min(...starts) - OUTAGE_MARGIN_MS, FAR_FUTURE);
  const spansBy = Map.groupBy(spans, ({ classId }) => classId);
  const intervalsBy = Map.groupBy(intervals, ({ classId }) => classId);
  const checksBy = Map.groupBy(checks, ({ classId }) => classId);
  return new Map(
    classIds.map((classId) => [
      classId,
      {
        live: (spansBy.get(classId) ?? []).map(({ from, to }) => ({
          from: fromDate(from),
          to: to === null ? null : fromDate(to),
        })),
        checks: checksBy.get(classId) ?? [],
        outages: outages.map(({ retryMs, ...outage }) => ({ ...outage, announcedRetryMs: retryMs })),
        intervals: (intervalsBy.get(classId) ?? []).map(({ from, lastProof, cause, node }) => ({
          from: fromDate(from),
          lastProof: fromDate(lastProof),
          cause: presenceCause.parse(cause),
          node,
        })),
      },
    ]),
  );
}

async function askedQuizzes(db: Db, classId: string): Promise<{ id: string; openedAt: number }[]> {
  const rows = await db.sql<{ id: string; openedAt: Date }>(
    'SELECT "id", "openedAt" FROM "Quiz" WHERE "classId" = $1 AND "openedAt" IS NOT NULL ORDER BY "openedAt", "id"',
    [classId],
  );
  return rows.map(({ id, openedAt }) => ({ id, openedAt: fromDate(openedAt) }));
}

async function answersOfClass(
  db: Db,
  classId: string,
): Promise<{ quizId: string; userId: string; correct: boolean }[]> {
  return db.sql<{ quizId: string; userId: string; correct: boolean }>(
    `SELECT a."quizId", a."userId", a."correct" FROM "Quiz" q JOIN "QuizAnswer" a ON a."quizId" = q."id" WHERE q."classId" = $1`,
    [classId],
  );
}

/** Those enrolled now and `others`, by login. `unsealed` as for `loadAttendanceFacts`. */
export async function learnersOf(
  db: Db,
  groupId: string,
  others: readonly string[] = [],
  unsealed = new Map<string, string>(),
): Promise<{ userId: string; login: string; name: string }[]> {
  const rows = await db.sql<{ userId: string; login: string; nameSealed: string }>(
    `SELECT u."id" AS "userId", u."login", u."nameSealed" FROM "Enrolment" e JOIN "User" u ON u."id" = e."userId"
     WHERE e."groupId" = $1 AND e."endedAt" IS NULL
     UNION SELECT "id", "login", "nameSealed" FROM "User" WHERE "id" = ANY($2::uuid[])
     ORDER BY "login"`,
    [groupId, others],
  );
  return rows.map(({ nameSealed, ...row }) => {
    const name = unsealed.get(nameSealed) ?? db.personal.open('User.name', nameSealed);
    unsealed.set(nameSealed, name);
    return { ...row, name };
  });
}
