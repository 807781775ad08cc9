/** Exams as they were planned. What an attempt rests on stands once somebody has begun. */
import { examKind, examShows, examState, multipleScoring, paperPlan } from '@keshi/contract/exams';
import type { ExamKind, ExamState, PaperPlan } from '@keshi/contract/exams';
import type { Db } from './client.ts';
import { outdatedOrMissing, Refused, refusing } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import { fromDateOrNull, toDate } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { containing } from './text-search.ts';

export interface ExamDraft {
  kind: ExamKind;
  lessonId: string | null;
  title: string;
  opensAt: number | null;
  closesAt: number | null;
  durationMs: number | null;
  attempts: number;
  passPercent: number;
  plan: PaperPlan;
  multiple: 'all-or-nothing' | 'partial';
  show: 'nothing' | 'score' | 'answers';
  shuffle: boolean;
  identity: 'required' | 'not-required';
}
export interface Exam extends ExamDraft {
  id: string;
  courseId: string;
  courseTitle: string;
  state: ExamState;
  begun: number;
  version: number;
}

const columns = {
  id: true,
  courseId: true,
  lessonId: true,
  kind: true,
  title: true,
  state: true,
  opensAt: true,
  closesAt: true,
  durationMs: true,
  attempts: true,
  passPercent: true,
  plan: true,
  multiple: true,
  show: true,
  shuffle: true,
  identity: true,
  version: true,
  course: { select: { title: true } },
  _count: { select: { sittings: true } },
} as const;

function fromRow(row: Prisma.ExamGetPayload<{ select: typeof columns }>): Exam {
  const { course, _count, ...exam } = row;
  return {
    ...exam,
    courseTitle: course.title,
    begun: _count.sittings,
    kind: examKind.parse(exam.kind),
    state: examState.parse(exam.state),
    opensAt: fromDateOrNull(exam.opensAt),
    closesAt: fromDateOrNull(exam.closesAt),
    plan: paperPlan.parse(exam.plan),
    multiple: multipleScoring.parse(exam.multiple),
    show: examShows.parse(exam.show),
    identity: exam.identity === 'required' ? 'required' : 'not-required',
  };
}

function toRow({ opensAt, closesAt, ...draft }: ExamDraft) {
  return {
    ...draft,
    opensAt: opensAt === null ? null : toDate(opensAt),
    closesAt: closesAt === null ? null : toDate(closesAt),
  };
}

export async function getExam(db: Db, id: string): Promise<Exam | null> {
  const row = await db.prisma.exam.findUnique({ where: { id }, select: columns });
  return row && fromRow(row);
}

export async function createExam(
  db: Db,
  input: { courseId: string; byId: string; draft: ExamDraft },
): Promise<Exam> {
  const row = await refusing('exam', () =>
    db.prisma.exam.create({
      data: { id: newId(), courseId: input.courseId, createdById: input.byId, ...toRow(input.draft) },
      select: columns,
    }),
  );
  return fromRow(row);
}

/** Newest first. */
export async function listExams(
  db: Db,
  filter: { courseId: string; query?: string } & PageRequest,
): Promise<Page<Exam>> {
  const where: Prisma.ExamWhereInput = {
    courseId: filter.courseId,
    ...(filter.query && { title: containing(filter.query) }),
  };
  const [total, rows] = await Promise.all([
    db.prisma.exam.count({ where }),
    db.prisma.exam.findMany({ where, select: columns, orderBy: { id: 'desc' }, ...pageOf(filter) }),
  ]);
  return { total, rows: rows.map(fromRow) };
}

/**
 * `version` is the one the editor saw. Once somebody has begun only the title, what is shown and a later end may change.
 * Throws `Refused`: `outdated`, `not-found`, `conflict`.
 */
export async function updateExam(
  db: Db,
  input: { id: string; version: number; draft: ExamDraft },
): Promise<Exam> {
  const { id, version, draft } = input;
  await db.prisma.$transaction(async (tx) => {
    // Whoever begins an attempt locks the row as well: nobody begins between this look and this change.
    await tx.$queryRaw`SELECT 1 FROM "Exam" WHERE "id" = ${id}::uuid FOR UPDATE`;
    const now = await tx.exam.findUnique({ where: { id }, select: columns });
    if (!now) throw new Refused('not-found', 'exam');
    const before = fromRow(now);
    if (before.version !== version) throw new Refused('outdated', 'exam');
    const taken = before.begun > 0 ? standing(before, draft) : [];
    if (taken.length > 0) throw new Refused('conflict', 'exam', taken);
    await tx.exam.update({ where: { id }, data: { ...toRow(draft), version: { increment: 1 } } });
  });
  return (await getExam(db, id)) ?? outdatedOrMissing('exam', Promise.resolve(null));
}

/** What may not be changed any more, and would be. */
function standing(before: ExamDraft, draft: ExamDraft): string[] {
  const fixed = [
    'kind',
    'opensAt',
    'durationMs',
    'plan',
    'multiple',
    'passPercent',
    'shuffle',
    'identity',
  ] as const;
  const changed: string[] = fixed.filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(draft[name]),
  );
  // Answers may have been shown after the end: it never moves once it has passed, and never comes earlier.
  if ((draft.closesAt ?? Infinity) < (before.closesAt ?? Infinity)) changed.push('closesAt');
  if (draft.attempts < before.attempts) changed.push('attempts');
  return changed;
}

/** Throws `Refused`: `outdated`, `not-found`. */
export async function setExamState(
  db: Db,
  { id, version, state }: { id: string; version: number; state: ExamState },
): Promise<Exam> {
  const { count } = await db.prisma.exam.updateMany({
    where: { id, version },
    data: { state, version: { increment: 1 } },
  });
  const row = await getExam(db, id);
  return count > 0 && row ? row : outdatedOrMissing('exam', Promise.resolve(row));
}

/** Published exams of the courses somebody learns in, those that end soonest first. */
export async function examsOfLearner(
  db: Db,
  filter: { userId: string; query?: string } & PageRequest,
): Promise<Page<Exam>> {
  const where: Prisma.ExamWhereInput = {
    state: 'published',
    course: { groups: { some: { enrolments: { some: { userId: filter.userId, endedAt: null } } } } },
    ...(filter.query && { title: containing(filter.query) }),
  };
  const [total, rows] = await Promise.all([
    db.prisma.exam.count({ where }),
    db.prisma.exam.findMany({
      where,
      select: columns,
      orderBy: [{ closesAt: { sort: 'desc', nulls: 'last' } }, { id: 'desc' }],
      ...pageOf(filter),
    }),
  ]);
  return { total, rows: rows.map(fromRow) };
}

/** Extra time of everybody who was granted some, by exam and learner. */
export async function allowancesOf(
  db: Db,
  examIds: readonly string[],
): Promise<Map<string, Map<string, number>>> {
  const rows = await db.prisma.examAllowance.findMany({
    where: { examId: { in: [...examIds] } },
    select: { examId: true, userId: true, extraMs: true },
  });
  const byExam = new Map<string, Map<string, number>>(examIds.map((id) => [id, new Map()]));
  for (const { examId, userId, extraMs } of rows) byExam.get(examId)?.set(userId, extraMs);
  return byExam;
}

/** A running attempt gets what is more, or gives back what is less, at once. */
export async function grantTime(
  db: Db,
  input: { examId: string; userId: string; extraMs: number; ground: string; byId: string; at: number },
): Promise<void> {
  const { examId, userId, extraMs } = input;
  await db.transaction(async (sql) => {
    await sql('SELECT 1 FROM "Exam" WHERE "id" = $1 FOR NO KEY UPDATE', [examId]);
    const [before] = await sql<{ extraMs: number }>(
      'SELECT "extraMs" FROM "ExamAllowance" WHERE "examId" = $1 AND "userId" = $2',
      [examId, userId],
    );
    await sql(
      `INSERT INTO "ExamAllowance" ("examId", "userId", "extraMs", "ground", "byId", "at") VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT ("examId", "userId") DO UPDATE SET "extraMs" = $3, "ground" = $4, "byId" = $5, "at" = $6`,
      [examId, userId, extraMs, input.ground, input.byId, toDate(input.at)],
    );
    await sql(
      `UPDATE "ExamAttempt" SET "deadline" = "deadline" + $3 * interval '1 millisecond'
       WHERE "examId" = $1 AND "userId" = $2 AND "endedAt" IS NULL`,
      [examId, userId, extraMs - (before?.extraMs ?? 0)],
    );
  });
}
