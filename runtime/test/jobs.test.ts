import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createJobClient, serveJobs, type JobContract } from '../src/jobs/jobs.ts';
import { createSeal } from '../src/jobs/seal.ts';
import { createMemoryState } from '../src/state/memory/state.ts';
import type { State } from '../src/state/ports.ts';
import { createQuietLog } from './quiet-log.ts';

const contract: JobContract<{ id: string; text: string }, { length: number }> = {
  name: 'measure',
  job: z.object({ id: z.string(), text: z.string() }),
  answer: z.object({ length: z.number() }),
};
const secret = 's'.repeat(32);
const job = { id: 'job-1', text: '身份' };
const options = { priority: 1, timeoutMs: 5_000 } as const;

let state: State;
beforeEach(() => {
  state = createMemoryState({ log: createQuietLog() });
});
afterEach(() => state.close());

const client = (given = secret) => createJobClient({ contract, queue: state.jobs, secret: given });
const serve = (handler: (job: { id: string; text: string }) => Promise<{ length: number }>) =>
  serveJobs({ contract, queue: state.jobs, secret, worker: 'w', concurrency: 1, mostAttempts: 1, handler });

test('a job is answered, and answered the same when it is sent again', async () => {
  let done = 0;
  await serve(async ({ text }) => {
    done += 1;
    return { length: text.length };
  });
  expect(await client().submit(job, options)).toEqual({ length: 2 });
  expect(await client().submit(job, options)).toEqual({ length: 2 });
  expect(done).toBe(1);
});

test('what lies in the queue shows nothing of the job', async () => {
  const seen: unknown[] = [];
  await state.jobs.work('measure', {
    worker: 'spy',
    concurrency: 1,
    mostAttempts: 1,
    handler: async (payload) => {
      seen.push(payload);
      return {};
    },
  });
  await client()
    .submit(job, options)
    .catch(() => {});
  expect(JSON.stringify(seen)).toMatch(/^\[\{"sealed":"[A-Za-z0-9+/=]+"\}\]$/);
});

test('a job sealed with another secret fails, visibly', async () => {
  await serve(async () => ({ length: 0 }));
  const stranger = client('x'.repeat(32)).submit(job, options);
  await expect(stranger).rejects.toMatchObject({ code: 'internal' });
});

test('no answer in time is told as such, and the job can be asked for again', async () => {
  const early = client().submit(job, { ...options, timeoutMs: 10 });
  await expect(early).rejects.toMatchObject({ code: 'unavailable', retryMs: 1_000 });
  await serve(async () => ({ length: 7 }));
  expect(await client().submit(job, options)).toEqual({ length: 7 });
});

test('a seal is bound to its job, its purpose and its text', () => {
  const seal = createSeal(secret, 'a');
  const sealed = seal.close('text', 'job 1');
  expect(seal.open(sealed, 'job 1')).toBe('text');
  expect(() => seal.open(sealed, 'job 2')).toThrow();
  expect(() => createSeal(secret, 'b').open(sealed, 'job 1')).toThrow();
  expect(() => seal.open({ sealed: 'AAAA' }, 'job 1')).toThrow();
  expect(() => seal.open('text', 'job 1')).toThrow();
});
