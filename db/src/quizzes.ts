/** Quiz questions as an instructor prepares them. Asked ones belong to the class's coordinator (`class-log.ts`). */
import { type QuizKind, quizKind } from '@keshi/contract/domain';
import type { QuizDraft } from '@keshi/contract/signaling';
import { z } from 'zod';
import type { Db } from './client.ts';
import { outdatedOrMissing, Refused, refusing } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import { fromDateOrNull } from './instants.ts';

export interface PreparedQuiz {
  id: string;
  classId: string;
  kind: QuizKind;
  stem: string;
  options: string[];
  correct: number[];
  seconds: number;
  position: number;
  /** Null while it is only prepared. */
  openedAt: number | null;
  version: number;
}

const columns = {
  id: true,
  classId: true,
  kind: true,
  stem: true,
  options: true,
  correct: true,
  seconds: true,
  position: true,
  openedAt: true,
  version: true,
} as const;

function fromRow(row: Prisma.QuizGetPayload<{ select: typeof columns }>): PreparedQuiz {
  return {
    ...row,
    kind: quizKind.parse(row.kind),
    options: z.array(z.string()).parse(row.options),
    correct: z.array(z.number()).parse(row.correct),
    openedAt: fromDateOrNull(row.openedAt),
  };
}

/** Prepared and asked ones of a class, in their order. A class has dozens at most. */
export async function listQuizzes(db: Db, classId: string): Promise<PreparedQuiz[]> {
  const rows = await db.prisma.quiz.findMany({
    where: { classId },
    select: columns,
    orderBy: [{ position: 'asc' }, { id: 'asc' }],
    take: 500,
  });
  return rows.map(fromRow);
}

export async function getQuiz(db: Db, id: string): Promise<PreparedQuiz | null> {
  const row = await db.prisma.quiz.findUnique({ where: { id }, select: columns });
  return row && fromRow(row);
}

/** Goes to the end of the class's list. `draft` has passed the rules' `questionProblems`. */
export async function prepareQuiz(db: Db, classId: string, draft: QuizDraft): Promise<PreparedQuiz> {
  const last = await db.prisma.quiz.aggregate({ where: { classId }, _max: { position: true } });
  const position = (last._max.position ?? 0) + 1;
  const row = await refusing('quiz', () =>
    db.prisma.quiz.create({ data: { ...contentOf(draft), id: newId(), classId, position }, select: columns }),
  );
  return fromRow(row);
}

/** `version` is the one the editor saw. Throws `Refused`: `outdated`, `not-found`, and `conflict` once it has been asked. */
export async function updateQuiz(
  db: Db,
  input: { id: string; version: number; draft: QuizDraft },
): Promise<PreparedQuiz> {
  const { id, version, draft } = input;
  const [row] = await db.prisma.quiz.updateManyAndReturn({
    where: { id, version, openedAt: null },
    data: { ...contentOf(draft), version: { increment: 1 } },
    select: columns,
  });
  if (row) return fromRow(row);
  const now = await getQuiz(db, id);
  if (now && now.openedAt !== null) throw new Refused('conflict', 'quiz', ['openedAt']);
  return outdatedOrMissing('quiz', Promise.resolve(now));
}

/** Throws `Refused`: `not-found`, and `conflict` once it has been asked. */
export async function deleteQuiz(db: Db, id: string): Promise<void> {
  const { count } = await db.prisma.quiz.deleteMany({ where: { id, openedAt: null } });
  if (count > 0) return;
  throw new Refused((await getQuiz(db, id)) ? 'conflict' : 'not-found', 'quiz', ['openedAt']);
}

function contentOf(draft: QuizDraft) {
  const { kind, stem, options, correct, seconds } = draft;
  return { kind, stem, options, correct, seconds };
}
