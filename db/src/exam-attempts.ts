/** Attempts at exams: begun once, taken up by one page at a time, and changed under the lock of their row. */
import { attemptState, drawnPaper, gradedLine, multipleScoring } from '@keshi/contract/exams';
import type {
  AttemptState,
  DrawnPaper,
  ExamEventKind,
  GradedLine,
  GradingCause,
} from '@keshi/contract/exams';
import { itemAnswer, type ItemAnswer } from '@keshi/contract/items';
import { z } from 'zod';
import type { Db, Row, Sql } from './client.ts';
import { Refused, refusing } from './failures.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';

export interface Attempt {
  id: string;
  examId: string;
  userId: string;
  number: number;
  seed: string;
  paper: DrawnPaper;
  startedAt: number;
  deadline: number | null;
  lease: number;
  writerSid: string;
  awaitingSid: string | null;
  entryCheckId: string | null;
  lastSeenAt: number;
  timesLeft: number;
  checkDueAt: number | null;
  submittedAt: number | null;
  endedAt: number | null;
  gradingVersion: number;
  earned: number | null;
  most: number;
  waiting: number;
  passed: boolean | null;
}

interface AttemptRow extends Row {
  id: string;
  examId: string;
  userId: string;
  number: number;
  seed: string;
  paper: unknown;
  startedAt: Date;
  deadline: Date | null;
  lease: number;
  writerSid: string;
  awaitingSid: string | null;
  entryCheckId: string | null;
  lastSeenAt: Date;
  timesLeft: number;
  checkDueAt: Date | null;
  submittedAt: Date | null;
  endedAt: Date | null;
  gradingVersion: number;
  earned: number | null;
  most: number;
  waiting: number;
  passed: boolean | null;
}

const columns = `"id", "examId", "userId", "number", "seed", "paper", "startedAt", "deadline", "lease", "writerSid", "awaitingSid",
  "entryCheckId", "lastSeenAt", "timesLeft", "checkDueAt", "submittedAt", "endedAt", "gradingVersion", "earned", "most",
  "waiting", "passed"`;

function fromRow(row: AttemptRow): Attempt {
  return {
    ...row,
    paper: drawnPaper.parse(row.paper),
    startedAt: fromDate(row.startedAt),
    deadline: fromDateOrNull(row.deadline),
    lastSeenAt: fromDate(row.lastSeenAt),
    checkDueAt: fromDateOrNull(row.checkDueAt),
    submittedAt: fromDateOrNull(row.submittedAt),
    endedAt: fromDateOrNull(row.endedAt),
  };
}

export function stateOfAttempt({
  endedAt,
  submittedAt,
}: Pick<Attempt, 'endedAt' | 'submittedAt'>): AttemptState {
  return attemptState.parse(endedAt === null ? 'writing' : submittedAt === null ? 'expired' : 'submitted');
}

export async function getAttempt(db: Db, id: string): Promise<Attempt | null> {
  const [row] = await db.sql<AttemptRow>(`SELECT ${columns} FROM "ExamAttempt" WHERE "id" = $1`, [id]);
  return row ? fromRow(row) : null;
}

/** Of one learner in these exams, in the order they were begun. */
export async function attemptsOf(db: Db, examIds: readonly string[], userId: string): Promise<Attempt[]> {
  const rows = await db.sql<AttemptRow>(
    `SELECT ${columns} FROM "ExamAttempt" WHERE "examId" = ANY($1::uuid[]) AND "userId" = $2 ORDER BY "examId", "number"`,
    [examIds, userId],
  );
  return rows.map(fromRow);
}

export interface NewAttempt {
  id: string;
  examId: string;
  /** The version of the exam that the paper was drawn for. */
  examVersion: number;
  userId: string;
  number: number;
  seed: string;
  paper: DrawnPaper;
  most: number;
  startedAt: number;
  deadline: number | null;
  writerSid: string;
  checkDueAt: number | null;
  /** A person has seen who it is, since no face could be asked for [EX7]. */
  recognised: boolean;
}

/**
 * Throws `Refused`: `outdated` when the exam was changed meanwhile, `conflict` when the learner has begun this attempt on
 * another page at the same moment.
 */
export async function beginAttempt(db: Db, of: NewAttempt): Promise<Attempt> {
  return refusing('attempt', () =>
    db.transaction(async (sql) => {
      const [exam] = await sql<{ version: number }>(
        'SELECT "version" FROM "Exam" WHERE "id" = $1 FOR KEY SHARE',
        [of.examId],
      );
      if (exam?.version !== of.examVersion) throw new Refused('outdated', 'exam');
      const [row] = await sql<AttemptRow>(
        `INSERT INTO "ExamAttempt" ("id", "examId", "userId", "number", "seed", "paper", "most", "startedAt", "deadline",
           "writerSid", "lastSeenAt", "checkDueAt")
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $8, $11) RETURNING ${columns}`,
        [
          of.id,
          of.examId,
          of.userId,
          of.number,
          of.seed,
          JSON.stringify(of.paper),
          of.most,
          toDate(of.startedAt),
          of.deadline === null ? null : toDate(of.deadline),
          of.writerSid,
          of.checkDueAt === null ? null : toDate(of.checkDueAt),
        ],
      );
      if (!row) throw new Refused('conflict', 'attempt');
      if (of.recognised) await noteEvent(sql, of.id, of.startedAt, 'recognised');
      await noteEvent(sql, of.id, of.startedAt, 'opened');
      return fromRow(row);
    }),
  );
}

/**
 * [EX2, EX7] This page writes from now on. Null when the attempt is over, or another login writes it and `entered` does not
 * say that this one was let in.
 */
export async function takeUpAttempt(
  db: Db,
  { id, sid, at, entered }: { id: string; sid: string; at: number; entered: boolean },
): Promise<Attempt | null> {
  return db.transaction(async (sql) => {
    const [row] = await sql<AttemptRow>(
      `UPDATE "ExamAttempt" SET "lease" = "lease" + 1, "writerSid" = $2, "awaitingSid" = NULL, "entryCheckId" = NULL,
         "lastSeenAt" = $3, "visible" = true
       WHERE "id" = $1 AND "endedAt" IS NULL AND ("writerSid" = $2 OR $4) RETURNING ${columns}`,
      [id, sid, toDate(at), entered],
    );
    if (!row) return null;
    await noteEvent(sql, id, at, entered ? 'taken-over' : 'opened');
    return fromRow(row);
  });
}

/** [EX7] Another login asks to be let in. */
export async function holdAttempt(
  db: Db,
  { id, sid, at, checkId }: { id: string; sid: string; at: number; checkId: string | null },
): Promise<void> {
  await db.transaction(async (sql) => {
    await sql(
      'UPDATE "ExamAttempt" SET "awaitingSid" = $2, "entryCheckId" = $3 WHERE "id" = $1 AND "endedAt" IS NULL',
      [id, sid, checkId],
    );
    await noteEvent(sql, id, at, 'waiting');
  });
}

/** A person lets the login in that waits. False when none does. */
export async function letIn(db: Db, id: string): Promise<boolean> {
  const rows = await db.sql(
    `UPDATE "ExamAttempt" SET "writerSid" = "awaitingSid", "awaitingSid" = NULL, "entryCheckId" = NULL
     WHERE "id" = $1 AND "awaitingSid" IS NOT NULL AND "endedAt" IS NULL RETURNING "id"`,
    [id],
  );
  return rows.length > 0;
}

export async function setCheckDue(db: Db, { id, at }: { id: string; at: number | null }): Promise<void> {
  await db.sql('UPDATE "ExamAttempt" SET "checkDueAt" = $2 WHERE "id" = $1', [
    id,
    at === null ? null : toDate(at),
  ]);
}

export interface StoredAnswer {
  answer: ItemAnswer | null;
  lease: number;
  at: number;
}

/** The latest accepted answer to each question. */
export async function answersOf(db: { sql: Sql }, attemptId: string): Promise<Map<number, StoredAnswer>> {
  const rows = await db.sql<{ position: number; lease: number; answer: unknown; at: Date }>(
    'SELECT "position", "lease", "answer", "at" FROM "ExamAnswer" WHERE "attemptId" = $1',
    [attemptId],
  );
  return new Map(
    rows.map(({ position, lease, answer, at }) => [
      position,
      { lease, at: fromDate(at), answer: answer === null ? null : itemAnswer.parse(answer) },
    ]),
  );
}

export interface AttemptFacts {
  attempt: Attempt;
  exam: { courseId: string; multiple: 'all-or-nothing' | 'partial'; passPercent: number };
  answers: Map<number, StoredAnswer>;
  /** Of the grading that stands; empty before the first. */
  lines: GradedLine[];
}

export interface AttemptChange {
  end?: { at: number; cause: 'submitted' | 'deadline' };
  grading?: {
    at: number;
    byId: string | null;
    cause: GradingCause;
    reason: string;
    earned: number;
    most: number;
    waiting: number;
    passed: boolean | null;
    lines: readonly GradedLine[];
  };
  /** [EX1] What a person said of an answer that came late. */
  late?: {
    position: number;
    lease: number;
    sequence: number;
    accepted: boolean;
    at: number;
    byId: string;
  };
}

/**
 * Locks the attempt, hands over its facts, and writes what `decide` answers: all of it or nothing. What is saved at the
 * same moment comes before or after, never in between. Null when there is no such attempt; `decide` may answer null to
 * leave everything as it is.
 */
export async function onAttempt(
  db: Db,
  id: string,
  decide: (facts: AttemptFacts) => Promise<AttemptChange | null>,
): Promise<Attempt | null> {
  return db.transaction(async (sql) => {
    const [row] = await sql<AttemptRow>(`SELECT ${columns} FROM "ExamAttempt" WHERE "id" = $1 FOR UPDATE`, [
      id,
    ]);
    if (!row) return null;
    const attempt = fromRow(row);
    const [exam] = await sql<{ courseId: string; multiple: string; passPercent: number }>(
      'SELECT "courseId", "multiple", "passPercent" FROM "Exam" WHERE "id" = $1',
      [attempt.examId],
    );
    if (!exam) return null;
    const change = await decide({
      attempt,
      exam: { ...exam, multiple: multipleScoring.parse(exam.multiple) },
      answers: await answersOf({ sql }, id),
      lines: attempt.gradingVersion === 0 ? [] : await linesOf(sql, id, attempt.gradingVersion),
    });
    if (!change) return attempt;
    return write(sql, attempt, change);
  });
}

const storedLines = z.array(gradedLine);

async function linesOf(sql: Sql, id: string, version: number): Promise<GradedLine[]> {
  const [row] = await sql<{ lines: unknown }>(
    'SELECT "lines" FROM "ExamGrading" WHERE "attemptId" = $1 AND "version" = $2',
    [id, version],
  );
  return storedLines.parse(row?.lines ?? []);
}

async function write(sql: Sql, attempt: Attempt, { end, grading, late }: AttemptChange): Promise<Attempt> {
  const { id } = attempt;
  if (late) {
    await sql(
      `UPDATE "ExamStrayAnswer" SET "decidedAt" = $5, "decidedById" = $6, "accepted" = $7
       WHERE "attemptId" = $1 AND "position" = $2 AND "lease" = $3 AND "sequence" = $4`,
      [id, late.position, late.lease, late.sequence, toDate(late.at), late.byId, late.accepted],
    );
    if (late.accepted)
      await sql(
        `INSERT INTO "ExamAnswer" ("attemptId", "position", "lease", "sequence", "answer", "at")
         SELECT "attemptId", "position", "lease", "sequence", "answer", "at" FROM "ExamStrayAnswer"
         WHERE "attemptId" = $1 AND "position" = $2 AND "lease" = $3 AND "sequence" = $4
         ON CONFLICT ("attemptId", "position") DO UPDATE SET "lease" = EXCLUDED."lease", "sequence" = EXCLUDED."sequence",
           "answer" = EXCLUDED."answer", "at" = EXCLUDED."at"`,
        [id, late.position, late.lease, late.sequence],
      );
  }
  if (end) {
    const at = toDate(end.at);
    await sql(
      `UPDATE "ExamAttempt" SET "endedAt" = $2, "endCause" = $3, "submittedAt" = $4, "checkDueAt" = NULL, "awaitingSid" = NULL
       WHERE "id" = $1`,
      [id, at, end.cause, end.cause === 'submitted' ? at : null],
    );
    await noteEvent(sql, id, end.at, end.cause);
  }
  if (grading) {
    const version = attempt.gradingVersion + 1;
    await sql(
      `INSERT INTO "ExamGrading" ("attemptId", "version", "at", "byId", "cause", "reason", "earned", "most", "waiting", "passed", "lines")
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        id,
        version,
        toDate(grading.at),
        grading.byId,
        grading.cause,
        grading.reason,
        grading.earned,
        grading.most,
        grading.waiting,
        grading.passed,
        JSON.stringify(grading.lines),
      ],
    );
    await sql(
      `UPDATE "ExamAttempt" SET "gradingVersion" = $2, "earned" = $3, "waiting" = $4, "passed" = $5 WHERE "id" = $1`,
      [id, version, grading.earned, grading.waiting, grading.passed],
    );
  }
  const [row] = await sql<AttemptRow>(`SELECT ${columns} FROM "ExamAttempt" WHERE "id" = $1`, [id]);
  return row ? fromRow(row) : attempt;
}

async function noteEvent(sql: Sql, attemptId: string, at: number, kind: ExamEventKind): Promise<void> {
  await sql('INSERT INTO "ExamEvent" ("attemptId", "at", "kind") VALUES ($1, $2, $3)', [
    attemptId,
    toDate(at),
    kind,
  ]);
}

/** Attempts whose deadline lies before `before` and that nobody handed in, the longest due first. */
export async function expiredAttempts(db: Db, before: number, limit = 500): Promise<string[]> {
  const rows = await db.sql<{ id: string }>(
    `SELECT "id" FROM "ExamAttempt" WHERE "endedAt" IS NULL AND "deadline" <= $1 ORDER BY "deadline" LIMIT $2`,
    [toDate(before), limit],
  );
  return rows.map(({ id }) => id);
}

/** Ended attempts whose paper holds the question. */
export async function endedAttemptsWith(
  db: Db,
  { examId, itemId }: { examId: string; itemId: string },
): Promise<string[]> {
  const rows = await db.sql<{ id: string }>(
    `SELECT "id" FROM "ExamAttempt" WHERE "examId" = $1 AND "endedAt" IS NOT NULL AND "paper" @> $2::jsonb ORDER BY "id"`,
    [examId, JSON.stringify([{ itemId }])],
  );
  return rows.map(({ id }) => id);
}
