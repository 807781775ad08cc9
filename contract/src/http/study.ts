/** Recorded lessons: playing them, what of it is credited, and what has come of it. */
import { z } from 'zod';
import { durationMs, id, instant } from '../domain.ts';
import { challengeAnswer, earningKind, studyReport, studyStanding } from '../study.ts';
import { chapterMarks, lessonKind } from '../lessons.ts';
import { lessonMedia, picturesBase } from './lessons.ts';
import { queryInstant } from './page.ts';
import { defineRoutes } from './route.ts';

const lesson = z.object({ lessonId: id });

export const studyNote = z.object({
  id,
  /** Ms of the lesson. */
  position: durationMs,
  text: z.string(),
  at: instant,
});
export type StudyNote = z.infer<typeof studyNote>;

/** A lesson of the course beside this one. */
export const lessonLine = z.object({
  id,
  ordinal: z.int(),
  title: z.string(),
  kind: lessonKind,
  chapter: z.string().nullable(),
  lengthMs: durationMs,
  countedMs: durationMs,
  complete: z.boolean(),
});
export type LessonLine = z.infer<typeof lessonLine>;

export const studyLesson = z.object({
  id,
  courseId: id,
  courseTitle: z.string(),
  title: z.string(),
  kind: lessonKind,
  hasTimeline: z.boolean(),
  completion: z.enum(['read', 'self-test', 'package']).nullable(),
  lengthMs: durationMs,
  /** What completing it earns, ms. */
  earnsMs: durationMs,
  /** An HLS playlist; null where there is no time line, or nothing to play yet. */
  url: z.string().nullable(),
  captions: z.array(z.object({ lang: z.string(), url: z.string() })),
  marks: chapterMarks,
  /** What is read: its text, and what was made of its upload. */
  body: z.string(),
  pictures: picturesBase,
  media: lessonMedia.nullable(),
  /** [WL9] The self-test by which it is complete, if it is by one. */
  selfTestId: id.nullable(),
  /** Server time from which the address answers no more. */
  expiresAt: instant,
  /** Whether watching it earns: for who is enrolled in the course. */
  earns: z.boolean(),
  standing: studyStanding,
  lessons: z.array(lessonLine),
  notes: z.array(studyNote),
});
export type StudyLesson = z.infer<typeof studyLesson>;

export const studyProgressRow = z.object({
  courseId: id,
  courseTitle: z.string(),
  lessons: z.array(lessonLine),
  complete: z.int().nonnegative(),
  countedMs: durationMs,
  lengthMs: durationMs,
  lastAt: instant.nullable(),
});
export type StudyProgressRow = z.infer<typeof studyProgressRow>;

const person = z.object({ userId: z.union([id, z.literal('me')]) });

export const studyRoutes = defineRoutes({
  studyLesson: {
    method: 'GET',
    path: '/api/study/:lessonId',
    tag: 'study',
    access: 'session',
    summary: 'A recorded lesson with its address, its chapters’ lessons and where it stands for the learner.',
    params: lesson,
    reply: studyLesson,
  },
  startStudy: {
    method: 'POST',
    path: '/api/study/:lessonId/start',
    tag: 'study',
    access: 'session',
    summary: 'Begin to earn here; wherever the account earned before ends at once (WL4).',
    params: lesson,
    reply: z.object({
      sessionId: id,
      reportMs: durationMs,
      /** What ended by this; null when the account earned nowhere. */
      ended: earningKind.nullable(),
      standing: studyStanding,
    }),
  },
  reportStudy: {
    method: 'POST',
    path: '/api/study/:lessonId/reports',
    tag: 'study',
    access: 'session',
    summary: 'What played since the last report; answered once what is credited is stored (WL1–WL8).',
    params: lesson,
    body: studyReport,
    reply: studyStanding,
  },
  answerChallenge: {
    method: 'POST',
    path: '/api/study/:lessonId/challenge',
    tag: 'study',
    access: 'session',
    summary: 'Answer what was asked, or have it asked again where play is locked (WL6).',
    params: lesson,
    body: z.object({ sessionId: id, answer: challengeAnswer }),
    reply: studyStanding,
  },
  addNote: {
    method: 'POST',
    path: '/api/study/:lessonId/notes',
    tag: 'study',
    access: 'session',
    summary: 'A note of one’s own at a moment of the lesson; the same id is stored once.',
    params: lesson,
    body: z.object({
      id,
      position: durationMs.max(86_400_000),
      text: z.string().trim().min(1).max(2000),
    }),
    reply: studyNote,
  },
  removeNote: {
    method: 'DELETE',
    path: '/api/study/:lessonId/notes/:noteId',
    tag: 'study',
    access: 'session',
    summary: 'Remove a note of one’s own.',
    params: lesson.extend({ noteId: id }),
  },
  studyOf: {
    method: 'GET',
    path: '/api/study-progress/:userId',
    tag: 'study',
    access: 'session',
    summary: 'Progress of one learner by course and lesson. `me` for oneself.',
    params: person,
    reply: z.object({ courses: z.array(studyProgressRow) }),
  },
  studyTrend: {
    method: 'GET',
    path: '/api/study-progress/:userId/trend',
    tag: 'study',
    access: 'session',
    summary: 'Credited study of recorded lessons by day, week or month of Asia/Shanghai, in a range.',
    params: person,
    query: z.object({
      by: z.enum(['day', 'week', 'month']).default('week'),
      from: queryInstant.optional(),
      to: queryInstant.optional(),
    }),
    reply: z.object({
      totalMs: durationMs,
      /** Days of the range on which anything was studied. */
      days: z.int().nonnegative(),
      sessions: z.int().nonnegative(),
      periods: z.array(z.object({ from: instant, creditedMs: durationMs })),
    }),
  },
});
