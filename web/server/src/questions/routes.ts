import type { Question } from '@keshi/contract/signaling';
import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { maskName } from '@keshi/db/crypto';
import { namesOf } from '@keshi/db/person-names';
import {
  answerLeftoverQuestion,
  getQuestion,
  leftoverQuestions,
  type LeftoverQuestion,
  questionsBy,
} from '@keshi/db/questions';
import { storeScreeningHit } from '@keshi/db/screening';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { findClass } from '../classes/class-access.ts';
import { bind } from '../http/bind.ts';
import type { Screen } from './screen.ts';

interface Deps {
  db: Db;
  clock: Clock;
  screen: Screen;
}

export function questionRoutes({ db, clock, screen }: Deps) {
  async function withNames(questions: readonly LeftoverQuestion[]): Promise<Question[]> {
    const names = await namesOf(db, [
      ...new Set(questions.flatMap(({ userId, answeredBy }) => [userId, answeredBy ?? []].flat())),
    ]);
    return questions.map(({ id, at, userId, text, state, votes, answer, answeredBy, answeredAt }) => ({
      id,
      at,
      from: { userId, name: maskName(names.get(userId) ?? ''), role: 'attendee' },
      text,
      state,
      votes,
      voted: false,
      answer,
      // Learners know who teaches them.
      answeredBy: answeredBy === null ? null : (names.get(answeredBy) ?? ''),
      answeredAt,
    }));
  }

  return {
    leftoverQuestions: bind(routes.leftoverQuestions, async ({ actor, query }) => {
      if (!actor.memberships.some(({ role }) => role === 'instructor')) throw new AppError('forbidden');
      const { total, rows } = await leftoverQuestions(db, {
        instructorId: actor.userId,
        state: query.state,
        query: query.q,
        offset: query.offset,
        limit: query.limit,
      });
      const questions = await withNames(rows);
      return {
        total,
        rows: rows.flatMap(({ classId, classTitle, courseTitle }, index) => {
          const question = questions[index];
          return question ? [{ classId, classTitle, courseTitle, question }] : [];
        }),
      };
    }),

    ownQuestions: bind(routes.ownQuestions, async ({ actor, params }) => {
      await findClass(db, actor, params.id, 'class.attend');
      const own = await questionsBy(db, { classId: params.id, userId: actor.userId });
      return { questions: await withNames(own) };
    }),

    answerQuestion: bind(routes.answerQuestion, async ({ actor, params, body }) => {
      const question = await getQuestion(db, params.id);
      if (!question) throw new AppError('not-found');
      const { row } = await findClass(db, actor, question.classId, 'class.teach');
      const now = clock();
      const [hit, ...more] = screen(body.text);
      if (hit) {
        await storeScreeningHit(db, {
          classId: question.classId,
          at: now,
          userId: actor.userId,
          surface: 'answer',
          category: hit.category,
          terms: [...new Set([hit, ...more].map(({ term }) => term))],
          text: body.text,
          orgPath: row.orgPaths[0] ?? '',
        });
        throw new AppError('screened');
      }
      const answered = await answerLeftoverQuestion(db, {
        id: params.id,
        answer: body.text,
        answeredBy: actor.userId,
        now,
      });
      const [reply] = await withNames([answered]);
      if (!reply) throw new AppError('not-found');
      return reply;
    }),
  };
}
