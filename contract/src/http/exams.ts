import { z } from 'zod';
import { identityAsk } from '../class-checks.ts';
import { durationMs, id, instant } from '../domain.ts';
import {
  attemptState,
  drawnQuestion,
  examKind,
  examShows,
  examState,
  gradedLine,
  gradingCause,
  mostQuestions,
  multipleScoring,
  paperPlan,
} from '../exams.ts';
import { itemAnswer, itemContent, shownItem } from '../items.ts';
import { pageOf, pageQuery } from './page.ts';
import { defineRoutes } from './route.ts';

const byId = z.object({ id });
const hour = 3_600_000;
const reason = z.string().trim().min(2).max(500);

const settings = z.object({
  kind: examKind,
  lessonId: id.nullable().default(null),
  title: z.string().trim().min(1).max(120),
  opensAt: instant.nullable(),
  closesAt: instant.nullable(),
  durationMs: z
    .int()
    .min(60_000)
    .max(24 * hour)
    .nullable(),
  attempts: z.int().min(1).max(100),
  passPercent: z.int().min(0).max(100),
  plan: paperPlan,
  multiple: multipleScoring.default('all-or-nothing'),
  show: examShows.default('score'),
  shuffle: z.boolean().default(true),
  identity: z.enum(['required', 'not-required']).default('not-required'),
});
/** Only a self-test is without a window: everything else ends for everybody, or its answers could never be shown [EX6]. */
const examDraft = settings
  .refine(({ kind, opensAt, closesAt }) => kind === 'self-test' || (opensAt !== null && closesAt !== null), {
    path: ['closesAt'],
  })
  .refine(({ opensAt, closesAt }) => opensAt === null || closesAt === null || opensAt < closesAt, {
    path: ['closesAt'],
  });

export const examWhole = settings.extend({
  id,
  courseId: id,
  courseTitle: z.string(),
  state: examState,
  /** How many have begun: from then on its questions and its times stand. */
  begun: z.int().nonnegative(),
  /** Of a plan by rule: what the bank cannot fill, by the line's place. */
  missing: z.array(z.object({ line: z.int(), count: z.int() })),
  version: z.int(),
});
export type ExamWhole = z.infer<typeof examWhole>;

export const examRow = examWhole.pick({
  id: true,
  courseId: true,
  courseTitle: true,
  kind: true,
  title: true,
  state: true,
  opensAt: true,
  closesAt: true,
  begun: true,
});
export type ExamRow = z.infer<typeof examRow>;

const ownAttempt = z.object({
  id,
  number: z.int(),
  state: attemptState,
  startedAt: instant,
  deadline: instant.nullable(),
  endedAt: instant.nullable(),
  /** As far as the exam shows it. */
  grade: z
    .object({ earned: z.int(), most: z.int(), waiting: z.int(), passed: z.boolean().nullable() })
    .nullable(),
});

export const ownExam = z.object({
  id,
  courseTitle: z.string(),
  kind: examKind,
  title: z.string(),
  opensAt: instant.nullable(),
  closesAt: instant.nullable(),
  durationMs: durationMs.nullable(),
  extraMs: durationMs,
  attempts: z.int(),
  passPercent: z.int(),
  identity: z.enum(['required', 'not-required']),
  own: z.array(ownAttempt),
});
export type OwnExam = z.infer<typeof ownExam>;

/** One question as a learner who writes sees it. */
const askedQuestion = drawnQuestion.pick({ points: true, shown: true }).extend({
  position: z.int(),
  item: shownItem,
  answer: itemAnswer.nullable(),
  /** Of the page that wrote the stored answer. */
  lease: z.int(),
});
export type AskedQuestion = z.infer<typeof askedQuestion>;

export const attemptPaper = z.object({
  id,
  examId: id,
  title: z.string(),
  lease: z.int(),
  serverTime: instant,
  startedAt: instant,
  deadline: instant.nullable(),
  beatMs: durationMs,
  questions: z.array(askedQuestion),
});
export type AttemptPaper = z.infer<typeof attemptPaper>;

const position = z
  .int()
  .min(0)
  .max(mostQuestions - 1);
export const attemptSave = z.object({
  lease: z.int().min(1).max(1_000_000),
  sequence: z.int().min(1).max(10_000_000),
  visible: z.boolean(),
  answers: z.array(z.object({ position, answer: itemAnswer.nullable() })).max(mostQuestions),
});
export type AttemptSave = z.infer<typeof attemptSave>;

const boardRow = z.object({
  userId: id,
  /** Masked. */
  name: z.string(),
  login: z.string(),
  attemptId: id.nullable(),
  state: z.enum(['not-started', ...attemptState.options]),
  connected: z.boolean(),
  answered: z.int(),
  questions: z.int(),
  timesLeft: z.int(),
  incidents: z.int(),
  deadline: instant.nullable(),
  extraMs: durationMs,
  /** Waits for a person: to begin, since no face can be asked for [PR1], or to go on after a login elsewhere [EX7]. */
  waitsFor: z.enum(['beginning', 'entry']).nullable(),
  lateAnswers: z.int(),
  grade: ownAttempt.shape.grade,
});
export type ExamBoardRow = z.infer<typeof boardRow>;

/** A question of a finished attempt with what was right, for who may see that. */
const readQuestion = z.object({
  position: z.int(),
  content: itemContent,
  answer: itemAnswer.nullable(),
  line: gradedLine,
});

export const attemptRead = z.object({
  id,
  examId: id,
  title: z.string(),
  userId: id,
  /** Masked. */
  name: z.string(),
  number: z.int(),
  state: attemptState,
  startedAt: instant,
  endedAt: instant.nullable(),
  grade: ownAttempt.shape.grade,
  questions: z.array(readQuestion),
  gradings: z.array(
    z.object({
      version: z.int(),
      at: instant,
      by: z.string().nullable(),
      cause: gradingCause,
      reason: z.string(),
      earned: z.int(),
      most: z.int(),
    }),
  ),
  events: z.array(z.object({ at: instant, kind: z.string() })),
  late: z.array(
    z.object({
      position: z.int(),
      lease: z.int(),
      sequence: z.int(),
      standing: z.enum(['late', 'refused']),
      at: instant,
      answer: itemAnswer.nullable(),
      accepted: z.boolean().nullable(),
    }),
  ),
});
export type AttemptRead = z.infer<typeof attemptRead>;

export const examRoutes = defineRoutes({
  listExams: {
    method: 'GET',
    path: '/api/courses/:id/exams',
    tag: 'exams',
    access: 'session',
    summary: 'Exams of a course, for who keeps or observes them; newest first.',
    params: byId,
    query: pageQuery,
    reply: pageOf(examRow),
  },
  createExam: {
    method: 'POST',
    path: '/api/courses/:id/exams',
    tag: 'exams',
    access: 'session',
    summary: 'Plan an exam; nobody sees it until it is published.',
    params: byId,
    body: examDraft,
    reply: examWhole,
  },
  getExam: {
    method: 'GET',
    path: '/api/exams/:id',
    tag: 'exams',
    access: 'session',
    summary: 'One exam as it was planned.',
    params: byId,
    reply: examWhole,
  },
  updateExam: {
    method: 'PUT',
    path: '/api/exams/:id',
    tag: 'exams',
    access: 'session',
    summary: 'Change an exam; `conflict` for what stands once somebody has begun.',
    params: byId,
    body: z.intersection(examDraft, z.object({ version: z.int() })),
    reply: examWhole,
  },
  setExamState: {
    method: 'POST',
    path: '/api/exams/:id/state',
    tag: 'exams',
    access: 'session',
    summary: 'Publish or withdraw; `conflict` when the bank cannot fill its paper.',
    params: byId,
    body: z.object({ state: examState, version: z.int() }),
    reply: examWhole,
  },
  previewExam: {
    method: 'POST',
    path: '/api/exams/:id/preview',
    tag: 'exams',
    access: 'session',
    summary: 'A paper as a learner could get it, with what is right; nothing is stored.',
    params: byId,
    reply: z.object({
      seed: z.string(),
      questions: z.array(drawnQuestion.extend({ content: itemContent })),
    }),
  },
  examBoard: {
    method: 'GET',
    path: '/api/exams/:id/board',
    tag: 'exams',
    access: 'session',
    summary: 'Who has not begun, writes, or has handed in, as it is now.',
    params: byId,
    query: pageQuery.extend({
      state: z.enum(['all', 'waiting', 'late', 'not-started', 'writing']).default('all'),
    }),
    reply: pageOf(boardRow).extend({
      at: instant,
      counts: z.object({
        expected: z.int(),
        writing: z.int(),
        ended: z.int(),
        waiting: z.int(),
        passed: z.int(),
        late: z.int(),
      }),
    }),
  },
  allowTime: {
    method: 'PUT',
    path: '/api/exams/:id/allowances/:userId',
    tag: 'exams',
    access: 'session',
    summary: 'Grant a learner more time; a running attempt has it at once. Logged.',
    params: byId.extend({ userId: id }),
    body: z.object({
      extraMs: z
        .int()
        .min(0)
        .max(12 * hour),
      /** Never in words: they might say something about the person's health. */
      ground: z.enum(['need', 'technical', 'other']),
    }),
  },
  admitToExam: {
    method: 'POST',
    path: '/api/exams/:id/entries/:userId',
    tag: 'exams',
    access: 'session',
    summary: 'Let a learner begin whose face cannot be asked for, having seen who it is. Logged [PR1, EX7].',
    params: byId.extend({ userId: id }),
    body: z.object({ reason }),
  },
  ownExams: {
    method: 'GET',
    path: '/api/exams',
    tag: 'exams',
    access: 'session',
    summary: 'The learner’s exams, those that end soonest first.',
    query: pageQuery,
    reply: pageOf(ownExam),
  },
  ownExam: {
    method: 'GET',
    path: '/api/exams/:id/own',
    tag: 'exams',
    access: 'session',
    summary: 'One exam as the learner sees it before and after writing.',
    params: byId,
    reply: ownExam,
  },
  openAttempt: {
    method: 'POST',
    path: '/api/exams/:id/attempt',
    tag: 'exams',
    access: 'session',
    summary:
      'Begin, or take up the running attempt on this page: whatever page wrote before writes no more [EX2, EX7].',
    params: byId,
    reply: z.discriminatedUnion('state', [
      z.object({ state: z.literal('open'), paper: attemptPaper }),
      /**
       * Another login writes this attempt: the face is asked for, or a person lets it in. Or nothing has begun, and a person
       * is to see first who it is, since no face can be asked for.
       */
      z.object({ state: z.literal('held'), why: z.enum(['elsewhere', 'door']), ask: identityAsk.nullable() }),
    ]),
  },
  saveAnswers: {
    method: 'POST',
    path: '/api/attempts/:id/saves',
    tag: 'exams',
    access: 'session',
    summary: 'Store answers and tell that the page is there; answered once they are committed [EX1, EX2].',
    params: byId,
    body: attemptSave,
    reply: z.object({
      standing: z.enum(['accepted', 'late', 'refused']),
      at: instant,
      deadline: instant.nullable(),
      /** The face is to be shown now [EX7]. */
      ask: identityAsk.nullable(),
    }),
  },
  submitAttempt: {
    method: 'POST',
    path: '/api/attempts/:id/submit',
    tag: 'exams',
    access: 'session',
    summary: 'Hand in; once, however often it is sent [EX3].',
    params: byId,
    body: z.object({ lease: z.int().min(1).max(1_000_000) }),
    reply: z.object({ submittedAt: instant }),
  },
  attemptResult: {
    method: 'GET',
    path: '/api/attempts/:id/result',
    tag: 'exams',
    access: 'session',
    summary:
      'The learner’s own attempt, as far as the exam shows it: answers only once nobody writes any more [EX6].',
    params: byId,
    reply: z.object({
      exam: ownExam,
      attempt: ownAttempt,
      /** From when on what was right is shown; null when it never is. */
      answersFrom: instant.nullable(),
      questions: z.array(readQuestion).nullable(),
    }),
  },
  readAttempt: {
    method: 'GET',
    path: '/api/attempts/:id',
    tag: 'exams',
    access: 'session',
    summary: 'A learner’s attempt with answers, gradings and what happened, for who grades it.',
    params: byId,
    reply: attemptRead,
  },
  letIn: {
    method: 'POST',
    path: '/api/attempts/:id/entry',
    tag: 'exams',
    access: 'session',
    summary: 'Let a login elsewhere take up an attempt whose face cannot be asked for. Logged [EX7].',
    params: byId,
    body: z.object({ reason }),
  },
  markAnswer: {
    method: 'POST',
    path: '/api/attempts/:id/marks',
    tag: 'exams',
    access: 'session',
    summary: 'Mark an answer that a person has to read; adds a version of the grading [EX4].',
    params: byId,
    body: z.object({
      position,
      earned: z.int().min(0).max(10_000),
      note: z.string().trim().max(2_000).default(''),
      gradingVersion: z.int(),
    }),
    reply: attemptRead,
  },
  decideLate: {
    method: 'POST',
    path: '/api/attempts/:id/late',
    tag: 'exams',
    access: 'session',
    summary: 'Accept a late answer, or leave it out [EX1]. Logged.',
    params: byId,
    body: z.object({
      position,
      lease: z.int().min(1),
      sequence: z.int().min(1),
      accepted: z.boolean(),
      reason,
    }),
    reply: attemptRead,
  },
  regradeExam: {
    method: 'POST',
    path: '/api/exams/:id/regrade',
    tag: 'exams',
    access: 'session',
    summary:
      'After a correction: grade every attempt anew by a question’s revision in use, or give everybody its points. Logged [EX4].',
    params: byId,
    body: z.object({ itemId: id, how: z.enum(['by-revision', 'strike']), reason }),
    reply: z.object({ attempts: z.int(), changed: z.int() }),
  },
  examStatistics: {
    method: 'GET',
    path: '/api/exams/:id/statistics',
    tag: 'exams',
    access: 'session',
    summary: 'How the exam and each of its questions did in finished attempts (F3).',
    params: byId,
    reply: z.object({
      attempts: z.int(),
      graded: z.int(),
      passed: z.int(),
      /** Of marks, 0 to 1; null without a graded attempt. */
      meanRate: z.number().nullable(),
      /** How many earned a tenth of the marks, two tenths … all of them. */
      distribution: z.array(z.int()).length(10),
      items: z.array(
        z.object({
          itemId: id,
          stem: z.string(),
          attempts: z.int(),
          difficultyIndex: z.number().nullable(),
          discrimination: z.number().nullable(),
        }),
      ),
    }),
  },
});
