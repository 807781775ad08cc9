import type { reasons as zh } from '../zh-CN/reasons.ts';

export const reasons: typeof zh = {
  counting: { chip: 'Counting', what: 'You were in the class, so this time counts.', todo: '' },
  'not-started': {
    chip: 'Not started',
    what: 'Time before the start is neither counted nor missed.',
    todo: '',
  },
  paused: {
    chip: 'Class paused',
    what: 'The instructor paused the class. This time is neither counted nor missed.',
    todo: '',
  },
  ended: { chip: 'Class ended', what: 'Time after the end is not counted.', todo: '' },
  hidden: {
    chip: 'Page in background, not counting',
    what: 'The class page was in the background or minimised, so this time does not count.',
    todo: 'Keep the class on screen while you attend, or use picture-in-picture.',
  },
  disconnected: {
    chip: 'Connection lost, not counting',
    what: 'Your connection was lost, so there is no proof that you attended.',
    todo: 'Use a steadier network. When bandwidth is short, choose sound only.',
  },
  left: {
    chip: 'Left, not counting',
    what: 'You had left the class, so this time does not count.',
    todo: 'You can return at any time while the class runs.',
  },
  late: {
    chip: 'Late, not counting',
    what: 'The class had begun and you had not entered yet.',
    todo: 'Enter a few minutes early; waiting does not affect your attendance.',
  },
  absent: {
    chip: 'Did not attend',
    what: 'You never entered this class.',
    todo: 'If there was a reason, tell your instructor or organisation.',
  },
  replaced: {
    chip: 'Open elsewhere, not counting here',
    what: 'You entered the class in another window or device. Time counts there, and never twice.',
    todo: 'Attend in one place only.',
  },
  'service-outage': {
    chip: 'Our outage, counted',
    what: 'Our system failed. You were there before and after, so this time counts.',
    todo: '',
  },
  'identity-pending': {
    chip: 'Waiting for face check, not counting',
    what: 'A face check is due. Until it is done, time does not count.',
    todo: 'Follow the steps on screen; if it is difficult, ask for a person to check instead.',
  },
  'identity-failed': {
    chip: 'Face check failed, not counted',
    what: 'A face check failed: the time since the last one that passed, five minutes at most, was not counted.',
    todo: 'If it was wrong, staff give the time back after looking at it; you can also appeal under My record.',
  },
};
