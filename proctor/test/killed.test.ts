import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { proctorJobs, type ProctorAnswer } from '@keshi/contract/proctor';
import { createJobClient } from '@keshi/runtime/jobs/jobs';
import { createLogger } from '@keshi/runtime/log';
import { createRedisState } from '@keshi/runtime/state/redis/state';
import type { State } from '@keshi/runtime/state/ports';
import { startRedis, type TestRedis } from '@keshi/runtime/testing/redis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobOf, secret } from './support/jobs.ts';
import { portrait } from '../src/testing/samples.ts';

const prefix = 'test:';
let redis: TestRedis;
let state: State;
const children: ChildProcess[] = [];

beforeAll(async () => {
  redis = await startRedis({ appendfsync: 'always' });
  const log = createLogger({ name: 'test', level: 'silent', format: 'json' });
  state = await createRedisState({ url: redis.url, prefix, log });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await state.close();
  await redis.stop();
});

/** Ready when this resolves; `taken` are the jobs it has begun, `id attempt` each. */
async function startProctor(nodeId: string) {
  const script = new URL('./support/proctor-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, redis.url, prefix, nodeId], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const ready = Promise.withResolvers<void>();
  const taken: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('ready')) ready.resolve();
    if (line.startsWith('taken ')) taken.push(line.slice('taken '.length));
  });
  child.once('exit', (code) => ready.reject(new Error(`the proctor ended with ${code}`)));
  await ready.promise;
  return { child, taken };
}

test('[PR3] a proctor killed with jobs in hand loses none, and none is judged twice', async () => {
  const client = createJobClient({ contract: proctorJobs, queue: state.jobs, secret });
  const frame = await portrait();
  const first = await startProctor('first');
  const jobs = Array.from({ length: 30 }, () => jobOf([frame]));
  const answers = jobs.map((job) => client.submit(job, { priority: 2, timeoutMs: 50_000 }));
  const settledBefore: ProctorAnswer[] = [];
  for (const answer of answers) void answer.then((each) => settledBefore.push(each));
  await expect.poll(() => settledBefore.length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(4);

  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const done = new Set(settledBefore.map(({ jobId }) => jobId));
  expect(done.size).toBeLessThan(jobs.length);
  const second = await startProctor('second');
  const all = await Promise.all(answers);

  expect(all.map(({ jobId }) => jobId)).toEqual(jobs.map(({ id }) => id));
  for (const { verdict } of all) expect(verdict?.record.verdict).toBe('uncertain');
  // What the first one had in hand was begun again by the second; what it had settled was not.
  const begun = second.taken.map((line) => line.split(' ')[0] ?? '');
  expect(new Set(begun).size).toBe(begun.length);
  for (const id of done) expect(begun).not.toContain(id);
  expect(
    second.taken.some((line) => line.endsWith(' 2')),
    'jobs in hand were taken over',
  ).toBe(true);
  expect(await state.jobs.depth(proctorJobs.name)).toBe(0);

  // Sent again, each is answered as it was: the same record, the same signature, and nobody works on it.
  const begunBefore = second.taken.length;
  const again = await Promise.all(jobs.map((job) => client.submit(job, { priority: 2, timeoutMs: 10_000 })));
  expect(again).toEqual(all);
  expect(second.taken.length).toBe(begunBefore);
});
