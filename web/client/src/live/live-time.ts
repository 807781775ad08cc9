import type { LiveClass } from '@keshi/contract/signaling';

/** Live time now: what the class had when the server told of it at `heardAt` (server time), running on while it is live. */
export function liveMsAt(lesson: Pick<LiveClass, 'state' | 'liveMs'>, heardAt: number, now: number): number {
  return lesson.state === 'live' ? lesson.liveMs + Math.max(0, now - heardAt) : lesson.liveMs;
}
