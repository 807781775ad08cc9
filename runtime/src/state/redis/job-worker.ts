import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Logger } from '../../log.ts';
import { retryPauseMs } from '../../retry.ts';
import { jobLimits } from '../job-limits.ts';
import { type Consumption, type JobOutcome, StateUnavailable, type WorkOptions } from '../ports.ts';
import { isReplyError, reached, untilReady } from './connections.ts';
import { leaveScript } from './job-scripts.ts';

const blockMs = 2_000;
export const jobGroup = 'workers';

// A claimed entry that no longer exists comes as null in place of its fields.
const entry = z.tuple([z.string(), z.array(z.string()).nullable()]);
const readReply = z.array(z.tuple([z.string(), z.array(entry)])).nullable();
const claimReply = z.tuple([z.string(), z.array(entry.nullable())]).rest(z.unknown());
const pendingReply = z.array(z.tuple([z.string(), z.string(), z.number(), z.number()]));

export interface TakenJob {
  stream: string;
  entry: string;
  id: string;
  payload: string;
  /** Of workers that died over it. */
  attemptsBefore: number;
}

export interface WorkerDeps extends WorkOptions {
  redis: Redis;
  blocking: Redis;
  /** By priority. */
  streams: readonly string[];
  log: Logger;
  /** False when another outcome stands already. */
  settle(job: TakenJob, outcome: JobOutcome): Promise<boolean>;
}

export async function startJobWorker(deps: WorkerDeps): Promise<Consumption> {
  const { redis, blocking, streams, worker, concurrency, handler, settle } = deps;
  const { mostAttempts = jobLimits.mostAttempts, claimAfterMs = jobLimits.claimAfterMs } = deps;
  const log = deps.log.child({ worker });
  /** No job is taken any more; what is in hand goes on until `stopping`. */
  const leaving = new AbortController();
  const stopping = new AbortController();
  const inHand = new Map<string, TakenJob>();
  let freed = Promise.withResolvers<void>();
  let connectionId: number | null = null;
  let resuming = true;
  let claimAt = 0;
  /** Where the search for what silent workers left goes on, by stream. */
  const claimFrom = new Map<string, string>();

  blocking.on('ready', () => {
    // After a reconnect, look again at what this worker was given: an answer may have been lost on the way.
    resuming = true;
    blocking.client('ID').then(
      (id) => (connectionId = id),
      () => (connectionId = null),
    );
  });
  const keyOf = (stream: string, id: string) => `${stream} ${id}`;

  async function createGroups(): Promise<void> {
    for (const stream of streams)
      try {
        await reached(redis.xgroup('CREATE', stream, jobGroup, '0', 'MKSTREAM'));
      } catch (error) {
        if (!isReplyError(error) || !error.message.startsWith('BUSYGROUP')) throw error;
      }
  }

  async function read(from: '0' | '>', names: readonly string[], count: number, block?: number) {
    const who = ['GROUP', jobGroup, worker, 'COUNT', count] as const;
    const where = [...names, ...names.map(() => from)];
    const reply = await reached<unknown>(
      block === undefined
        ? blocking.xreadgroup(...who, 'STREAMS', ...where)
        : blocking.xreadgroup(...who, 'BLOCK', block, 'STREAMS', ...where),
    );
    const lists = readReply.parse(reply) ?? [];
    return lists.flatMap(([stream, entries]) => entries.flatMap((row) => taken(stream, row, 0)));
  }

  function taken(stream: string, [id, fields]: z.infer<typeof entry>, attemptsBefore: number): TakenJob[] {
    if (inHand.has(keyOf(stream, id))) return [];
    const field = (name: string) => fields?.[fields.indexOf(name) + 1];
    const [job, payload] = [field('id'), field('payload')];
    return job === undefined || payload === undefined
      ? []
      : [{ stream, entry: id, id: job, payload, attemptsBefore }];
  }

  /** How often an entry was handed out: what its former worker died over counts as an attempt. */
  async function withAttempts(job: TakenJob): Promise<TakenJob> {
    const reply = await reached<unknown>(redis.xpending(job.stream, jobGroup, job.entry, job.entry, 1));
    const deliveries = pendingReply.parse(reply)[0]?.[3] ?? 1;
    return { ...job, attemptsBefore: Math.max(0, deliveries - 1) };
  }

  async function claim(count: number): Promise<TakenJob[]> {
    const jobs: TakenJob[] = [];
    for (const stream of streams) {
      if (jobs.length >= count) return jobs;
      const from = claimFrom.get(stream) ?? '0-0';
      const reply = await reached<unknown>(
        redis.xautoclaim(stream, jobGroup, worker, claimAfterMs, from, 'COUNT', count - jobs.length),
      );
      const [cursor, rows] = claimReply.parse(reply);
      claimFrom.set(stream, cursor);
      for (const row of rows)
        if (row) for (const job of taken(stream, row, 0)) jobs.push(await withAttempts(job));
    }
    claimAt = performance.now() + claimAfterMs / 3;
    if (jobs.length > 0) log.info({ jobs: jobs.length }, 'took over jobs');
    return jobs;
  }

  /** What was given to this name before, then what a silent worker left, then what is new, the most urgent first. */
  async function next(free: number): Promise<TakenJob[]> {
    if (resuming) {
      const own = await read('0', streams, free);
      if (own.length > 0) return Promise.all(own.map(withAttempts));
      resuming = false;
    }
    if (performance.now() >= claimAt) return claim(free);
    for (const stream of streams) {
      const jobs = await read('>', [stream], free);
      if (jobs.length > 0) return jobs;
    }
    const untilClaim = Math.max(1, Math.ceil(claimAt - performance.now()));
    return read('>', streams, 1, Math.min(blockMs, untilClaim));
  }

  async function attempt(job: TakenJob): Promise<JobOutcome> {
    const { id } = job;
    if (job.attemptsBefore >= mostAttempts) {
      log.error({ job: id, attempts: job.attemptsBefore }, 'job given up: its workers died over it');
      return { state: 'failed' };
    }
    for (let attempts = job.attemptsBefore + 1; ; attempts += 1) {
      try {
        return { state: 'done', result: await handler(JSON.parse(job.payload), { id, attempt: attempts }) };
      } catch (error) {
        if (attempts >= mostAttempts) {
          log.error({ job: id, attempts, err: error }, 'job given up');
          return { state: 'failed' };
        }
        log.warn({ job: id, attempts, err: error }, 'job failed, trying again');
        await pause(retryPauseMs(attempts), undefined, { signal: stopping.signal });
      }
    }
  }

  async function carryOut(job: TakenJob): Promise<void> {
    const outcome = await attempt(job);
    for (let failures = 1; ; failures += 1)
      try {
        if (!(await settle(job, outcome))) log.warn({ job: job.id }, 'outcome discarded: another stands');
        return;
      } catch (error) {
        if (!(error instanceof StateUnavailable)) throw error;
        await pause(retryPauseMs(failures, 1_000), undefined, { signal: stopping.signal });
      }
  }

  function begin(job: TakenJob): void {
    const key = keyOf(job.stream, job.entry);
    inHand.set(key, job);
    carryOut(job)
      .catch((error: unknown) => {
        // Stopped in the middle: the job grows old and another worker takes it over.
        if (!stopping.signal.aborted) log.error({ job: job.id, err: error }, 'job not settled');
      })
      .finally(() => {
        inHand.delete(key);
        freed.resolve();
      });
  }

  // Work that takes long is no dead worker: its jobs are marked as fresh meanwhile.
  const keeping = setInterval(() => {
    for (const { stream, entry: id } of inHand.values())
      redis.xclaim(stream, jobGroup, worker, 0, id, 'JUSTID').catch(() => {});
  }, claimAfterMs / 3).unref();

  async function run(): Promise<void> {
    let failures = 0;
    while (!leaving.signal.aborted)
      try {
        if (inHand.size >= concurrency) {
          freed = Promise.withResolvers<void>();
          await freed.promise;
          continue;
        }
        for (const job of await next(concurrency - inHand.size)) begin(job);
        failures = 0;
      } catch (error) {
        if (leaving.signal.aborted) return;
        failures += 1;
        // After a loss of data the group is gone; it begins again at what there is.
        if (isReplyError(error) && error.message.startsWith('NOGROUP')) await createGroups().catch(() => {});
        else if (!(error instanceof StateUnavailable)) log.error({ err: error }, 'job worker failed');
        await pause(retryPauseMs(failures, 1_000), undefined, { signal: leaving.signal }).catch(() => {});
      }
  }

  let running: Promise<void>;
  try {
    await Promise.all([createGroups(), untilReady(blocking)]);
    running = run();
  } catch (error) {
    clearInterval(keeping);
    blocking.disconnect();
    throw error;
  }

  async function stop(graceMs: number): Promise<void> {
    const deadline = performance.now() + graceMs;
    leaving.abort();
    freed.resolve();
    // Ends a blocking read on the server's side: simply hanging up could lose jobs on their way here.
    if (connectionId !== null) redis.client('UNBLOCK', connectionId).catch(() => {});
    await Promise.race([running, pause(graceMs, undefined, { ref: false })]);
    while (inHand.size > 0 && performance.now() < deadline) await pause(5);
    // What is still in hand is given up: it must grow old, so that another worker takes it over.
    stopping.abort();
    clearInterval(keeping);
    blocking.disconnect();
    await redis.eval(leaveScript, streams.length, ...streams, jobGroup, worker).catch(() => {});
  }

  let stopped: Promise<void> | null = null;
  return {
    stop(graceMs = 5_000) {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}
