/** The nouns that more than one process speaks of. Times are server time in integer ms since the epoch. */
import { z } from 'zod';

export const id = z.uuid();
export const instant = z.int().nonnegative().max(8_640_000_000_000_000);
export const durationMs = z.int().nonnegative();

export const locale = z.enum(['zh-CN', 'en']);
export type Locale = z.infer<typeof locale>;

/** `staff` institution staff, `employer` employer staff, `expert` expert reviewer. Supervisors are staff, employer and regulator. */
export const role = z.enum(['learner', 'instructor', 'staff', 'employer', 'regulator', 'expert', 'admin']);
export type Role = z.infer<typeof role>;

export const membership = z.object({
  role,
  orgId: id,
  /** Materialised path of the organisation, `/root-id/child-id/`; a membership covers everything below it. */
  orgPath: z.string(),
});
export type Membership = z.infer<typeof membership>;

export const organizationKind = z.enum(['platform', 'authority', 'institution', 'employer']);
export type OrganizationKind = z.infer<typeof organizationKind>;

export const classState = z.enum(['scheduled', 'live', 'paused', 'ended', 'cancelled']);
export type ClassState = z.infer<typeof classState>;

/** In a class a person is its host (the instructor), an attendee (learner), or an observer (supervisor: sees, never speaks). */
export const classRole = z.enum(['host', 'attendee', 'observer']);
export type ClassRole = z.infer<typeof classRole>;

export const mediaSource = z.enum(['camera', 'mic', 'screen', 'screen-audio']);
export type MediaSource = z.infer<typeof mediaSource>;

/** Half-open `[from, to)`. */
export const interval = z.object({ from: instant, to: instant });
export type Interval = z.infer<typeof interval>;

/** Why a presence interval ended; `open` while it has not. */
export const presenceCause = z.enum([
  'open',
  'hidden',
  'left',
  'lost',
  'paused',
  'ended',
  'replaced',
  'identity-overdue',
  'node-lost',
]);
export type PresenceCause = z.infer<typeof presenceCause>;

/** Where a learner is now, as a supervisor sees it. */
export const presenceState = z.enum(['present', 'away', 'offline']);
export type PresenceState = z.infer<typeof presenceState>;

/** Why time does or does not count; every uncounted second carries one [WL8]. */
export const reasonCode = z.enum([
  'counting',
  'not-started',
  'paused',
  'ended',
  'hidden',
  'disconnected',
  'left',
  'late',
  'absent',
  'replaced',
  'service-outage',
  'identity-pending',
  'identity-failed',
]);
export type ReasonCode = z.infer<typeof reasonCode>;

/** One stretch of a class's time line for one learner [AT8]. */
export const timelineSpan = z.object({
  from: instant,
  to: instant,
  kind: z.enum(['counted', 'bridged', 'absent', 'pause']),
  reason: reasonCode,
});
export type TimelineSpan = z.infer<typeof timelineSpan>;

export const quizKind = z.enum(['single', 'multiple', 'truefalse']);
export type QuizKind = z.infer<typeof quizKind>;

export const questionState = z.enum(['open', 'answered-live', 'answered-text', 'done', 'deleted']);
export type QuestionState = z.infer<typeof questionState>;

/** A learner's own chip: what has counted so far in this class, and whether it counts now. */
export const countedNow = z.object({
  countedMs: durationMs,
  /** Server time up to which `countedMs` is known; while counting the page extrapolates from here. */
  asOf: instant,
  counting: z.boolean(),
  reason: reasonCode,
  since: instant.nullable(),
});
export type CountedNow = z.infer<typeof countedNow>;

/** Where being recognised stands, as a supervisor sees it [AT7, PR4]. */
export const boardIdentity = z.object({
  state: z.enum(['none', 'asked', 'passed', 'failed', 'waiting', 'refused']),
  /** Class hours with a sign-in, from 1. */
  signedHours: z.array(z.int().positive()),
  /** The last check that came to a verdict. */
  checkedAt: instant.nullable(),
  overdueSince: instant.nullable(),
});
export type BoardIdentity = z.infer<typeof boardIdentity>;

/** One learner's row on the supervisor's board and in the report. */
export const boardRow = z.object({
  userId: id,
  /** Masked unless the reader unmasked it (which is logged). */
  name: z.string(),
  group: z.string(),
  state: presenceState,
  since: instant.nullable(),
  presentMs: durationMs,
  /** Live time the rate is measured against: up to the last proof while present, else up to now [AT5]. */
  liveMs: durationMs,
  /** presentMs / liveMs, null before anything was live. */
  rate: z.number().min(0).max(1).nullable(),
  lateMs: durationMs.nullable(),
  earlyMs: durationMs.nullable(),
  absences: z.int().nonnegative(),
  absentMs: durationMs,
  quizAsked: z.int().nonnegative(),
  quizAnswered: z.int().nonnegative(),
  quizCorrect: z.int().nonnegative(),
  /** quizCorrect / quizAsked, null when nothing was asked while the learner was present. */
  correctRate: z.number().min(0).max(1).nullable(),
  onStage: z.boolean(),
  device: z.enum(['desktop', 'phone', 'tablet', 'unknown']),
  rttMs: z.number().nonnegative().nullable(),
  /** Null where nobody is asked, and in reports: there the ledger says which hours were signed in. */
  identity: boardIdentity.nullable().default(null),
  timeline: z.array(timelineSpan),
});
export type BoardRow = z.infer<typeof boardRow>;

/** The head of the board: denominators for everything below it. */
export const boardTotals = z.object({
  at: instant,
  state: classState,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  liveMs: durationMs,
  expected: z.int().nonnegative(),
  present: z.int().nonnegative(),
  away: z.int().nonnegative(),
  offline: z.int().nonnegative(),
  belowAttendance: z.int().nonnegative(),
  belowCorrect: z.int().nonnegative(),
  minimumRate: z.number(),
});
export type BoardTotals = z.infer<typeof boardTotals>;
