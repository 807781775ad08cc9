/** 答疑: questions that are left over when a class has ended. While it runs, its coordinator writes them (`class-log.ts`). */
import { questionState } from '@keshi/contract/domain';
import type { StoredQuestion } from './class-state.ts';
import type { Db } from './client.ts';
import { Refused } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
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
  const { count } = await db.prisma.question.updateMany({
    where: { id: input.id, state: 'open', class: { state: 'ended' } },
    data: {
      state: 'answered-text',
      answer: input.answer,
      answeredBy: input.answeredBy,
      answeredAt: toDate(input.now),
    },
  });
  const question = await getQuestion(db, input.id);
  if (!question) throw new Refused('not-found', 'question');
  if (count === 0) throw new Refused('conflict', 'question', ['state']);
  return question;
}
