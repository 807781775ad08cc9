import type { PreparedQuiz } from '@keshi/contract/http/classes';
import { routes } from '@keshi/contract/http/routes';
import type { QuizDraft } from '@keshi/contract/signaling';
import type { Db } from '@keshi/db/client';
import {
  deleteQuiz,
  getQuiz,
  listQuizzes,
  type PreparedQuiz as StoredQuiz,
  prepareQuiz,
  updateQuiz,
} from '@keshi/db/quizzes';
import type { Actor } from '@keshi/rules/access';
import { type QuestionProblem, questionProblems } from '@keshi/rules/quiz';
import { AppError } from '@keshi/runtime/errors';
import { findClass } from '../classes/class-access.ts';
import { bind } from '../http/bind.ts';

export function quizRoutes({ db }: { db: Db }) {
  /** The quiz, once the actor may prepare quizzes of its class. */
  async function find(actor: Actor, id: string): Promise<StoredQuiz> {
    const quiz = await getQuiz(db, id);
    if (!quiz) throw new AppError('not-found');
    await findClass(db, actor, quiz.classId, 'quiz.prepare');
    return quiz;
  }

  return {
    listQuizzes: bind(routes.listQuizzes, async ({ actor, params }) => {
      await findClass(db, actor, params.id, 'quiz.prepare');
      return { quizzes: (await listQuizzes(db, params.id)).map(toReply) };
    }),

    createQuiz: bind(routes.createQuiz, async ({ actor, params, body }) => {
      const { row } = await findClass(db, actor, params.id, 'quiz.prepare');
      if (row.state === 'ended' || row.state === 'cancelled') throw new AppError('class-ended');
      demandAskable(body);
      return toReply(await prepareQuiz(db, params.id, body));
    }),

    updateQuiz: bind(routes.updateQuiz, async ({ actor, params, body }) => {
      await find(actor, params.id);
      const { version, ...draft } = body;
      demandAskable(draft);
      return toReply(await updateQuiz(db, { id: params.id, version, draft }));
    }),

    deleteQuiz: bind(routes.deleteQuiz, async ({ actor, params }) => {
      await find(actor, params.id);
      await deleteQuiz(db, params.id);
    }),
  };
}

const fieldOf: Readonly<Record<QuestionProblem, string>> = {
  'too-few-options': 'body.options',
  'too-many-options': 'body.options',
  'empty-option': 'body.options',
  'same-option-twice': 'body.options',
  'correct-missing': 'body.correct',
  'correct-invalid': 'body.correct',
};

/** Throws `invalid-input` for a question that could not be asked. */
function demandAskable(draft: QuizDraft): void {
  const problems = questionProblems(draft);
  if (problems.length === 0) return;
  throw new AppError('invalid-input', { fields: [...new Set(problems.map((problem) => fieldOf[problem]))] });
}

function toReply({ classId: _, ...quiz }: StoredQuiz): PreparedQuiz {
  return quiz;
}
