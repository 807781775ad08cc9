import type { FrameFacts } from '@keshi/rules/enrolment';

/**
 * What measures faces: one answer for each frame, in order. It decides nothing. Rejects with an `AppError` that says
 * `busy` (with `retryMs`) when it has too much to do.
 */
export type FaceAnalyser = (frames: Uint8Array[]) => Promise<FrameFacts[]>;
