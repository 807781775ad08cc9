import { createLogger } from '@keshi/runtime/log';
import { afterEach, expect, test } from 'vitest';
import { createFacePool, type FacePool, type PoolTask } from '../src/pool/pool.ts';
import { portrait } from '../src/testing/samples.ts';

const log = createLogger({ name: 'test', level: 'silent', format: 'json' });
let pool: FacePool | null = null;
afterEach(() => pool?.close());

const task = async (): Promise<PoolTask> => ({
  frames: [new Uint8Array(await portrait())],
  mirrored: false,
  priority: 2,
});

test('a thread that hangs over a picture is replaced, its task is tried once more and then fails alone', async () => {
  // No picture is analysed within a millisecond: every thread hangs, as far as the pool can see.
  pool = await createFacePool({ threads: 1, log, mostMsPerFrame: 1 });
  const answers = [pool.analyse(await task()), pool.analyse(await task())];
  for (const answer of answers) await expect(answer).rejects.toMatchObject({ code: 'internal' });
  await expect.poll(() => pool?.alive(), { timeout: 20_000 }).toBe(1);
});

test('a thread analyses several pictures of one task, in their order', async () => {
  pool = await createFacePool({ threads: 1, log });
  const [one] = (await task()).frames;
  const frames = [one ?? new Uint8Array(), new Uint8Array(), Uint8Array.from([1, 2, 3])];
  const { analyses, ms } = await pool.analyse({ frames, mirrored: true, priority: 0 });
  expect(analyses.map(({ problem }) => problem)).toEqual([null, 'empty', 'not-jpeg']);
  expect(ms.detect).toBeGreaterThan(0);
  expect(ms.queued).toBeGreaterThanOrEqual(0);
});

test('what waits when the pool is closed is told so', async () => {
  const own = await createFacePool({ threads: 1, log });
  const waiting = [await task(), await task(), await task()].map((each) => own.analyse(each));
  const outcomes = Promise.allSettled(waiting);
  await own.close();
  for (const outcome of await outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
});
