import { z } from 'zod';
import {
  boardRow,
  boardTotals,
  classRole,
  classState,
  countedNow,
  durationMs,
  id,
  instant,
  interval,
  quizKind,
  timelineSpan,
} from '../domain.ts';
import { question, quizDraft, screeningAlert } from '../signaling.ts';
import { pageOf, pageQuery, queryInstant } from './page.ts';
import { defineRoutes } from './route.ts';

const byId = z.object({ id });

export const classSummary = z.object({
  id,
  title: z.string(),
  ordinal: z.int(),
  courseId: id,
  courseTitle: z.string(),
  groupId: id,
  groupName: z.string(),
  orgName: z.string(),
  instructorId: id,
  instructorName: z.string(),
  state: classState,
  scheduledStart: instant,
  scheduledEnd: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  /** What the asking person is in this class; null when they may only see that it exists. */
  yourRole: classRole.nullable(),
  expected: z.int().nonnegative(),
  online: z.int().nonnegative(),
  /** The asking learner's own attendance of an ended or running class. */
  mine: z
    .object({
      presentMs: durationMs,
      liveMs: durationMs,
      rate: z.number().nullable(),
      /** Of the class's course: a rate below it is listed [AT6]. */
      minimumRate: z.number(),
    })
    .nullable(),
  /** Whether it is, or was, recorded. Fixed once the class has begun. */
  record: z.boolean(),
  version: z.int(),
});
export type ClassSummary = z.infer<typeof classSummary>;

export const classReport = z.object({
  class: classSummary,
  totals: boardTotals,
  rows: z.array(boardRow),
  live: z.array(interval),
  outages: z.array(interval.extend({ kind: z.string() })),
  /** The class has just ended and its last proofs are still being stored: ask again in a moment. */
  settling: z.boolean(),
});
export type ClassReport = z.infer<typeof classReport>;

export const preparedQuiz = z.object({
  id,
  kind: quizKind,
  stem: z.string(),
  options: z.array(z.string()),
  correct: z.array(z.int()),
  seconds: z.int(),
  position: z.int(),
  openedAt: instant.nullable(),
  version: z.int(),
});
export type PreparedQuiz = z.infer<typeof preparedQuiz>;

const reportQuery = z
  .object({
    /** `true` shows full names to those who may see them; the reading is logged with its reason. */
    unmask: z.stringbool().default(false),
    /** Why full names are needed; required with `unmask`. */
    reason: z.string().trim().min(2).max(200).optional(),
    lang: z.enum(['zh-CN', 'en']).default('zh-CN'),
  })
  .refine(({ unmask, reason }) => !unmask || reason !== undefined, { path: ['reason'] });

export const classRoutes = defineRoutes({
  listClasses: {
    method: 'GET',
    path: '/api/classes',
    tag: 'classes',
    access: 'session',
    summary: 'Classes the person attends, teaches or may observe, by time.',
    query: pageQuery.extend({
      from: queryInstant.optional(),
      to: queryInstant.optional(),
      as: classRole.optional(),
      state: classState.optional(),
      order: z.enum(['soonest', 'latest']).default('soonest'),
    }),
    reply: pageOf(classSummary),
  },
  getClass: {
    method: 'GET',
    path: '/api/classes/:id',
    tag: 'classes',
    access: 'session',
    summary: 'One class.',
    params: byId,
    reply: classSummary,
  },
  ticket: {
    method: 'POST',
    path: '/api/classes/:id/ticket',
    tag: 'classes',
    access: 'session',
    summary: 'A short-lived ticket for the class’s socket, naming person, class and class role.',
    params: byId,
    reply: z.object({
      ticket: z.string(),
      expiresAt: instant,
      serverTime: instant,
      role: classRole,
      /** Where signaling is; empty for the page’s own origin. */
      signalingUrl: z.string(),
      class: classSummary,
    }),
  },
  whip: {
    method: 'POST',
    path: '/api/classes/:id/whip',
    tag: 'classes',
    access: 'session',
    summary:
      'Where an encoder (OBS, GStreamer) publishes to this class over WHIP and with which token; for its instructor.',
    params: byId,
    reply: z.object({ url: z.url(), token: z.string(), expiresAt: instant }),
  },
  report: {
    method: 'GET',
    path: '/api/classes/:id/report',
    tag: 'attendance',
    access: 'session',
    summary: 'Attendance and quiz results of every learner, from stored facts [AT3–AT8].',
    params: byId,
    query: reportQuery,
    reply: classReport,
  },
  reportFile: {
    method: 'GET',
    path: '/api/classes/:id/report.:format',
    tag: 'attendance',
    access: 'session',
    summary: 'The same as a sheet one can sign: CSV (UTF-8 with BOM) or XLSX.',
    params: z.object({ id, format: z.enum(['csv', 'xlsx']) }),
    query: reportQuery,
    file: ['text/csv', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  },
  timeline: {
    method: 'GET',
    path: '/api/classes/:id/timeline/:userId',
    tag: 'attendance',
    access: 'session',
    summary: 'One learner’s time line of a class: what counted, what did not and why. `me` for oneself.',
    params: z.object({ id, userId: z.union([z.literal('me'), id]) }),
    reply: z.object({
      counted: countedNow,
      liveMs: durationMs,
      rate: z.number().nullable(),
      minimumRate: z.number(),
      /** As in the report: the last proofs of an ended class are still being stored. */
      settling: z.boolean(),
      spans: z.array(timelineSpan),
      quiz: z.object({ asked: z.int(), answered: z.int(), correct: z.int() }),
    }),
  },
  leftoverQuestions: {
    method: 'GET',
    path: '/api/questions',
    tag: 'classes',
    access: 'session',
    summary: 'Questions of the instructor’s classes that nobody has answered yet (答疑), newest first.',
    query: pageQuery.extend({ state: z.enum(['open', 'all']).default('open') }),
    reply: pageOf(z.object({ classId: id, classTitle: z.string(), courseTitle: z.string(), question })),
  },
  ownQuestions: {
    method: 'GET',
    path: '/api/classes/:id/questions',
    tag: 'classes',
    access: 'session',
    summary: 'What the asking learner asked in a class, with the answers, in the order of asking.',
    params: byId,
    reply: z.object({ questions: z.array(question) }),
  },
  answerQuestion: {
    method: 'POST',
    path: '/api/questions/:id/answer',
    tag: 'classes',
    access: 'session',
    summary: 'Answer a question in writing after the class.',
    params: byId,
    body: z.object({ text: z.string().trim().min(1).max(4000) }),
    reply: question,
  },
  listQuizzes: {
    method: 'GET',
    path: '/api/classes/:id/quizzes',
    tag: 'quizzes',
    access: 'session',
    summary: 'Prepared and asked quiz questions of a class, for its instructor.',
    params: byId,
    reply: z.object({ quizzes: z.array(preparedQuiz) }),
  },
  createQuiz: {
    method: 'POST',
    path: '/api/classes/:id/quizzes',
    tag: 'quizzes',
    access: 'session',
    summary: 'Prepare a quiz question.',
    params: byId,
    body: quizDraft,
    reply: preparedQuiz,
  },
  updateQuiz: {
    method: 'PUT',
    path: '/api/quizzes/:id',
    tag: 'quizzes',
    access: 'session',
    summary:
      'Change a prepared question; refused as `outdated` when someone else changed it, `conflict` once asked.',
    params: byId,
    body: quizDraft.and(z.object({ version: z.int() })),
    reply: preparedQuiz,
  },
  deleteQuiz: {
    method: 'DELETE',
    path: '/api/quizzes/:id',
    tag: 'quizzes',
    access: 'session',
    summary: 'Remove a prepared question that was never asked.',
    params: byId,
  },
  screeningHits: {
    method: 'GET',
    path: '/api/screening',
    tag: 'supervision',
    access: 'session',
    summary: 'Texts that were stopped, as evidence (C8, J3).',
    query: pageQuery,
    reply: pageOf(
      screeningAlert.extend({ classId: id.nullable(), classTitle: z.string(), text: z.string() }),
    ),
  },
  supervise: {
    method: 'GET',
    path: '/api/supervise',
    tag: 'supervision',
    access: 'session',
    summary:
      'The wall: running classes in the supervisor’s scope with live attendance, those that need a person first.',
    query: pageQuery,
    reply: pageOf(z.object({ class: classSummary, totals: boardTotals, alerts: z.int() })),
  },
  belowMinimum: {
    method: 'GET',
    path: '/api/supervise/below',
    tag: 'supervision',
    access: 'session',
    summary: 'Learners under the minimum by course: attendance rate (到课率) or correct rate [AT5, AT6, A5].',
    query: pageQuery.extend({ by: z.enum(['attendance', 'correct']).default('attendance') }),
    reply: pageOf(
      z.object({
        userId: id,
        name: z.string(),
        courseTitle: z.string(),
        groupName: z.string(),
        classes: z.int(),
        presentMs: durationMs,
        liveMs: durationMs,
        rate: z.number(),
      }),
    ),
  },
});
