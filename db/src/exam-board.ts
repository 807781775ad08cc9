/** Who has not begun, writes, or has handed in; and what finished attempts say about an exam and its questions. */
import { gradedLine, type DrawnPaper, drawnPaper, type GradedLine } from '@keshi/contract/exams';
import { z } from 'zod';
import type { Db } from './client.ts';
import { atDoorMs } from './exam-entries.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { type PageRequest, pageOf } from './page.ts';

export interface BoardEntry {
  userId: string;
  login: string;
  name: string;
  attemptId: string | null;
  startedAt: number | null;
  deadline: number | null;
  lastSeenAt: number | null;
  submittedAt: number | null;
  endedAt: number | null;
  /** A person to let it begin, or to let a login elsewhere in; null: nobody. */
  waitsFor: 'beginning' | 'entry' | null;
  answered: number;
  questions: number;
  timesLeft: number;
  incidents: number;
  extraMs: number;
  lateAnswers: number;
  earned: number | null;
  most: number;
  waiting: number;
  passed: boolean | null;
}

export interface BoardFilter extends PageRequest {
  examId: string;
  courseId: string;
  /** Now; who is at the door has asked shortly before. */
  at: number;
  state: 'all' | 'waiting' | 'late' | 'not-started' | 'writing';
  query?: string;
}

/** Enrolled learners, and those who wrote and left since; each with the latest attempt. */
const people = `SELECT p."userId", a.*, EXISTS (SELECT 1 FROM "ExamEntry" n WHERE n."examId" = $1 AND n."userId" = p."userId"
    AND n."admittedAt" IS NULL AND n."lastSeenAt" >= $5) AS "atDoor" FROM (
    SELECT e."userId" FROM "Enrolment" e JOIN "ClassGroup" g ON g."id" = e."groupId" WHERE g."courseId" = $2 AND e."endedAt" IS NULL
    UNION SELECT "userId" FROM "ExamAttempt" WHERE "examId" = $1
  ) AS p LEFT JOIN LATERAL (
    SELECT t."id", t."startedAt", t."deadline", t."lastSeenAt", t."submittedAt", t."endedAt",
      t."awaitingSid" IS NOT NULL AS "waits", t."timesLeft", t."earned", t."most", t."waiting", t."passed",
      jsonb_array_length(t."paper") AS "questions",
      (SELECT count(*) FROM "ExamStrayAnswer" s WHERE s."attemptId" = t."id" AND s."standing" = 'late' AND s."decidedAt" IS NULL)::int AS "late"
    FROM "ExamAttempt" t WHERE t."examId" = $1 AND t."userId" = p."userId" ORDER BY t."number" DESC LIMIT 1
  ) AS a ON true`;

const narrowed = `($3 = 'all' OR ($3 = 'waiting' AND a."waiting" > 0) OR ($3 = 'late' AND a."late" > 0)
  OR ($3 = 'not-started' AND a."id" IS NULL) OR ($3 = 'writing' AND a."id" IS NOT NULL AND a."endedAt" IS NULL))
  AND ($4 = '' OR strpos(lower(u."login"), lower($4)) > 0)`;

export async function examBoard(
  db: Db,
  filter: BoardFilter,
): Promise<{
  total: number;
  rows: BoardEntry[];
  counts: { expected: number; writing: number; ended: number; waiting: number; passed: number; late: number };
}> {
  const { skip, take } = pageOf(filter);
  const doorFrom = toDate(filter.at - atDoorMs);
  const values = [filter.examId, filter.courseId, filter.state, filter.query ?? '', doorFrom];
  const [counted, rows] = await Promise.all([
    db.sql<Record<'total' | 'expected' | 'writing' | 'ended' | 'waiting' | 'passed' | 'late', number>>(
      `SELECT count(*) FILTER (WHERE ${narrowed})::int AS "total", count(*)::int AS "expected",
         count(*) FILTER (WHERE a."id" IS NOT NULL AND a."endedAt" IS NULL)::int AS "writing",
         count(*) FILTER (WHERE a."endedAt" IS NOT NULL)::int AS "ended", count(*) FILTER (WHERE a."waiting" > 0)::int AS "waiting",
         count(*) FILTER (WHERE a."passed")::int AS "passed", COALESCE(sum(a."late"), 0)::int AS "late"
       FROM (${people}) AS a JOIN "User" u ON u."id" = a."userId"`,
      values,
    ),
    db.sql<{
      userId: string;
      login: string;
      nameSealed: string;
      id: string | null;
      startedAt: Date | null;
      deadline: Date | null;
      lastSeenAt: Date | null;
      submittedAt: Date | null;
      endedAt: Date | null;
      waits: boolean | null;
      atDoor: boolean;
      answered: number | null;
      questions: number | null;
      timesLeft: number | null;
      incidents: number;
      extraMs: number | null;
      late: number | null;
      earned: number | null;
      most: number | null;
      waiting: number | null;
      passed: boolean | null;
    }>(
      `SELECT a.*, u."login", u."nameSealed", w."extraMs",
         (SELECT count(*) FROM "ExamAnswer" x WHERE x."attemptId" = a."id" AND x."answer" IS NOT NULL)::int AS "answered",
         (SELECT count(*) FROM "Incident" i WHERE i."kind" = 'exam' AND i."contextId" = $1 AND i."userId" = a."userId")::int AS "incidents"
       FROM (${people}) AS a JOIN "User" u ON u."id" = a."userId"
         LEFT JOIN "ExamAllowance" w ON w."examId" = $1 AND w."userId" = a."userId"
       WHERE ${narrowed}
       ORDER BY (a."atDoor" OR a."waits" IS TRUE) DESC, u."login" OFFSET $6 LIMIT $7`,
      [...values, skip, take],
    ),
  ]);
  const { total = 0, ...counts } = counted[0] ?? {
    expected: 0,
    writing: 0,
    ended: 0,
    waiting: 0,
    passed: 0,
    late: 0,
  };
  return {
    total,
    counts,
    rows: rows.map(({ nameSealed, id, waits, atDoor, late, ...row }) => ({
      userId: row.userId,
      login: row.login,
      name: db.personal.open('User.name', nameSealed),
      attemptId: id,
      startedAt: fromDateOrNull(row.startedAt),
      deadline: fromDateOrNull(row.deadline),
      lastSeenAt: fromDateOrNull(row.lastSeenAt),
      submittedAt: fromDateOrNull(row.submittedAt),
      endedAt: fromDateOrNull(row.endedAt),
      waitsFor: atDoor ? ('beginning' as const) : waits ? ('entry' as const) : null,
      answered: row.answered ?? 0,
      questions: row.questions ?? 0,
      timesLeft: row.timesLeft ?? 0,
      incidents: row.incidents,
      extraMs: row.extraMs ?? 0,
      lateAnswers: late ?? 0,
      earned: row.earned,
      most: row.most ?? 0,
      waiting: row.waiting ?? 0,
      passed: row.passed,
    })),
  };
}

export interface GradedAttempt {
  earned: number;
  most: number;
  waiting: number;
  passed: boolean | null;
  paper: DrawnPaper;
  lines: GradedLine[];
}

const storedLines = z.array(gradedLine);
const mostAttempts = 20_000;

/** Ended attempts with the grading that stands. */
export async function gradedAttempts(db: Db, examId: string): Promise<GradedAttempt[]> {
  const rows = await db.sql<{
    earned: number;
    most: number;
    waiting: number;
    passed: boolean | null;
    paper: unknown;
    lines: unknown;
  }>(
    `SELECT a."earned", a."most", a."waiting", a."passed", a."paper", g."lines" FROM "ExamAttempt" a
     JOIN "ExamGrading" g ON g."attemptId" = a."id" AND g."version" = a."gradingVersion"
     WHERE a."examId" = $1 AND a."endedAt" IS NOT NULL ORDER BY a."id" LIMIT $2`,
    [examId, mostAttempts],
  );
  return rows.map((row) => ({
    ...row,
    paper: drawnPaper.parse(row.paper),
    lines: storedLines.parse(row.lines),
  }));
}

export interface AttemptHistory {
  gradings: {
    version: number;
    at: number;
    byId: string | null;
    cause: string;
    reason: string;
    earned: number;
    most: number;
    lines: GradedLine[];
  }[];
  events: { at: number; kind: string }[];
  strays: {
    position: number;
    lease: number;
    sequence: number;
    standing: 'late' | 'refused';
    answer: unknown;
    at: number;
    accepted: boolean | null;
  }[];
}

/** Everything that is on record about one attempt, the newest last; of events and late answers the first thousand. */
export async function attemptHistory(db: Db, attemptId: string): Promise<AttemptHistory> {
  const [gradings, events, strays] = await Promise.all([
    db.prisma.examGrading.findMany({ where: { attemptId }, orderBy: { version: 'asc' }, take: 1_000 }),
    db.prisma.examEvent.findMany({
      where: { attemptId },
      select: { at: true, kind: true },
      orderBy: [{ at: 'asc' }, { id: 'asc' }],
      take: 1_000,
    }),
    db.prisma.examStrayAnswer.findMany({
      where: { attemptId },
      orderBy: [{ at: 'asc' }, { position: 'asc' }],
      take: 1_000,
    }),
  ]);
  return {
    gradings: gradings.map(({ at, lines, ...row }) => ({
      ...row,
      at: fromDate(at),
      lines: storedLines.parse(lines),
    })),
    events: events.map(({ at, kind }) => ({ at: fromDate(at), kind })),
    strays: strays.map(({ at, standing, ...row }) => ({
      ...row,
      at: fromDate(at),
      standing: standing === 'late' ? 'late' : 'refused',
    })),
  };
}
