/** Taking an exam [EX1–EX3, EX6, EX7]. */
import type { IdentityAsk } from '@keshi/contract/class-checks';
import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import {
  answersOf,
  type Attempt,
  attemptsOf,
  beginAttempt,
  getAttempt,
  holdAttempt,
  takeUpAttempt,
} from '@keshi/db/exam-attempts';
import { attemptHistory } from '@keshi/db/exam-board';
import { examEntry, knockAtExam, longestWait } from '@keshi/db/exam-entries';
import { allowancesOf, type Exam, examsOfLearner } from '@keshi/db/exams';
import { isRefused } from '@keshi/db/failures';
import { newId } from '@keshi/db/ids';
import { afterWaiting, deadlineOf, isExpired, mayBegin } from '@keshi/rules/exams/attempts';
import { worthOf } from '@keshi/rules/exams/drawing';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { randomUUID } from 'node:crypto';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import type { EarningPlaces } from '../study/earning-places.ts';
import { findAttempt, findExam } from './access.ts';
import type { Contents } from './contents.ts';
import type { Drawer } from './drawer.ts';
import type { Grader } from './grader.ts';
import { answersFrom, ownAttemptOf, ownExamOf, paperOf, readQuestions } from './own-exams.ts';
import type { Saver } from './saver.ts';
import type { SittingChecks } from './sitting-checks.ts';

interface Held {
  why: 'elsewhere' | 'door';
  ask: IdentityAsk | null;
}

interface Deps {
  db: Db;
  clock: Clock;
  contents: Contents;
  drawer: Drawer;
  grader: Grader;
  saver: Saver;
  checks: SittingChecks;
  places: EarningPlaces;
}

export function sittingRoutes({ db, clock, contents, drawer, grader, saver, checks, places }: Deps) {
  async function extraOf(exam: Exam, userId: string): Promise<number> {
    const byExam = await allowancesOf(db, [exam.id]);
    return byExam.get(exam.id)?.get(userId) ?? 0;
  }

  /** Null while a person has to see first who it is [PR1]. */
  async function begin(actor: Actor, exam: Exam, begun: number): Promise<Attempt | null> {
    const now = clock();
    const key = { examId: exam.id, userId: actor.userId, number: begun + 1 };
    const byPerson = await checks.needsPerson(exam, actor.userId);
    const times = afterWaiting(exam, byPerson ? await examEntry(db, key, now) : null, now);
    switch (mayBegin(times, { begun, most: exam.attempts, now })) {
      case 'not-open':
        throw new AppError('exam-not-open');
      case 'over':
        throw new AppError('exam-over');
      case 'used-up':
        throw new AppError('attempts-used');
      case 'yes':
        break;
    }
    if (byPerson && (await knockAtExam(db, key, now)).admittedAt === null) return null;
    const seed = randomUUID();
    const drawn = await drawer.draw(exam, seed);
    // Nobody is asked less than the others: who plans is told, and who takes it comes back.
    if (drawn.kind === 'short') throw new AppError('unavailable', { retryMs: 30_000 });
    return beginAttempt(db, {
      id: newId(),
      ...key,
      examVersion: exam.version,
      seed,
      paper: drawn.paper,
      most: worthOf(drawn.paper),
      startedAt: now,
      deadline: deadlineOf(times, now, await extraOf(exam, actor.userId)),
      writerSid: actor.sid,
      checkDueAt: byPerson ? null : await checks.firstDue(now, exam),
      recognised: byPerson,
    });
  }

  /** [EX7] Another login writes: this one is let in by its face, or by a person. */
  async function enter(actor: Actor, attempt: Attempt): Promise<Attempt | Held> {
    const waits = attempt.awaitingSid === actor.sid;
    const own = waits && attempt.entryCheckId !== null ? await checks.latest(attempt) : null;
    const asked = own?.id === attempt.entryCheckId ? own : null;
    if (asked?.verdict === 'match') {
      const taken = await takeUpAttempt(db, { id: attempt.id, sid: actor.sid, at: clock(), entered: true });
      if (!taken) throw new AppError('exam-over');
      return taken;
    }
    if (asked && asked.settledAt === null)
      return { why: 'elsewhere', ask: asked.answeredAt === null ? checks.askOf(asked) : null };
    const check = await checks.askEntry(attempt);
    if (!waits || (check && check.id !== attempt.entryCheckId))
      await holdAttempt(db, {
        id: attempt.id,
        sid: actor.sid,
        at: clock(),
        checkId: check?.id ?? null,
      });
    return {
      why: 'elsewhere',
      ask: check && check.settledAt === null && check.answeredAt === null ? checks.askOf(check) : null,
    };
  }

  /** The running attempt on this page, or a new one. Two pages at once: one begins it, the other takes it up. */
  async function open(actor: Actor, exam: Exam, again = true): Promise<Attempt | Held> {
    const all = await attemptsOf(db, [exam.id], actor.userId);
    let running = all.find(({ endedAt }) => endedAt === null);
    if (running && isExpired({ deadline: running.deadline, ended: false }, clock())) {
      await grader.expire(running.id, clock());
      running = undefined;
    }
    if (running) {
      const free = exam.kind === 'self-test' || running.writerSid === actor.sid;
      if (!free) return enter(actor, running);
      const entered = running.writerSid !== actor.sid;
      const taken = await takeUpAttempt(db, { id: running.id, sid: actor.sid, at: clock(), entered });
      if (taken) return taken;
      throw new AppError('exam-over');
    }
    try {
      return (await begin(actor, exam, all.length)) ?? { why: 'door', ask: null };
    } catch (error) {
      if (!again || !isRefused(error) || error.code === 'not-found') throw error;
      const { exam: fresh } = await findExam(db, actor, exam.id, 'exam.take');
      return open(actor, fresh, false);
    }
  }

  async function ownExam(actor: Actor, exam: Exam) {
    const [attempts, extraMs] = await Promise.all([
      attemptsOf(db, [exam.id], actor.userId),
      extraOf(exam, actor.userId),
    ]);
    return ownExamOf(exam, attempts, extraMs);
  }

  return {
    ownExams: bind(routes.ownExams, async ({ actor, query }) => {
      const { userId } = actor;
      const { total, rows } = await examsOfLearner(db, {
        userId,
        query: query.q,
        offset: query.offset,
        limit: query.limit,
      });
      const ids = rows.map(({ id }) => id);
      const [attempts, extras] = await Promise.all([attemptsOf(db, ids, userId), allowancesOf(db, ids)]);
      return {
        total,
        rows: rows.map((exam) =>
          ownExamOf(
            exam,
            attempts.filter(({ examId }) => examId === exam.id),
            extras.get(exam.id)?.get(userId) ?? 0,
          ),
        ),
      };
    }),

    ownExam: bind(routes.ownExam, async ({ actor, params }) => {
      const { exam } = await findExam(db, actor, params.id, 'exam.take');
      return ownExam(actor, exam);
    }),

    openAttempt: bind(routes.openAttempt, async ({ actor, params }) => {
      const { exam } = await findExam(db, actor, params.id, 'exam.take');
      const attempt = await open(actor, exam);
      if ('ask' in attempt) return { state: 'held' as const, ...attempt };
      // Who sits an exam earns nowhere meanwhile; a self-test is a part of its lesson [WL4].
      if (exam.kind !== 'self-test')
        await places.take(actor.userId, { kind: 'exam', contextId: exam.id, token: attempt.id });
      const [known, answers] = await Promise.all([contents.of(attempt.paper), answersOf(db, attempt.id)]);
      return {
        state: 'open' as const,
        paper: paperOf(exam, attempt, { contents: known, answers, now: clock() }),
      };
    }),

    saveAnswers: bind(
      routes.saveAnswers,
      async ({ actor, params, body }) => {
        const { standing, deadline, checkDueAt, at } = await saver.save(actor, params.id, body);
        if (standing === 'taken-over') throw new AppError('taken-over');
        const due = standing === 'accepted' && checkDueAt !== null && at >= checkDueAt;
        return { standing, at, deadline, ask: due ? await checks.due(params.id) : null };
      },
      { limit: 'saves' },
    ),

    submitAttempt: bind(routes.submitAttempt, async ({ actor, params, body }) => {
      const attempt = await getAttempt(db, params.id);
      if (attempt?.userId !== actor.userId) throw new AppError('not-found');
      const done = await grader.submit(attempt.id, { sid: actor.sid, lease: body.lease, at: clock() });
      const submittedAt = done?.submittedAt ?? null;
      if (submittedAt === null) throw new AppError('exam-over');
      return { submittedAt };
    }),

    attemptResult: bind(routes.attemptResult, async ({ actor, params }) => {
      const { attempt: before, exam } = await findAttempt(db, actor, params.id, 'exam.take');
      if (before.userId !== actor.userId) throw new AppError('not-found');
      const expired = isExpired({ deadline: before.deadline, ended: before.endedAt !== null }, clock());
      const attempt = expired ? ((await grader.expire(before.id, clock())) ?? before) : before;
      const extras = (await allowancesOf(db, [exam.id])).get(exam.id);
      // Whoever waited at the door may write so much longer than the window is open [EX6].
      const waited = await longestWait(db, exam.id, clock());
      const from = answersFrom(
        exam,
        attempt,
        [0, ...(extras?.values() ?? [])].map((ms) => ms + waited),
      );
      const shown = from !== null && clock() >= from;
      return {
        exam: await ownExam(actor, exam),
        attempt: ownAttemptOf(exam, attempt),
        answersFrom: from,
        questions: shown
          ? readQuestions(attempt, {
              contents: await contents.of(attempt.paper),
              answers: await answersOf(db, attempt.id),
              gradings: (await attemptHistory(db, attempt.id)).gradings,
            })
          : null,
      };
    }),
  };
}
