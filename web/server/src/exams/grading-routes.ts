/** Reading attempts, marking them, and correcting what was found [EX1, EX4, EX7]. */
import { gradingCause } from '@keshi/contract/exams';
import type { AttemptRead } from '@keshi/contract/http/exams';
import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { maskName } from '@keshi/db/crypto';
import { answersOf, type Attempt, getAttempt, letIn, stateOfAttempt } from '@keshi/db/exam-attempts';
import { attemptHistory } from '@keshi/db/exam-board';
import type { Exam } from '@keshi/db/exams';
import { actorNames, namesOf } from '@keshi/db/person-names';
import { AppError } from '@keshi/runtime/errors';
import { bind } from '../http/bind.ts';
import { findAttempt, findExam } from './access.ts';
import type { Contents } from './contents.ts';
import type { Grader } from './grader.ts';
import { readQuestions, storedAnswer } from './own-exams.ts';

export function gradingRoutes({ db, contents, grader }: { db: Db; contents: Contents; grader: Grader }) {
  async function read(exam: Exam, id: string): Promise<AttemptRead> {
    const attempt = await getAttempt(db, id);
    if (!attempt) throw new AppError('not-found');
    const [known, answers, history, names] = await Promise.all([
      contents.of(attempt.paper),
      answersOf(db, id),
      attemptHistory(db, id),
      namesOf(db, [attempt.userId]),
    ]);
    const graders = await actorNames(
      db,
      history.gradings.flatMap(({ byId }) => (byId === null ? [] : [byId])),
    );
    const { userId, number, startedAt, endedAt } = attempt;
    return {
      id,
      examId: exam.id,
      title: exam.title,
      userId,
      name: maskName(names.get(userId) ?? ''),
      number,
      state: stateOfAttempt(attempt),
      startedAt,
      endedAt,
      grade: gradeOf(attempt),
      // While somebody writes, what is written is theirs.
      questions:
        endedAt === null
          ? []
          : readQuestions(attempt, { contents: known, answers, gradings: history.gradings }),
      gradings: history.gradings.map(({ version, at, byId, cause, reason, earned, most }) => ({
        version,
        at,
        by: byId === null ? null : (graders.get(byId) ?? ''),
        cause: gradingCause.parse(cause),
        reason,
        earned,
        most,
      })),
      events: history.events,
      late: history.strays.map(({ position, lease, sequence, standing, at, answer, accepted }) => ({
        position,
        lease,
        sequence,
        standing,
        at,
        accepted,
        answer: storedAnswer(answer),
      })),
    };
  }

  return {
    readAttempt: bind(routes.readAttempt, async ({ actor, params }) => {
      const { exam } = await findAttempt(db, actor, params.id, 'exam.grade');
      return read(exam, params.id);
    }),

    letIn: bind(routes.letIn, async ({ actor, params, body, audit }) => {
      const { attempt, exam, course } = await findAttempt(db, actor, params.id, 'exam.grade');
      if (attempt.awaitingSid === null) throw new AppError('conflict');
      await audit({
        action: 'exam.let-in',
        targetType: 'user',
        targetId: attempt.userId,
        orgPath: course.orgPath,
        detail: { examId: exam.id, reason: body.reason },
      });
      if (!(await letIn(db, attempt.id))) throw new AppError('conflict');
    }),

    markAnswer: bind(routes.markAnswer, async ({ actor, params, body, audit }) => {
      const { attempt, exam, course } = await findAttempt(db, actor, params.id, 'exam.grade');
      await grader.mark(attempt.id, { ...body, byId: actor.userId });
      await audit({
        action: 'exam.marked',
        targetType: 'user',
        targetId: attempt.userId,
        orgPath: course.orgPath,
        detail: { examId: exam.id, position: body.position, earned: body.earned },
      });
      return read(exam, attempt.id);
    }),

    decideLate: bind(routes.decideLate, async ({ actor, params, body, audit }) => {
      const { attempt, exam, course } = await findAttempt(db, actor, params.id, 'exam.grade');
      await grader.decideLate(attempt.id, { ...body, byId: actor.userId });
      await audit({
        action: body.accepted ? 'exam.late-accepted' : 'exam.late-left-out',
        targetType: 'user',
        targetId: attempt.userId,
        orgPath: course.orgPath,
        detail: { examId: exam.id, position: body.position, reason: body.reason },
      });
      return read(exam, attempt.id);
    }),

    regradeExam: bind(routes.regradeExam, async ({ actor, params, body, audit }) => {
      const { exam, course } = await findExam(db, actor, params.id, 'exam.grade');
      const result = await grader.regrade(exam.id, { ...body, byId: actor.userId });
      await audit({
        action: 'exam.regraded',
        targetType: 'exam',
        targetId: exam.id,
        orgPath: course.orgPath,
        detail: { itemId: body.itemId, how: body.how, reason: body.reason, ...result },
      });
      return result;
    }),
  };
}

function gradeOf({ endedAt, earned, most, waiting, passed }: Attempt) {
  return endedAt === null || earned === null ? null : { earned, most, waiting, passed };
}
