import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Logger } from '../../log.ts';
import { jobLimits, queueFull } from '../job-limits.ts';
import {
  type Consumption,
  type JobOutcome,
  type JobPriority,
  type JobQueue,
  StateUnavailable,
  type Unsubscribe,
} from '../ports.ts';
import { reached } from './connections.ts';
import { putScript, settleScript } from './job-scripts.ts';
import { jobGroup, startJobWorker, type TakenJob } from './job-worker.ts';
import type { Subscriptions } from './subscriptions.ts';

const priorities: readonly JobPriority[] = [0, 1, 2];
/** A job that nobody settled is forgotten after an hour, should its entry have been lost on its own. */
const openMs = 60 * 60_000;
/** A ring may be lost with its connection: whoever waits looks again by itself now and then. */
const lookAgainMs = 5_000;

const putReply = z.enum(['known', 'full', 'queued']);
const storedOutcome = z.discriminatedUnion('state', [
  z.object({ state: z.literal('done'), result: z.unknown() }),
  z.object({ state: z.literal('failed') }),
]);

/** A stream for each priority, a key for each job until its outcome is forgotten, and the bytes of what is open. */
export function createRedisJobs({
  redis,
  createBlocking,
  subscriptions,
  prefix,
  log,
}: {
  redis: Redis;
  createBlocking: () => Redis;
  subscriptions: Subscriptions;
  prefix: string;
  log: Logger;
}): JobQueue & { close(): Promise<void> } {
  const consumptions = new Set<Consumption>();
  const closing = new AbortController();
  const bells = new Map<string, { listening: Promise<Unsubscribe>; waiting: Map<string, Set<() => void>> }>();

  const streamsOf = (queue: string) => priorities.map((priority) => `${prefix}jobs:${queue}:${priority}`);
  const keyOf = (queue: string, id: string) => `${prefix}job:${queue}:${id}`;
  const bytesOf = (queue: string) => `${prefix}jobs:${queue}:bytes`;
  const bellOf = (queue: string) => `${prefix}jobs:${queue}:settled`;

  const ringAll = (waiting: ReadonlyMap<string, ReadonlySet<() => void>>) => {
    for (const rings of waiting.values()) for (const ring of rings) ring();
  };

  function bell(queue: string) {
    const known = bells.get(queue);
    if (known) return known;
    const waiting = new Map<string, Set<() => void>>();
    const listening = subscriptions.subscribe(
      bellOf(queue),
      (id) => {
        for (const ring of waiting.get(id) ?? []) ring();
      },
      {
        onGap: () => ringAll(waiting),
      },
    );
    const entry = { listening, waiting };
    bells.set(queue, entry);
    listening.catch(() => {
      if (bells.get(queue) === entry) bells.delete(queue);
    });
    return entry;
  }

  /** Null when there is none yet, or the store cannot be asked now. */
  async function look(queue: string, id: string): Promise<JobOutcome | null> {
    try {
      const text = await reached(redis.get(keyOf(queue, id)));
      return text === null || text === 'open' ? null : storedOutcome.parse(JSON.parse(text));
    } catch (error) {
      if (!(error instanceof StateUnavailable)) throw error;
      return null;
    }
  }

  async function settle(queue: string, job: TakenJob, outcome: JobOutcome): Promise<boolean> {
    const keys = [job.stream, keyOf(queue, job.id), bytesOf(queue)];
    const { entry, id, payload } = job;
    const size = Buffer.byteLength(payload);
    const values = [jobGroup, entry, JSON.stringify(outcome), jobLimits.keepMs, bellOf(queue), id, size];
    return (await reached(redis.eval(settleScript, keys.length, ...keys, ...values))) === 1;
  }

  return {
    async put(queue, { id, priority, payload }, mostJobs = jobLimits.mostJobs) {
      if (closing.signal.aborted) throw new StateUnavailable('the job queues are closed');
      const keys = [...streamsOf(queue), keyOf(queue, id), bytesOf(queue)];
      const values = [priority + 1, id, JSON.stringify(payload), mostJobs, jobLimits.mostBytes, openMs];
      const reply = putReply.parse(await reached(redis.eval(putScript, keys.length, ...keys, ...values)));
      if (reply === 'full') throw queueFull(queue);
      return reply;
    },
    async outcome(queue, id, timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      const { listening, waiting } = bell(queue);
      // Without the bell, it is found by looking again.
      await listening.catch(() => {});
      for (;;) {
        if (closing.signal.aborted) throw new StateUnavailable('the job queues were closed');
        const { promise, resolve } = Promise.withResolvers<void>();
        const rings = waiting.get(id) ?? new Set();
        waiting.set(id, rings.add(resolve));
        try {
          const outcome = await look(queue, id);
          const left = deadline - performance.now();
          if (outcome || left <= 0) return outcome;
          const stop = new AbortController();
          const timer = pause(Math.min(left, lookAgainMs), undefined, { signal: stop.signal }).catch(
            () => {},
          );
          await Promise.race([promise, timer]);
          stop.abort();
        } finally {
          rings.delete(resolve);
          if (rings.size === 0) waiting.delete(id);
        }
      }
    },
    async work(queue, options) {
      if (closing.signal.aborted) throw new StateUnavailable('the job queues are closed');
      const running = await startJobWorker({
        ...options,
        redis,
        blocking: createBlocking(),
        streams: streamsOf(queue),
        log: log.child({ queue }),
        settle: (job, outcome) => settle(queue, job, outcome),
      });
      const consumption: Consumption = {
        stop(graceMs) {
          consumptions.delete(consumption);
          return running.stop(graceMs);
        },
      };
      consumptions.add(consumption);
      return consumption;
    },
    async depth(queue) {
      const counts = await reached(Promise.all(streamsOf(queue).map((stream) => redis.xlen(stream))));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async close() {
      closing.abort();
      for (const { waiting } of bells.values()) ringAll(waiting);
      await Promise.all([...consumptions].map((consumption) => consumption.stop()));
      for (const { listening } of bells.values())
        void listening.then(
          (leave) => leave(),
          () => {},
        );
    },
  };
}
