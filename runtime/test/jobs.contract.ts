import { expect, test } from 'vitest';
import type { JobPriority, State, WorkOptions } from '../src/state/ports.ts';

/** The guarantees of JobQueue, for two processes' views of one store. */
export function describeJobs(pair: () => { a: State; b: State }): void {
  const job = (id: string, priority: JobPriority = 2) => ({ id, priority, payload: { of: id } });
  const worker = (name: string, handler: WorkOptions['handler']): WorkOptions => ({
    worker: name,
    concurrency: 1,
    claimAfterMs: 300,
    handler,
  });
  const echoing = (name: string) => worker(name, async (payload) => ({ payload }));

  test('a job put before anyone works is worked on, and its outcome is told wherever it is asked for', async () => {
    const { a, b } = pair();
    expect(await a.jobs.put('q', job('one'))).toBe('queued');
    const asked = [a.jobs.outcome('q', 'one', 10_000), b.jobs.outcome('q', 'one', 10_000)];
    expect(await a.jobs.depth('q')).toBe(1);
    await b.jobs.work('q', echoing('b'));
    for (const outcome of await Promise.all(asked))
      expect(outcome).toEqual({ state: 'done', result: { payload: { of: 'one' } } });
    expect(await a.jobs.outcome('q', 'one', 0)).not.toBeNull();
    expect(await a.jobs.depth('q')).toBe(0);
  });

  test('a job put again under its id is done once, while it waits and after it is settled', async () => {
    const { a, b } = pair();
    const done: string[] = [];
    expect(await a.jobs.put('q', job('one'))).toBe('queued');
    expect(await b.jobs.put('q', job('one'))).toBe('known');
    await b.jobs.work(
      'q',
      worker('b', async (_, { id }) => ({ count: done.push(id) })),
    );
    await a.jobs.outcome('q', 'one', 10_000);
    expect(await a.jobs.put('q', job('one'))).toBe('known');
    await a.jobs.put('q', job('two'));
    await a.jobs.outcome('q', 'two', 10_000);
    expect(done).toEqual(['one', 'two']);
  });

  test('the most urgent go first, and among them whoever came first', async () => {
    const { a, b } = pair();
    const done: string[] = [];
    for (const [id, priority] of [
      ['c1', 2],
      ['r1', 1],
      ['s1', 0],
      ['c2', 2],
      ['s2', 0],
    ] as const)
      await a.jobs.put('q', job(id, priority));
    await b.jobs.work(
      'q',
      worker('b', async (_, { id }) => ({ count: done.push(id) })),
    );
    await expect.poll(() => done).toEqual(['s1', 's2', 'r1', 'c1', 'c2']);
  });

  test('a full queue says so at once, and when to try again', async () => {
    const { a, b } = pair();
    await a.jobs.put('q', job('one'), 2);
    await a.jobs.put('q', job('two', 0), 2);
    await expect(b.jobs.put('q', job('three'), 2)).rejects.toMatchObject({ code: 'busy', retryMs: 2_000 });
    expect(await b.jobs.put('q', job('one'), 2), 'what is known takes no room').toBe('known');
    await b.jobs.work('q', echoing('b'));
    await a.jobs.outcome('q', 'two', 10_000);
    await a.jobs.outcome('q', 'one', 10_000);
    expect(await b.jobs.put('q', job('three'), 2)).toBe('queued');
  });

  test('as many jobs as asked for are in hand at once, over all queues apart', async () => {
    const { a, b } = pair();
    const gate = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    const handler = async () => {
      most = Math.max(most, ++running);
      await gate.promise;
      running -= 1;
      return {};
    };
    await b.jobs.work('q', { ...worker('b', handler), concurrency: 2 });
    for (const id of ['1', '2', '3', '4']) await a.jobs.put('q', job(id));
    await a.jobs.put('other', job('1'));
    await expect.poll(() => running).toBe(2);
    expect(await a.jobs.depth('other')).toBe(1);
    gate.resolve();
    for (const id of ['1', '2', '3', '4']) await a.jobs.outcome('q', id, 10_000);
    expect(most).toBe(2);
  });

  test('one that throws is tried again, and after the last attempt its failure is seen', async () => {
    const { a, b } = pair();
    const attempts: number[] = [];
    await b.jobs.work('q', {
      ...worker('b', async (_, { id, attempt }) => {
        attempts.push(attempt);
        if (id === 'never' || attempt < 3) throw new Error('on purpose');
        return { attempt };
      }),
      mostAttempts: 3,
    });
    await a.jobs.put('q', job('third'));
    expect(await a.jobs.outcome('q', 'third', 10_000)).toEqual({ state: 'done', result: { attempt: 3 } });
    await a.jobs.put('q', job('never'));
    expect(await a.jobs.outcome('q', 'never', 10_000)).toEqual({ state: 'failed' });
    expect(attempts).toEqual([1, 2, 3, 1, 2, 3]);
    expect(await a.jobs.depth('q')).toBe(0);
  });

  test('nothing within the time is null, and no answer', async () => {
    const { a } = pair();
    await a.jobs.put('q', job('one'));
    expect(await a.jobs.outcome('q', 'one', 20)).toBeNull();
    expect(await a.jobs.outcome('q', 'unknown', 0)).toBeNull();
  });

  test('what a worker took and never settled is taken over, and its own late outcome is discarded', async () => {
    const { a, b } = pair();
    const taken = Promise.withResolvers<void>();
    const late = Promise.withResolvers<object>();
    const hanging = await a.jobs.work(
      'q',
      worker('a', () => {
        taken.resolve();
        return late.promise;
      }),
    );
    await a.jobs.put('q', job('one'));
    await taken.promise;
    await hanging.stop(0);
    await b.jobs.work(
      'q',
      worker('b', async () => ({ by: 'b' })),
    );
    expect(await a.jobs.outcome('q', 'one', 10_000)).toEqual({ state: 'done', result: { by: 'b' } });
    late.resolve({ by: 'a' });
    await b.jobs.put('q', job('two'));
    await b.jobs.outcome('q', 'two', 10_000);
    expect(await a.jobs.outcome('q', 'one', 0)).toEqual({ state: 'done', result: { by: 'b' } });
  });

  test('stopping lets what is in hand finish, and takes nothing more', async () => {
    const { a, b } = pair();
    const taken = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const first = await a.jobs.work(
      'q',
      worker('a', async () => {
        taken.resolve();
        await gate.promise;
        return { by: 'a' };
      }),
    );
    await a.jobs.put('q', job('one'));
    await a.jobs.put('q', job('two'));
    await taken.promise;
    const stopped = first.stop();
    gate.resolve();
    await stopped;
    expect(await b.jobs.outcome('q', 'one', 10_000)).toEqual({ state: 'done', result: { by: 'a' } });
    await b.jobs.work(
      'q',
      worker('b', async () => ({ by: 'b' })),
    );
    expect(await a.jobs.outcome('q', 'two', 10_000)).toEqual({ state: 'done', result: { by: 'b' } });
  });

  test('closing refuses what still waits', async () => {
    const { a } = pair();
    await a.jobs.put('q', job('one'));
    const asked = a.jobs.outcome('q', 'one', 60_000).catch((error: unknown) => error);
    await a.close();
    expect(await asked).toMatchObject({ code: 'unavailable' });
    await expect(a.jobs.put('q', job('two'))).rejects.toMatchObject({ code: 'unavailable' });
  });
}
