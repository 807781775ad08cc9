/** 答疑: questions that are left over when a class has ended. While it runs, its coordinator writes them (`class-log.ts`). */
import { questionState } from '@keshi/contract/domain';
import type { StoredQuestion } from './class-state.ts';
import type { Db } from './client.ts';
import { Refused } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { notify } from './notices.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { containing } from './text-search.ts';

export interface LeftoverQuestion extends StoredQuestion {
  classId: string;
  classTitle: string;
  courseTitle: string;
  instructorId: string;
}

const columns = {
  id: true,
  at: true,
  userId: true,
  text: true,
  state: true,
  votes: true,
  answer: true,
  answeredBy: true,
  answeredAt: true,
  class: {
    select: {
      id: true,
      title: true,
      instructorId: true,
      group: { select: { course: { select: { title: true } } } },
    },
  },
} as const;

function fromRow(row: Prisma.QuestionGetPayload<{ select: typeof columns }>): LeftoverQuestion {
  const { class: of, ...question } = row;
  return {
    ...question,
    at: fromDate(row.at),
    answeredAt: fromDateOrNull(row.answeredAt),
    state: questionState.parse(row.state),
    classId: of.id,
    classTitle: of.title,
    courseTitle: of.group.course.title,
    instructorId: of.instructorId,
  };
}

/** Of the ended classes of an instructor, newest first; `open` only those that nobody has answered. */
export async function leftoverQuestions(
  db: Db,
  filter: { instructorId: string; state: 'open' | 'all'; query?: string } & PageRequest,
): Promise<Page<LeftoverQuestion>> {
  const where: Prisma.QuestionWhereInput = {
    class: { instructorId: filter.instructorId, state: 'ended' },
    state: filter.state === 'open' ? 'open' : { not: 'deleted' },
    ...(filter.query && { text: containing(filter.query) }),
  };
  const [total, rows] = await Promise.all([
    db.prisma.question.count({ where }),
    db.prisma.question.findMany({
      where,
      select: columns,
      orderBy: [{ at: 'desc' }, { id: 'desc' }],
      ...pageOf(filter),
    }),
  ]);
  return { total, rows: rows.map(fromRow) };
}

const ownShown = 200;

/** What one learner asked in a class, in the order of asking; without what was deleted. */
export async function questionsBy(
  db: Db,
  filter: { classId: string; userId: string },
): Promise<LeftoverQuestion[]> {
  const rows = await db.prisma.question.findMany({
    where: { ...filter, state: { not: 'deleted' } },
    select: columns,
    orderBy: [{ at: 'asc' }, { id: 'asc' }],
    take: ownShown,
  });
  return rows.map(fromRow);
}

export async function getQuestion(db: Db, id: string): Promise<LeftoverQuestion | null> {
  const row = await db.prisma.question.findUnique({ where: { id }, select: columns });
  return row && fromRow(row);
}

/**
 * In writing, after the class. Throws `Refused`: `not-found`, and `conflict` while the class runs (its coordinator answers) or
 * when the question has been answered or deleted.
 */
export async function answerLeftoverQuestion(
  db: Db,
  input: { id: string; answer: string; answeredBy: string; now: number },
): Promise<LeftoverQuestion> {
  const answered = await db.transaction(async (sql) => {
    const [row] = await sql<{ userId: string; classId: string; classTitle: string }>(
      `UPDATE "Question" q SET "state" = 'answered-text', "answer" = $2, "answeredBy" = $3, "answeredAt" = $4
       FROM "LiveClass" c WHERE q."id" = $1 AND q."state" = 'open' AND c."id" = q."classId" AND c."state" = 'ended'
       RETURNING q."userId", q."classId", c."title" AS "classTitle"`,
      [input.id, input.answer, input.answeredBy, toDate(input.now)],
    );
    if (!row) return false;
    const { userId, classId, classTitle } = row;
    await notify(sql, {
      userId,
      at: input.now,
      key: `question/${input.id}`,
      content: { kind: 'question-answered', classId, classTitle },
    });
    return true;
  });
  const question = await getQuestion(db, input.id);
  if (!question) throw new Refused('not-found', 'question');
  if (!answered) throw new Refused('conflict', 'question', ['state']);
  return question;
}
