import type { ExamWhole } from '@keshi/contract/http/exams';
import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { maskName } from '@keshi/db/crypto';
import { stateOfAttempt } from '@keshi/db/exam-attempts';
import { type BoardEntry, examBoard, gradedAttempts } from '@keshi/db/exam-board';
import { admitToExam } from '@keshi/db/exam-entries';
import { createExam, type Exam, grantTime, listExams, setExamState, updateExam } from '@keshi/db/exams';
import { lostAfterMs } from '@keshi/rules/exams/attempts';
import { itemStatistics } from '@keshi/rules/exams/item-statistics';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { randomUUID } from 'node:crypto';
import { bind } from '../http/bind.ts';
import { demandLesson, findCourse, findExam } from './access.ts';
import type { Contents } from './contents.ts';
import type { Drawer } from './drawer.ts';

interface Deps {
  db: Db;
  clock: Clock;
  contents: Contents;
  drawer: Drawer;
}

export function examRoutes({ db, clock, contents, drawer }: Deps) {
  async function whole(exam: Exam): Promise<ExamWhole> {
    const drawn = await drawer.drawNow(exam, exam.id);
    return { ...exam, missing: drawn.kind === 'short' ? [...drawn.missing] : [] };
  }

  return {
    listExams: bind(routes.listExams, async ({ actor, params, query }) => {
      await findCourse(db, actor, params.id, 'exam.observe').catch(() =>
        findCourse(db, actor, params.id, 'exam.manage'),
      );
      const { total, rows } = await listExams(db, {
        courseId: params.id,
        query: query.q,
        offset: query.offset,
        limit: query.limit,
      });
      return { total, rows: rows.map(rowOf) };
    }),

    createExam: bind(routes.createExam, async ({ actor, params, body, audit }) => {
      const course = await findCourse(db, actor, params.id, 'exam.manage');
      await demandLesson(db, params.id, body.lessonId);
      const exam = await createExam(db, { courseId: params.id, byId: actor.userId, draft: body });
      await audit({ action: 'exam.created', targetType: 'exam', targetId: exam.id, orgPath: course.orgPath });
      return whole(exam);
    }),

    getExam: bind(routes.getExam, async ({ actor, params }) => {
      const { exam } = await findExam(db, actor, params.id, 'exam.observe');
      return whole(exam);
    }),

    updateExam: bind(routes.updateExam, async ({ actor, params, body, audit }) => {
      const { exam, course } = await findExam(db, actor, params.id, 'exam.manage');
      // Once it is over for somebody, answers may have been shown: nobody may write after that [EX6].
      const over = exam.closesAt !== null && exam.begun > 0 && clock() >= exam.closesAt;
      if (over && body.closesAt !== exam.closesAt)
        throw new AppError('conflict', { fields: ['body.closesAt'] });
      const { version, ...draft } = body;
      await demandLesson(db, exam.courseId, draft.lessonId);
      const changed = await updateExam(db, { id: exam.id, version, draft });
      await audit({ action: 'exam.changed', targetType: 'exam', targetId: exam.id, orgPath: course.orgPath });
      return whole(changed);
    }),

    setExamState: bind(routes.setExamState, async ({ actor, params, body, audit }) => {
      const { exam, course } = await findExam(db, actor, params.id, 'exam.manage');
      if (body.state === 'published' && (await drawer.drawNow(exam, exam.id)).kind === 'short')
        throw new AppError('conflict', { fields: ['body.plan'] });
      // What somebody has written is not made unwritten.
      if (body.state === 'draft' && exam.begun > 0)
        throw new AppError('conflict', { fields: ['body.state'] });
      const changed = await setExamState(db, { id: exam.id, ...body });
      await audit({
        action: 'exam.state',
        targetType: 'exam',
        targetId: exam.id,
        orgPath: course.orgPath,
        detail: { from: exam.state, to: body.state },
      });
      return whole(changed);
    }),

    previewExam: bind(routes.previewExam, async ({ actor, params }) => {
      const { exam } = await findExam(db, actor, params.id, 'exam.manage');
      const seed = randomUUID();
      const drawn = await drawer.drawNow(exam, seed);
      if (drawn.kind === 'short') throw new AppError('conflict', { fields: ['plan'] });
      const known = await contents.of(drawn.paper);
      return {
        seed,
        questions: drawn.paper.flatMap((question, position) => {
          const content = known[position];
          return content ? [{ ...question, content }] : [];
        }),
      };
    }),

    examBoard: bind(routes.examBoard, async ({ actor, params, query }) => {
      const { exam } = await findExam(db, actor, params.id, 'exam.observe');
      const now = clock();
      const { total, rows, counts } = await examBoard(db, {
        examId: exam.id,
        courseId: exam.courseId,
        at: now,
        state: query.state,
        query: query.q,
        offset: query.offset,
        limit: query.limit,
      });
      return { at: now, total, counts, rows: rows.map((row) => boardRowOf(row, now)) };
    }),

    allowTime: bind(routes.allowTime, async ({ actor, params, body, audit }) => {
      const { exam, course } = await findExam(db, actor, params.id, 'exam.manage');
      // Time granted after the end would show answers to some while others write [EX6].
      if (exam.closesAt !== null && clock() >= exam.closesAt) throw new AppError('exam-over');
      await audit({
        action: 'exam.time-granted',
        targetType: 'user',
        targetId: params.userId,
        orgPath: course.orgPath,
        detail: { examId: exam.id, extraMs: body.extraMs },
      });
      await grantTime(db, {
        examId: exam.id,
        userId: params.userId,
        ...body,
        byId: actor.userId,
        at: clock(),
      });
    }),

    admitToExam: bind(routes.admitToExam, async ({ actor, params, body, audit }) => {
      const { exam, course } = await findExam(db, actor, params.id, 'exam.grade');
      await audit({
        action: 'exam.admitted',
        targetType: 'user',
        targetId: params.userId,
        orgPath: course.orgPath,
        detail: { examId: exam.id, reason: body.reason },
      });
      const { id: examId } = exam;
      if (!(await admitToExam(db, { examId, userId: params.userId, byId: actor.userId, at: clock() })))
        throw new AppError('conflict');
    }),

    examStatistics: bind(routes.examStatistics, async ({ actor, params }) => {
      const { exam } = await findExam(db, actor, params.id, 'exam.observe');
      const attempts = await gradedAttempts(db, exam.id);
      const graded = attempts.filter(({ waiting }) => waiting === 0);
      const results = new Map<
        string,
        { itemId: string; revision: number; of: { share: number; whole: number }[] }
      >();
      for (const { paper, lines, earned, most } of graded)
        paper.forEach(({ itemId, revision, points }, position) => {
          const of = results.get(itemId) ?? { itemId, revision, of: [] };
          of.revision = Math.max(of.revision, revision);
          of.of.push({
            share: (lines[position]?.earned ?? 0) / points,
            whole: most === 0 ? 0 : earned / most,
          });
          results.set(itemId, of);
        });
      const asked = [...results.values()];
      const known = await contents.of(asked);
      const rates = graded.map(({ earned, most }) => (most === 0 ? 0 : earned / most));
      const distribution = Array.from({ length: 10 }, () => 0);
      for (const rate of rates) {
        const tenth = Math.min(9, Math.floor(rate * 10));
        distribution[tenth] = (distribution[tenth] ?? 0) + 1;
      }
      return {
        attempts: attempts.length,
        graded: graded.length,
        passed: attempts.filter(({ passed }) => passed === true).length,
        meanRate: rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0) / rates.length,
        distribution,
        items: asked.map(({ itemId, of }, index) => ({
          itemId,
          stem: known[index]?.stem ?? '',
          ...itemStatistics(of),
        })),
      };
    }),
  };
}

function rowOf(exam: Exam) {
  const { id, courseId, courseTitle, kind, title, state, opensAt, closesAt, begun } = exam;
  return { id, courseId, courseTitle, kind, title, state, opensAt, closesAt, begun };
}

function boardRowOf(row: BoardEntry, now: number) {
  const { userId, login, attemptId, deadline, lastSeenAt, endedAt, earned, most, waiting, passed } = row;
  const { answered, questions, timesLeft, incidents, extraMs, waitsFor, lateAnswers } = row;
  return {
    userId,
    login,
    name: maskName(row.name),
    attemptId,
    state: attemptId === null ? ('not-started' as const) : stateOfAttempt(row),
    connected: endedAt === null && lastSeenAt !== null && now - lastSeenAt < lostAfterMs,
    answered,
    questions,
    timesLeft,
    incidents,
    deadline,
    extraMs,
    waitsFor,
    lateAnswers,
    grade: endedAt === null || earned === null ? null : { earned, most, waiting, passed },
  };
}
