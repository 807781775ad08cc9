/**
 * Every error a person or a peer process can receive, as one closed union.
 * The interface translates each code; a code never carries personal data.
 */
export const errorCodes = [
  // Input and identity
  'invalid-input',
  'too-large',
  'unknown-event',
  'rate-limited',
  'unauthenticated',
  'token-expired',
  'wrong-credentials',
  'account-locked',
  'account-disabled',
  'session-replaced',
  'session-revoked',
  'forbidden',
  'csrf',
  'not-found',
  'conflict',
  'outdated',
  // Something that has to be there first is missing.
  'not-ready',
  'registration-closed',
  'wrong-code',
  // A face was sent before consent to it was given [PR1].
  'consent-required',
  // Nothing here can judge faces at this moment.
  'faces-unavailable',
  // The turns that were asked for are over: their time passed, or they were taken already.
  'challenge-over',
  // An exam: before its time, after it, or written on another page.
  'exam-not-open',
  'exam-over',
  'attempts-used',
  'taken-over',
  // A class in progress
  'not-joined',
  'class-not-started',
  'class-not-live',
  'class-paused',
  'class-ended',
  'banned',
  'muted',
  'slow-mode',
  'screened',
  'full',
  'not-on-stage',
  'not-invited',
  'already-done',
  'quiz-open',
  'quiz-closed',
  'replaced-in-class',
  // Media
  'media-unavailable',
  'media-not-found',
  'media-refused',
  // Ours
  'draining',
  // More come in at this moment than can be let in at once: the page asks again after `retryMs`.
  'busy',
  // The page did not read what it was sent, and was let go so that it could come back anew.
  'too-slow',
  'unavailable',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** What crosses every transport when something is refused or fails. */
export interface ProtocolError {
  code: ErrorCode;
  /** For `rate-limited`, `slow-mode`, `full`, `draining`, `busy`, `unavailable`: when to try again, ms. */
  retryMs?: number;
  /** For `internal`: the id under which the cause is logged. */
  id?: string;
  /** For `invalid-input`: the paths that were wrong, never the values. */
  fields?: string[];
}

/** The answer to every acknowledged socket event and to every service request. */
export type Ack<T> = { ok: true; data: T } | { ok: false; error: ProtocolError };
