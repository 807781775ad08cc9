/** Studying recorded lessons: starting, reports, challenges, notes, and what has come of it [WL]. */
import { randomUUID } from 'node:crypto';
import type { StudyLesson } from '@keshi/contract/http/study';
import { lessonKind } from '@keshi/contract/lessons';
import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { newId } from '@keshi/db/ids';
import { isDoneAsDeclared } from '@keshi/db/lesson-done';
import { isEnrolled } from '@keshi/db/study-lessons';
import { readStudies } from '@keshi/db/study-progress';
import { addNote, notesOf, removeNote } from '@keshi/db/study-sessions';
import { expired, type Chance } from '@keshi/rules/study-challenges';
import { unstudied } from '@keshi/rules/study-state';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { latencyBuckets, type Metrics } from '@keshi/runtime/metrics';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import { createCommitter } from './committer.ts';
import type { EarningPlaces } from './earning-places.ts';
import { createStudyLessons, lessonResource, type StudyLessonFacts } from './lessons.ts';
import type { LessonMedia } from './media.ts';
import { progressOf } from './progress.ts';
import { progressRoutes } from './progress-routes.ts';
import { createSessions } from './sessions.ts';
import { createStandings } from './standings.ts';
import { readState } from './stored-state.ts';

export interface StudyDeps {
  db: Db;
  clock: Clock;
  places: EarningPlaces;
  media: LessonMedia;
  judgesFaces: boolean;
  metrics: Metrics;
  random?: () => number;
}

const nothing = { creditedMs: 0, reason: 'paused' } as const;

export function createStudy(deps: StudyDeps) {
  const { db, clock, places, media, metrics, random = randomOf } = deps;
  const chance: Chance = { random, newId: () => newId(clock()) };
  const commits = metrics.histogram({
    name: 'study_commit_seconds',
    help: 'How long one commit of reports took.',
    buckets: latencyBuckets,
  });
  const reports = metrics.counter({
    name: 'study_reports_total',
    help: 'Reports of players that were answered.',
  });
  const lessons = createStudyLessons({ db, clock });
  const standings = createStandings({ db });
  const sessions = createSessions({ db, clock, chance, judgesFaces: deps.judgesFaces });
  const committer = createCommitter({
    db,
    clock,
    chance,
    committed(count, ms) {
      commits.observe(ms / 1000);
      reports.inc(count);
    },
  });

  async function found(lessonId: string): Promise<StudyLessonFacts> {
    const lesson = await lessons.of(lessonId);
    if (!lesson) throw new AppError('not-found');
    return lesson;
  }

  /** That there is such a lesson is nobody's business who may not see it. */
  function demand(
    actor: Actor,
    action: 'lesson.study' | 'lesson.watch',
    lesson: StudyLessonFacts,
    enrolled: boolean,
  ) {
    authorise(actor, action, lessonResource(lesson.row, enrolled), { hidden: true });
  }

  async function studied(actor: Actor, lessonId: string) {
    const lesson = await found(lessonId);
    demand(actor, 'lesson.study', lesson, await isEnrolled(db, actor.userId, lesson.row.courseId));
    return { lesson, key: { userId: actor.userId, lessonId } };
  }

  const ofLesson = {
    studyLesson: bind(routes.studyLesson, async ({ actor, params }) => {
      const { lessonId } = params;
      const { userId } = actor;
      const lesson = await found(lessonId);
      const { row, facts, policy, earnsMs } = lesson;
      const enrolled = await isEnrolled(db, userId, row.courseId);
      demand(actor, 'lesson.watch', lesson, enrolled);
      const key = { userId, lessonId };
      const [[held], notes, [course], files] = await Promise.all([
        readStudies(db, [key]),
        notesOf(db, userId, lessonId),
        progressOf(db, userId, [row.courseId]),
        media.of(actor, row.id),
      ]);
      const now = clock();
      // A deadline that has passed shows, although nothing was heard of the player since.
      const state = held
        ? expired(readState(held.study.state), { now, policy, chance })
        : { ...unstudied, session: null };
      return {
        id: row.id,
        courseId: row.courseId,
        courseTitle: row.courseTitle,
        title: row.title,
        kind: lessonKind.parse(row.kind),
        hasTimeline: !facts.needsDone,
        completion: completionOf(row.completion),
        lengthMs: facts.lengthMs,
        earnsMs,
        ...files,
        earns: enrolled,
        standing: await standings.of(key, lesson, { ...state, challenge: shown(state) }, nothing, now),
        lessons: course?.lessons ?? [],
        notes,
      };
    }),

    startStudy: bind(routes.startStudy, async ({ actor, params }) => {
      const { lesson, key } = await studied(actor, params.lessonId);
      const sessionId = randomUUID();
      const { state, ended } = await sessions.start(key, lesson, sessionId);
      committer.forget(key);
      if (ended) places.tell(key.userId, ended);
      return {
        sessionId,
        reportMs: lesson.policy.studyReportMs,
        ended: ended?.kind ?? null,
        standing: await standings.of(key, lesson, state, nothing, clock()),
      };
    }),

    reportStudy: bind(routes.reportStudy, async ({ actor, params, body }) => {
      const { lessonId } = params;
      const lesson = await found(lessonId);
      const key = { userId: actor.userId, lessonId };
      const { completion } = lesson.row;
      // [WL9] What is done by a package or a self-test is not done by the page's word.
      const isDone = body.done === true && (await isDoneAsDeclared(db, { ...key, completion }));
      const report = body.done === true ? { ...body, done: isDone } : body;
      const committed = await committer.submit({
        ...key,
        report,
        lesson,
        authorise: (enrolled) => demand(actor, 'lesson.study', lesson, enrolled),
      });
      let accepted;
      if (committed.kind === 'stored') ({ accepted } = committed);
      else {
        accepted = await sessions.report(key, lesson, report);
        committer.forget(key);
      }
      return standings.of(key, lesson, accepted.state, accepted, clock());
    }),

    answerChallenge: bind(routes.answerChallenge, async ({ actor, params, body }) => {
      const { lesson, key } = await studied(actor, params.lessonId);
      const state = await sessions.answer(key, lesson, body.sessionId, body.answer);
      committer.forget(key);
      return standings.of(key, lesson, state, nothing, clock());
    }),

    addNote: bind(routes.addNote, async ({ actor, params, body }) => {
      const { key } = await studied(actor, params.lessonId);
      const note = { ...body, at: clock() };
      if (!(await addNote(db, { ...key, ...note }))) throw new AppError('conflict');
      return note;
    }),

    removeNote: bind(routes.removeNote, async ({ actor, params }) => {
      const { userId, memberships } = actor;
      authorise(actor, 'report.read', { kind: 'person', userId, memberships });
      const { lessonId, noteId } = params;
      if (!(await removeNote(db, { id: noteId, userId, lessonId }))) throw new AppError('not-found');
    }),
  };

  return {
    routes: {
      ...ofLesson,
      ...progressRoutes({ db, clock }),
    },
    close: () => committer.close(),
  };
}

/** A page that has not started shows that something is asked, and asks it when it has. */
function shown({ challenge }: typeof unstudied) {
  return challenge.state === 'pending' ? ({ state: 'none', afterMs: 0 } as const) : challenge;
}

function completionOf(completion: string | null): StudyLesson['completion'] {
  return completion === 'read' || completion === 'self-test' || completion === 'package' ? completion : null;
}

/** Of the system's own source: nobody can tell from the last challenge when the next one comes. */
function randomOf(): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return value / 2 ** 32;
}
