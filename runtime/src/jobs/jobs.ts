/** Jobs of one kind, by the contract both sides know: parsed at each edge, sealed in between. */
import type { z } from 'zod';
import { AppError } from '../errors.ts';
import type { Consumption, JobPriority, JobQueue, WorkOptions } from '../state/ports.ts';
import { createSeal } from './seal.ts';

export interface JobContract<Job extends { id: string }, Answer extends object> {
  readonly name: string;
  readonly job: z.ZodType<Job>;
  readonly answer: z.ZodType<Answer>;
}

interface JobsDeps<Job extends { id: string }, Answer extends object> {
  contract: JobContract<Job, Answer>;
  queue: JobQueue;
  /** The service secret. */
  secret: string;
}

export interface JobClient<Job extends { id: string }, Answer extends object> {
  /**
   * Sent again under its id, a job is not done again: the answer is the first one's. Rejects with `busy` when there is
   * no room, `unavailable` when there is no answer in time (the job goes on, and can be asked for again), `internal`
   * when the job failed for good.
   */
  submit(job: Job, options: { priority: JobPriority; timeoutMs: number }): Promise<Answer>;
}

const answerOf = (id: string) => `answer ${id}`;
const jobOf = (id: string) => `job ${id}`;
/** Whoever has waited in vain asks again for the same job, which has not lost its place. */
const askAgainMs = 1_000;

export function createJobClient<Job extends { id: string }, Answer extends object>({
  contract,
  queue,
  secret,
}: JobsDeps<Job, Answer>): JobClient<Job, Answer> {
  const seal = createSeal(secret, contract.name);
  return {
    async submit(job, { priority, timeoutMs }) {
      const { id } = job;
      await queue.put(contract.name, { id, priority, payload: seal.close(JSON.stringify(job), jobOf(id)) });
      const outcome = await queue.outcome(contract.name, id, timeoutMs);
      if (!outcome)
        throw new AppError('unavailable', {
          message: `no answer to ${contract.name} job ${id} in ${timeoutMs} ms`,
          retryMs: askAgainMs,
        });
      if (outcome.state === 'failed')
        throw new AppError('internal', { message: `${contract.name} job ${id} failed` });
      return contract.answer.parse(JSON.parse(seal.open(outcome.result, answerOf(id))));
    },
  };
}

/** A job that cannot be opened or read fails like one whose handler throws: visibly, after its attempts. */
export function serveJobs<Job extends { id: string }, Answer extends object>({
  contract,
  queue,
  secret,
  handler,
  ...options
}: JobsDeps<Job, Answer> &
  Omit<WorkOptions, 'handler'> & { handler: (job: Job) => Promise<Answer> }): Promise<Consumption> {
  const seal = createSeal(secret, contract.name);
  return queue.work(contract.name, {
    ...options,
    async handler(payload, { id }) {
      const job = contract.job.parse(JSON.parse(seal.open(payload, jobOf(id))));
      return seal.close(JSON.stringify(await handler(job)), answerOf(id));
    },
  });
}
