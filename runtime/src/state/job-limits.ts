/** What holds for every job queue, wherever its jobs are kept. */
import { AppError } from '../errors.ts';

export const jobLimits = {
  mostJobs: 2_000,
  mostBytes: 256 * 1024 * 1024,
  /** How long an outcome is remembered. */
  keepMs: 10 * 60_000,
  mostAttempts: 3,
  claimAfterMs: 10_000,
} as const;

/** Asked again sooner, a full queue would be full still. */
const fullRetryMs = 2_000;

export const queueFull = (queue: string): AppError =>
  new AppError('busy', { message: `the queue ${queue} is full`, retryMs: fullRetryMs });
