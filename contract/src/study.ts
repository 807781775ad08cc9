/** Studying a recorded lesson: what a page tells of it, and what it is told of its own credit [WL]. */
import { z } from 'zod';
import { identityAsk } from './class-checks.ts';
import { durationMs, id, instant } from './domain.ts';

/** Why watched time is not credited [WL8]; `counting` while it is. */
export const studyReason = z.enum([
  'counting',
  /** Nothing played. */
  'paused',
  'hidden',
  /** The account earns somewhere else [WL4]. */
  'no-lease',
  'challenge-pending',
  /** A challenge was not answered, and what came before it was taken back [WL6]. */
  'challenge-missed',
  'identity-failed',
  'seek-ahead',
  'too-fast',
  /** The report came later than a late one may [WL1]. */
  'too-late',
  'daily-cap',
  'replayed',
  /** The lesson is complete: watching it again is free, and earns nothing. */
  'complete',
  /** The last moments that a complete lesson may lack [WL3]. */
  'not-watched',
]);
export type StudyReason = z.infer<typeof studyReason>;

/** Where an account may earn: in one place at a time [WL4]. */
export const earningKind = z.enum(['live', 'lesson', 'exam']);
export type EarningKind = z.infer<typeof earningKind>;

/** Told by whoever takes an account's lease to where it earned before: that place ends at once [WL4]. */
export const earningEnded = z.object({ userId: id, kind: earningKind, contextId: id, token: id });
export type EarningEnded = z.infer<typeof earningEnded>;
export const earningEndings = 'earning-endings';

/** Whether a lesson of this kind is earned by the second [WL1], or by its declared time [WL9]. */
export const hasTimeline = (kind: string): boolean =>
  kind === 'video' || kind === 'audio' || kind === 'replay';

/** So many stretches a report may name: each jump begins another. */
export const mostSpans = 8;

const lessonSpan = z
  .tuple([durationMs.max(86_400_000), durationMs.max(86_400_000)])
  .refine(([from, to]) => from <= to);

export const studyReport = z.object({
  /** Of the session that `start` gave. */
  sessionId: id,
  /** Grows with every report of a session; one that does not is not looked at. */
  seq: z.int().positive().max(10_000_000),
  /** What played since the last report that was answered, in ms of the lesson, in the order it was watched. */
  spans: z.array(lessonSpan).max(mostSpans),
  visible: z.boolean(),
  /** Where the player stands, ms: only where it goes on next time. */
  position: durationMs.max(86_400_000),
  /** Of a lesson without a time line: it was read to its end, or says of itself that it is done [WL9]. */
  done: z.boolean().optional(),
});
export type StudyReport = z.infer<typeof studyReport>;

const challengeOf = { id, deadline: instant, attempt: z.int().min(1).max(2) };

/** What is asked at the moment [WL6]. The answer is nowhere in it. */
export const studyChallenge = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('face'), ...challengeOf, ask: identityAsk }),
  z.object({
    kind: z.literal('item'),
    ...challengeOf,
    stem: z.string(),
    /** In the order they are shown; the answer names one by its key. */
    options: z.array(z.object({ key: z.string(), text: z.string() })),
    /** Questions that come after this one, before all of them are judged together. */
    left: z.int().nonnegative(),
  }),
  /** Where there is neither a face nor a question: one of these words is to be chosen, the one that is asked for. */
  z.object({
    kind: z.literal('attend'),
    ...challengeOf,
    number: z.int(),
    choices: z.array(z.int()),
  }),
]);
export type StudyChallenge = z.infer<typeof studyChallenge>;

export const challengeAnswer = z.discriminatedUnion('kind', [
  /** The pictures have been sent as the answer to the check. */
  z.object({ kind: z.literal('face'), id }),
  z.object({ kind: z.literal('item'), id, choice: z.string().max(64) }),
  z.object({ kind: z.literal('attend'), id, choice: z.int() }),
  /** Play is locked: ask again. */
  z.object({ kind: z.literal('again') }),
]);
export type ChallengeAnswer = z.infer<typeof challengeAnswer>;

/** Where a lesson stands for its learner, as the server has stored it. */
export const studyStanding = z.object({
  /** Credited in this lesson. */
  countedMs: durationMs,
  lengthMs: durationMs,
  /** What is credited, in ms of the lesson: sorted, disjoint. */
  coverage: z.array(z.tuple([durationMs, durationMs])),
  /** The first uncredited moment [WL3]. */
  resumeAt: durationMs,
  complete: z.boolean(),
  counting: z.boolean(),
  reason: studyReason,
  /** What the last report brought. */
  creditedMs: durationMs,
  challenge: studyChallenge.nullable(),
  /** Why play is locked; null while it is not [WL6]. */
  locked: z.enum(['challenge-missed', 'identity-failed']).nullable(),
  /** While play is locked: from when on something is asked again. */
  askableAt: instant.nullable(),
  /** What was not credited in this lesson, by its reason, the longest first [WL8]. */
  refused: z.array(z.object({ reason: studyReason, ms: durationMs })),
  at: instant,
});
export type StudyStanding = z.infer<typeof studyStanding>;
