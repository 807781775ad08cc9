/**
 * The conversation between a page and signaling over Socket.IO. `PROTOCOL.md` tells it in prose.
 *
 * Connect: `io(url, { auth: { ticket, tab } })`, where `ticket` comes from `POST /api/classes/:id/ticket` and names
 * person, class and class role; one connection belongs to one class. Every client event but `beat` is acknowledged
 * with `Ack<reply>`. Class events carry a sequence number that grows within the class; after a reconnect `join` with
 * `lastSeq` brings what was missed.
 */
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
  mediaSource,
  questionState,
  quizKind,
} from './domain.ts';
import {
  consumerOptions,
  dtlsParameters,
  iceServer,
  mediaKind,
  preferredLayers,
  rtpCapabilities,
  rtpParameters,
  transportOptions,
} from './media.ts';
import { identityAsk, identityStanding, ownEyeNotice } from './class-checks.ts';
import { liveLook, lookPicture, lookShown } from './live-looks.ts';

export const limits = {
  chatChars: 500,
  questionChars: 1000,
  answerChars: 4000,
  quizStemChars: 2000,
  quizOptionChars: 500,
  /** Bytes of one socket message. */
  messageBytes: 64 * 1024,
} as const;

const none = z.object({});
const text = (max: number) => z.string().trim().min(1).max(max);
/** Made by the page, so that a message sent again after a reconnect is stored once. */
const clientId = z.uuid();

// ---- things in a class -------------------------------------------------------------------------------------------

export const person = z.object({ userId: id, name: z.string(), role: classRole });
export type Person = z.infer<typeof person>;

export const chatMessage = z.object({
  id,
  seq: z.int(),
  at: instant,
  from: person,
  text: z.string(),
});
export type ChatMessage = z.infer<typeof chatMessage>;

export const question = z.object({
  id,
  at: instant,
  from: person,
  text: z.string(),
  state: questionState,
  votes: z.int().nonnegative(),
  /** Whether the receiver of this message voted for it. */
  voted: z.boolean(),
  answer: z.string().nullable(),
  answeredBy: z.string().nullable(),
  answeredAt: instant.nullable(),
});
export type Question = z.infer<typeof question>;

export const quizTotals = z.object({
  quizId: id,
  answered: z.int().nonnegative(),
  /** How many were in the class when it was asked. */
  asked: z.int().nonnegative(),
  perOption: z.array(z.int().nonnegative()),
  /** Only the host and observers get it before the quiz closes; null for everyone else. */
  correct: z.int().nonnegative().nullable(),
});
export type QuizTotals = z.infer<typeof quizTotals>;

export const quiz = z.object({
  id,
  kind: quizKind,
  stem: z.string(),
  options: z.array(z.string()),
  openedAt: instant,
  closesAt: instant,
  closedAt: instant.nullable(),
  /** Null until it has closed [EX6]; the host always sees it. */
  correct: z.array(z.int()).nullable(),
  /** The receiver's own answer. */
  mine: z.array(z.int()).nullable(),
  totals: quizTotals.nullable(),
});
export type Quiz = z.infer<typeof quiz>;

export const hand = z.object({ userId: id, name: z.string(), raisedAt: instant });
export type Hand = z.infer<typeof hand>;

export const stageMember = z.object({
  userId: id,
  name: z.string(),
  role: classRole,
  state: z.enum(['invited', 'on']),
  /** Sources being published; `held` are muted by the host. */
  sources: z.array(z.object({ source: mediaSource, paused: z.boolean(), held: z.boolean() })),
});
export type StageMember = z.infer<typeof stageMember>;

export const counts = z.object({
  online: z.int().nonnegative(),
  expected: z.int().nonnegative(),
  hands: z.int().nonnegative(),
  openQuestions: z.int().nonnegative(),
  /** People who are given sound alone, or the class as a stream of files, because there is no room for more [A2]. */
  squeezed: z.int().nonnegative(),
  files: z.int().nonnegative(),
});
export type Counts = z.infer<typeof counts>;

export const screeningAlert = z.object({
  id,
  at: instant,
  from: person,
  surface: z.enum(['chat', 'question', 'answer', 'quiz', 'course']),
  category: z.string(),
  excerpt: z.string(),
});
export type ScreeningAlert = z.infer<typeof screeningAlert>;

export const rosterRow = z.object({
  userId: id,
  name: z.string(),
  role: classRole,
  online: z.boolean(),
  onStage: z.boolean(),
  handRaised: z.boolean(),
  mutedUntil: instant.nullable(),
  banned: z.boolean(),
});
export type RosterRow = z.infer<typeof rosterRow>;

export const liveClass = z.object({
  id,
  title: z.string(),
  courseTitle: z.string(),
  groupName: z.string(),
  ordinal: z.int(),
  state: classState,
  scheduledStart: instant,
  scheduledEnd: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  /** Live time so far, pauses excluded, as of `serverTime` of the message that carries it. */
  liveMs: durationMs,
  host: person,
  slowModeSeconds: z.int().nonnegative(),
});
export type LiveClass = z.infer<typeof liveClass>;

/** What is recorded of a class now; `trouble` means that something of ours keeps it from being stored. */
export const recordingNow = z.object({ state: z.enum(['off', 'on', 'paused', 'trouble']) });
export type RecordingNow = z.infer<typeof recordingNow>;

export const snapshot = z.object({
  serverTime: instant,
  seq: z.int(),
  class: liveClass,
  you: person.extend({
    mutedUntil: instant.nullable(),
    handRaised: z.boolean(),
    /** Seconds between heartbeats the server expects. */
    beatMs: durationMs,
  }),
  counted: countedNow.nullable(),
  stage: z.array(stageMember),
  /** The latest fifty, oldest first. */
  chat: z.array(chatMessage),
  questions: z.array(question),
  quizzes: z.array(quiz),
  /** Hosts and observers see all; a learner sees an empty list. */
  hands: z.array(hand),
  counts,
  recording: recordingNow,
});
export type Snapshot = z.infer<typeof snapshot>;

/**
 * How a page is given picture and sound. Beyond the SFU nodes' capacity it is first given sound alone (`squeezed`),
 * then the class as a stream of files, some seconds behind [A2].
 */
export const joinedMedia = z.discriminatedUnion('mode', [
  z.object({
    mode: z.literal('webrtc'),
    /** Which SFU node it is; the page says it again when it comes back with its media. */
    nodeId: z.string(),
    resumed: z.boolean(),
    /** Pictures are left out for want of room, whatever the page asked for. */
    squeezed: z.boolean(),
    iceServers: z.array(iceServer),
    recvTransport: transportOptions,
    consumers: z.array(consumerOptions),
  }),
  z.object({
    mode: z.literal('hls'),
    /** The playlist, on the pages' own origin. It may not be there yet. */
    url: z.string(),
  }),
]);
export type JoinedMedia = z.infer<typeof joinedMedia>;

// ---- what happened, in order -------------------------------------------------------------------------------------

const event = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), seq: z.int(), at: instant, ...shape });

export const classEvent = z.discriminatedUnion('type', [
  event('class.changed', { class: liveClass }),
  /** Its number and moment are the event's. Of all events this is the one that thousands get again and again. */
  event('chat.sent', { message: chatMessage.omit({ seq: true, at: true }) }),
  event('chat.deleted', { id, by: id }),
  event('chat.slowed', { seconds: z.int() }),
  event('member.muted', { userId: id, until: instant.nullable() }),
  event('member.banned', { userId: id, banned: z.boolean() }),
  event('hand.raised', { hand }),
  event('hand.lowered', { userId: id }),
  event('stage.changed', { member: stageMember }),
  event('stage.left', { userId: id }),
  event('question.asked', { question }),
  event('question.changed', { question }),
  event('quiz.opened', { quiz }),
  event('quiz.closed', { quiz }),
  event('screening.alerted', { alert: screeningAlert }),
]);
export type ClassEvent = z.infer<typeof classEvent>;

// ---- what a page may ask -----------------------------------------------------------------------------------------

export const quizDraft = z.object({
  kind: quizKind,
  stem: text(limits.quizStemChars),
  options: z.array(text(limits.quizOptionChars)).min(2).max(8),
  correct: z.array(z.int().min(0).max(7)).min(1).max(8),
  seconds: z.int().min(5).max(600),
});
export type QuizDraft = z.infer<typeof quizDraft>;

export const handshake = z.object({
  ticket: z.string().max(4096),
  /** Distinguishes tabs of one browser, so that the page replaced by another can be told which. */
  tab: z.string().max(64),
  /** Was in this class already: comes before those who were not when many come at once. */
  returning: z.boolean().default(false),
});

export const clientEvents = {
  /** Always the first. Also after every reconnect, with `resume` while the page's transports still live. */
  join: {
    request: z.object({
      /** Null for an observer who does not watch. */
      rtpCapabilities: rtpCapabilities.nullable(),
      resume: z.boolean(),
      /** Where the media is that lives on, as it was told; null without any. */
      mediaNode: z.string().max(64).nullable().default(null),
      audioOnly: z.boolean(),
      lastSeq: z.int().nonnegative().nullable(),
      visible: z.boolean(),
      device: z.enum(['desktop', 'phone', 'tablet', 'unknown']),
    }),
    reply: z.object({
      snapshot,
      /** What was missed since `lastSeq`; null when too much was missed: the snapshot says it all. */
      missed: z.array(classEvent).nullable(),
      media: joinedMedia.nullable(),
    }),
  },
  leave: { request: none, reply: none },

  'media.connect': { request: z.object({ transportId: z.string().max(64), dtlsParameters }), reply: none },
  'media.restartIce': {
    request: z.object({ transportId: z.string().max(64) }),
    reply: z.object({ iceParameters: transportOptions.shape.iceParameters }),
  },
  /** The host, or a learner on stage: a send transport. */
  'media.publish': { request: none, reply: z.object({ sendTransport: transportOptions }) },
  'media.produce': {
    request: z.object({
      transportId: z.string().max(64),
      kind: mediaKind,
      source: mediaSource,
      rtpParameters,
      paused: z.boolean(),
    }),
    reply: z.object({ producerId: z.string() }),
  },
  'media.producer': {
    request: z.object({ producerId: z.string().max(64), action: z.enum(['pause', 'resume', 'close']) }),
    reply: none,
  },
  'media.consumer': {
    request: z.object({ consumerId: z.string().max(64), action: z.enum(['pause', 'resume']) }),
    reply: none,
  },
  'media.layers': {
    request: z.object({ consumerId: z.string().max(64), layers: preferredLayers }),
    reply: none,
  },
  'media.audioOnly': { request: z.object({ audioOnly: z.boolean() }), reply: none },
  /** The page lost its media (or was told `media.reset`): fresh, unless `resume` finds it still there. */
  'media.rejoin': {
    request: z.object({ rtpCapabilities, resume: z.boolean(), audioOnly: z.boolean() }),
    reply: z.object({ media: joinedMedia }),
  },

  'class.start': { request: none, reply: none },
  'class.pause': { request: none, reply: none },
  'class.resume': { request: none, reply: none },
  'class.end': { request: none, reply: none },

  'chat.send': { request: z.object({ clientId, text: text(limits.chatChars) }), reply: z.object({ id }) },
  'chat.delete': { request: z.object({ id }), reply: none },
  /** Least seconds between two messages of one learner; 0 lifts it. */
  'chat.slow': { request: z.object({ seconds: z.int().min(0).max(300) }), reply: none },
  /** Chat, questions and hands; `minutes: null` until the class ends, 0 lifts it. */
  'member.mute': {
    request: z.object({ userId: id, minutes: z.int().min(0).max(600).nullable() }),
    reply: none,
  },
  /** Out of this class; `banned: false` lets the person in again. */
  'member.ban': { request: z.object({ userId: id, banned: z.boolean() }), reply: none },

  'hand.raise': { request: none, reply: none },
  /** Without `userId` one's own; the host may lower anyone's. */
  'hand.lower': { request: z.object({ userId: id.optional() }), reply: none },

  'stage.invite': { request: z.object({ userId: id }), reply: none },
  'stage.accept': { request: none, reply: none },
  'stage.leave': { request: none, reply: none },
  'stage.remove': { request: z.object({ userId: id }), reply: none },
  'stage.hold': { request: z.object({ userId: id, source: mediaSource, held: z.boolean() }), reply: none },

  'question.ask': {
    request: z.object({ clientId, text: text(limits.questionChars) }),
    reply: z.object({ id }),
  },
  'question.vote': { request: z.object({ id, vote: z.boolean() }), reply: none },
  'question.answer': {
    request: z.discriminatedUnion('mode', [
      z.object({ id, mode: z.literal('text'), text: text(limits.answerChars) }),
      z.object({ id, mode: z.literal('live') }),
      z.object({ id, mode: z.literal('done') }),
    ]),
    reply: none,
  },
  'question.delete': { request: z.object({ id }), reply: none },

  /** Asks a prepared question (`draftId`) or one made up now. */
  'quiz.open': {
    request: z.union([z.object({ draftId: id }), quizDraft]),
    reply: z.object({ quizId: id }),
  },
  'quiz.answer': {
    request: z.object({ quizId: id, choice: z.array(z.int().min(0).max(7)).min(1).max(8) }),
    reply: none,
  },
  'quiz.close': { request: z.object({ quizId: id }), reply: none },

  /** Who was not recognised, or was away, asks to be asked again now; not answered by a person's wait. */
  'identity.retry': { request: none, reply: none },
  /** [PR5] What the page's own eye noticed: the server asks at once, and its verdict decides. */
  'identity.notice': { request: z.object({ notice: ownEyeNotice }), reply: none },
  /** A picture for the supervisor who looks at the moment. */
  'identity.show': { request: z.object({ lookId: id, picture: lookPicture }), reply: none },

  'roster.page': {
    request: z.object({
      query: z.string().max(64),
      offset: z.int().nonnegative(),
      limit: z.int().min(1).max(200),
    }),
    reply: z.object({ total: z.int(), rows: z.array(rosterRow) }),
  },
  /** Observers and the host: the whole board now, then `board` deltas. */
  'board.watch': {
    request: z.object({ watch: z.boolean() }),
    reply: z.object({ totals: boardTotals, rows: z.array(boardRow) }),
  },
} as const;
export type ClientEvents = typeof clientEvents;
export type ClientEventName = keyof ClientEvents;
export type Request<K extends ClientEventName> = z.infer<ClientEvents[K]['request']>;
export type Reply<K extends ClientEventName> = z.infer<ClientEvents[K]['reply']>;

/** The one event without an acknowledgement: every `beatMs`, and at once when visibility changes [AT1]. */
export const beat = z.object({
  /** The class view is on screen, or playing in picture-in-picture. */
  visible: z.boolean(),
  rttMs: z.number().min(0).max(60_000).nullable(),
});
export type Beat = z.infer<typeof beat>;

// ---- what signaling tells a page ---------------------------------------------------------------------------------

export const serverEvents = {
  /** Class events in order, several in one frame when the class is lively. */
  events: z.object({ events: z.array(classEvent) }),
  /** At most twice a second. */
  counts,
  /** Running totals of an open quiz, and votes; at most twice a second. */
  tally: z.object({ quiz: quizTotals.nullable(), votes: z.array(z.object({ id, votes: z.int() })) }),
  speaking: z.object({ userIds: z.array(id) }),
  counted: countedNow,
  /** To one learner: show yourself by then. The answer goes to `POST /api/checks/:id/pictures`. */
  'identity.ask': identityAsk,
  /** To one learner: where being recognised stands, whenever that changes. */
  'identity.standing': identityStanding,
  /** To one learner: a supervisor would like to look at you. */
  'identity.look': liveLook,
  /** To the supervisor who looks. */
  'identity.shown': lookShown,
  board: z.object({ totals: boardTotals, rows: z.array(boardRow) }),
  'media.consumer': consumerOptions,
  'media.closed': z.object({ consumerId: z.string() }),
  'media.paused': z.object({ consumerId: z.string(), paused: z.boolean() }),
  'media.layers': z.object({ consumerId: z.string(), layers: preferredLayers.nullable() }),
  /**
   * Media must be joined again (`media.rejoin`); the class goes on. `moving`: what flows goes on until then, because
   * its node is about to stop. `capacity`: there is room for more than the page has. `resync`: it may have missed news
   * of its media, which itself still flows.
   */
  'media.reset': z.object({
    reason: z.enum([
      'worker-died',
      'transport-failed',
      'node-restarted',
      'unavailable',
      'moving',
      'capacity',
      'resync',
    ]),
  }),
  recording: recordingNow,
  /** Something of ours is broken or healed; shown to the host in one line. */
  trouble: z.object({
    kind: z.enum(['database', 'media', 'shared-state', 'crowd']),
    since: instant,
    healed: z.boolean(),
  }),
  /** The last message before the server closes the connection; the page does not reconnect unless `retryMs` is set. */
  goodbye: z.object({
    reason: z.enum([
      'session-replaced',
      'session-revoked',
      'replaced-in-class',
      'banned',
      'class-ended',
      'draining',
      'too-slow',
    ]),
    retryMs: durationMs.nullable(),
  }),
} as const;
export type ServerEvents = typeof serverEvents;
export type ServerEventName = keyof ServerEvents;
export type ServerPayload<K extends ServerEventName> = z.infer<ServerEvents[K]>;

/** For Socket.IO's typed events. */
export type ServerToClient = { [K in ServerEventName]: (payload: ServerPayload<K>) => void };
export type ClientToServer = {
  [K in ClientEventName]: (
    request: Request<K>,
    reply: (ack: import('./errors.ts').Ack<Reply<K>>) => void,
  ) => void;
} & { beat: (beat: Beat) => void };
