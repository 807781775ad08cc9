import type { errors as zh } from '../zh-CN/errors.ts';

export const errors: typeof zh = {
  'invalid-input': {
    what: 'Something was not filled in correctly',
    safe: 'Everything else is still here.',
    todo: 'Correct the marked fields and submit again.',
  },
  'too-large': {
    what: 'Too long to send',
    safe: 'Your text is still here.',
    todo: 'Shorten it or send it in parts.',
  },
  'unknown-event': {
    what: 'This page is older or newer than the server',
    safe: 'What was saved is not affected.',
    todo: 'Reload the page and try again.',
  },
  'rate-limited': {
    what: 'Too many requests in a short time',
    safe: 'Your input is still here.',
    todo: 'Wait a moment and try again.',
  },
  unauthenticated: {
    what: 'You are not signed in, or your sign-in has expired',
    safe: 'What you submitted has been saved.',
    todo: 'Sign in again.',
  },
  'token-expired': {
    what: 'Your sign-in has expired',
    safe: 'What you submitted has been saved.',
    todo: 'Sign in again.',
  },
  'wrong-credentials': {
    what: 'Wrong account or password',
    todo: 'Check both and try again. The administrator of your organisation can reset a password.',
  },
  'account-locked': {
    what: 'Too many wrong passwords: the account is locked for a while',
    safe: 'Nothing in the account has changed.',
    todo: 'Try again later, or ask your administrator.',
  },
  'account-disabled': {
    what: 'This account is disabled',
    safe: 'Its study records are kept.',
    todo: 'Ask the administrator of your organisation.',
  },
  'session-replaced': {
    what: 'This account signed in on another device or browser, so the sign-in here has ended',
    safe: 'All study time up to that moment has been counted.',
    todo: 'An account can be used in one place at a time. If that was not you, sign in and change the password now.',
  },
  'session-revoked': {
    what: 'This sign-in was ended because your rights or password changed',
    safe: 'Your records are not affected.',
    todo: 'Sign in again.',
  },
  forbidden: {
    what: 'You may not see or do this',
    todo: 'If your work needs it, ask the administrator of your organisation.',
  },
  csrf: {
    what: 'The request failed a security check',
    safe: 'Nothing was changed.',
    todo: 'Reload the page and try again.',
  },
  'not-found': {
    what: 'Not found',
    todo: 'It may have been removed, or the link is incomplete. Open it again from its list.',
  },
  conflict: {
    what: 'This conflicts with something that exists, so it was not saved',
    safe: 'Your input is still here.',
    todo: 'Check the name or the time and try again.',
  },
  outdated: {
    what: 'Someone else changed this while you were editing',
    safe: 'Your input is still here, and their change was not overwritten.',
    todo: 'Load the latest version and add your change to it.',
  },
  'not-ready': {
    what: 'Something that is needed is still missing',
    safe: 'What is there is not affected.',
    todo: 'Complete what the page names and try again.',
  },
  'registration-closed': {
    what: 'People cannot register by themselves here',
    todo: 'Ask your training institution for an account.',
  },
  'wrong-code': {
    what: 'The code is wrong or has expired',
    safe: 'What you filled in is still here.',
    todo: 'Check it and try again, or ask for another code.',
  },
  'consent-required': {
    what: 'You have not consented, so no picture was taken or kept',
    safe: 'Without it you can take part as well: a person checks who you are.',
    todo: 'Read the text first and choose.',
  },
  'faces-unavailable': {
    what: 'Faces cannot be checked at the moment',
    safe: 'Your records are not affected, and waiting for us costs you no attendance.',
    todo: 'Try again later, or let a person check.',
  },
  'exam-not-open': { what: 'The exam has not opened yet', todo: 'Come back when it does.' },
  'exam-over': {
    what: 'The exam is over',
    safe: 'What was saved before the deadline has been taken.',
    todo: 'The result will be under Exams.',
  },
  'attempts-used': {
    what: 'You have used all attempts',
    safe: 'Your earlier results stand.',
    todo: 'Ask your institution if you need another one.',
  },
  'taken-over': {
    what: 'The paper is open on another page',
    safe: 'What was saved is safe.',
    todo: 'Go on there, or open it here again.',
  },
  'challenge-over': {
    what: 'This attempt is over or took too long; no picture was kept',
    safe: 'A reference you gave before still stands.',
    todo: 'Begin again.',
  },
  'not-joined': { what: 'You have not entered the class', todo: 'Enter the class again.' },
  'class-not-started': {
    what: 'The class has not started',
    safe: 'Waiting does not affect your attendance.',
    todo: 'It begins by itself when the instructor starts.',
  },
  'class-not-live': { what: 'The class is not running', todo: 'Try again while it is live.' },
  'class-paused': {
    what: 'The class is paused',
    safe: 'Paused time is neither counted nor missed.',
    todo: 'Wait for the instructor to resume.',
  },
  'class-ended': {
    what: 'The class has ended',
    safe: 'Your attendance has been recorded.',
    todo: 'See your own time line on the course page.',
  },
  banned: {
    what: 'You were removed from this class',
    safe: 'The time you attended is kept.',
    todo: 'Ask the instructor for the reason.',
  },
  muted: {
    what: 'The instructor has muted you',
    safe: 'Listening and counting go on as before.',
    todo: 'Wait until the instructor lifts it.',
  },
  'slow-mode': {
    what: 'It is too soon for another message',
    safe: 'Your text is still here.',
    todo: 'Wait a moment and send it.',
  },
  screened: {
    what: 'This contains words that may not be published, so it was not sent',
    safe: 'Nobody else sees it; a record is kept.',
    todo: 'Change it and send again. If you think this is wrong, tell the instructor.',
  },
  full: {
    what: 'The class is full at the moment',
    safe: 'Waiting is not held against your attendance.',
    todo: 'Stay here; the page tries again by itself.',
  },
  'not-on-stage': { what: 'You are not on stage', todo: 'Raise your hand and wait to be invited.' },
  'not-invited': {
    what: 'You have not been invited on stage',
    todo: 'Raise your hand and wait to be invited.',
  },
  'already-done': {
    what: 'This has already been done',
    safe: 'The first result stands.',
    todo: 'Nothing more is needed.',
  },
  'quiz-open': { what: 'A question is being answered', todo: 'Wait until it closes.' },
  'quiz-closed': {
    what: 'The time to answer is over',
    safe: 'Answers sent in time count.',
    todo: 'Wait for the explanation.',
  },
  'replaced-in-class': {
    what: 'You entered this class in another window, so this one has stopped',
    safe: 'Your time goes on without a gap and never counts twice.',
    todo: 'Go back to the other window, or enter again here.',
  },
  'media-unavailable': {
    what: 'Sound and picture are unavailable for the moment',
    safe: 'Attendance is counted as usual.',
    todo: 'The system is recovering; stay here.',
  },
  'media-not-found': { what: 'This picture has ended', todo: 'The page updates by itself.' },
  'media-refused': {
    what: 'Your sound or picture could not be published',
    safe: 'You still hear and see the class.',
    todo: 'Check camera and microphone and try again.',
  },
  busy: {
    what: 'Very many are coming in at once; everyone gets in, one after another',
    todo: 'Stay here; the page tries again by itself.',
  },
  'too-slow': {
    what: 'Your network is too slow to receive the class in time',
    safe: 'Back within 30 s and no time is lost.',
    todo: 'The page reconnects by itself; please move to a better network.',
  },
  draining: {
    what: 'This server is being replaced',
    safe: 'Attendance is not affected.',
    todo: 'The page connects to another one by itself.',
  },
  unavailable: {
    what: 'The service is not answering',
    safe: 'What was saved is safe, and our outage is never counted as your absence.',
    todo: 'Try again in a moment.',
  },
  internal: {
    what: 'Something went wrong on our side',
    safe: 'What was saved is not affected.',
    todo: 'Try again. If it persists, send the error number to support.',
  },
  offline: {
    what: 'The server cannot be reached',
    safe: 'What you submitted is saved, and what you just typed is still here.',
    todo: 'Check your connection and try again.',
  },
};
