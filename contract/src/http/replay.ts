/** The replay of a recorded class: what plays, and what was said and asked, by its place on the recording. */
import { z } from 'zod';
import { durationMs, id, instant } from '../domain.ts';
import { previewIndex, recordingView } from '../recordings.ts';
import { person, question, quiz } from '../signaling.ts';
import { defineRoutes } from './route.ts';

const byId = z.object({ id });

/** `preparing`: the class is over, and the last segments, the length and the previews are being put in order. */
export const recordingState = z.enum(['recording', 'preparing', 'ready', 'failed']);
export type RecordingState = z.infer<typeof recordingState>;

/** Why nothing plays. `nothing-recorded`: the class was to be recorded, and no picture or sound ever came. */
export const recordingFailure = z.enum([
  'nothing-recorded',
  'storage-full',
  'storage-unavailable',
  'recorder-failed',
  'internal',
]);
export type RecordingFailure = z.infer<typeof recordingFailure>;

/** Ms of the recording before it: pauses are not recorded, so it is not the time since the class began. */
const position = durationMs;
const place = { position, at: instant };

export const chatMark = z.object({ id, ...place, from: person, text: z.string() });
export type ChatMark = z.infer<typeof chatMark>;

export const questionMark = z.object({
  ...place,
  question,
  /** Where the answer was given; null when it has none, or was written after the class. */
  answeredPosition: position.nullable(),
});
export type QuestionMark = z.infer<typeof questionMark>;

export const quizMark = z.object({ ...place, closedPosition: position, quiz });
export type QuizMark = z.infer<typeof quizMark>;

export const stageMark = z.object({ ...place, kind: z.enum(['joined', 'left']), name: z.string() });
export type StageMark = z.infer<typeof stageMark>;

/** The class paused here; nothing of the pause is on the recording. */
export const pauseMark = z.object({ ...place, lastedMs: durationMs });
export type PauseMark = z.infer<typeof pauseMark>;

export const replayMarks = z.object({
  /** In the order of asking; at most `replayLimits.questions` of `total`. */
  questions: z.object({ total: z.int().nonnegative(), rows: z.array(questionMark) }),
  quizzes: z.array(quizMark),
  stage: z.array(stageMark),
  pauses: z.array(pauseMark),
  /** Chat comes by page (`replayChat`): where the first message of each page stands. */
  chat: z.object({ total: z.int().nonnegative(), pages: z.array(position) }),
});
export type ReplayMarks = z.infer<typeof replayMarks>;

export const replayLimits = { chatPage: 200, questions: 500, quizzes: 200, stage: 500 } as const;

export const replayView = z.object({
  view: recordingView,
  /** An HLS playlist; the path carries its own permission. */
  url: z.string(),
  /** Where the view has a picture of its own, in order; elsewhere it shows what `main` shows. */
  spans: z.array(z.object({ from: position, to: position })),
});
export type ReplayView = z.infer<typeof replayView>;

/** As the recording's preview index, with addresses instead of names. */
export const replayPreview = previewIndex.omit({ sheets: true }).extend({ urls: z.array(z.string()) });
export type ReplayPreview = z.infer<typeof replayPreview>;

export const replay = z.discriminatedUnion('state', [
  /** The class is not recorded, or has not begun. */
  z.object({ state: z.literal('none') }),
  z.object({ state: z.literal('recording') }),
  z.object({ state: z.literal('preparing') }),
  z.object({ state: z.literal('failed'), reason: recordingFailure }),
  z.object({
    state: z.literal('ready'),
    durationMs,
    /** Server time of the first moment. */
    from: instant,
    views: z.array(replayView),
    preview: replayPreview.nullable(),
    marks: replayMarks,
    /** Server time from which the addresses answer no more: ask again before it. */
    expiresAt: instant,
  }),
]);
export type Replay = z.infer<typeof replay>;
export type ReadyReplay = Extract<Replay, { state: 'ready' }>;

export const replayRoutes = defineRoutes({
  replay: {
    method: 'GET',
    path: '/api/classes/:id/replay',
    tag: 'replay',
    access: 'session',
    summary: 'The replay of a class: addresses of its views, and its questions, quizzes and stage by place.',
    params: byId,
    reply: replay,
  },
  replayChat: {
    method: 'GET',
    path: '/api/classes/:id/replay/chat',
    tag: 'replay',
    access: 'session',
    summary: 'One page of the chat by its place on the recording; `replay` says where each page begins.',
    params: byId,
    query: z.object({ page: z.coerce.number().int().min(0).max(10_000).default(0) }),
    reply: z.object({ rows: z.array(chatMark) }),
  },
  setRecording: {
    method: 'PUT',
    path: '/api/classes/:id/recording',
    tag: 'replay',
    access: 'session',
    summary: 'Whether a class is recorded, for its instructor; refused as `conflict` once it has begun.',
    params: byId,
    body: z.object({ record: z.boolean(), version: z.int().min(1) }),
    reply: z.object({ record: z.boolean(), version: z.int() }),
  },
});
