import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { retryPauseMs } from '../../retry.ts';
import { jobLimits, queueFull } from '../job-limits.ts';
import {
  type Consumption,
  type JobOutcome,
  type JobPriority,
  type JobQueue,
  StateUnavailable,
  type WorkOptions,
} from '../ports.ts';

interface WaitingJob {
  id: string;
  priority: JobPriority;
  payload: string;
  attempts: number;
}

interface Worker extends WorkOptions {
  inHand: number;
  stopping: AbortController;
}

interface Queue {
  waiting: Record<JobPriority, WaitingJob[]>;
  /** Waiting or in hand. */
  open: Map<string, WaitingJob>;
  bytes: number;
  settled: Map<string, { outcome: JobOutcome; at: number }>;
  watchers: Map<string, Set<() => void>>;
  workers: Set<Worker>;
}

const priorities: readonly JobPriority[] = [0, 1, 2];

/** Jobs within this process: they are as safe as it is. Payloads and results pass through JSON, as between processes. */
export function createMemoryJobs(log: Logger, clock: Clock): JobQueue & { close(): Promise<void> } {
  const queues = new Map<string, Queue>();
  const consumptions = new Set<Consumption>();
  const closing = new AbortController();

  function queueOf(name: string): Queue {
    if (closing.signal.aborted) throw new StateUnavailable('the job queues are closed');
    const queue = queues.get(name) ?? {
      waiting: { 0: [], 1: [], 2: [] },
      open: new Map(),
      bytes: 0,
      settled: new Map(),
      watchers: new Map(),
      workers: new Set(),
    };
    queues.set(name, queue);
    forget(queue);
    return queue;
  }

  /** Outcomes stand in the order they were settled. */
  function forget({ settled }: Queue): void {
    for (const [id, { at }] of settled) {
      if (clock() - at < jobLimits.keepMs) return;
      settled.delete(id);
    }
  }

  function settle(queue: Queue, job: WaitingJob, outcome: JobOutcome): void {
    // Another has settled it after a takeover: the first outcome stands.
    if (queue.open.get(job.id) !== job) return;
    queue.open.delete(job.id);
    queue.bytes -= job.payload.length;
    queue.settled.set(job.id, { outcome, at: clock() });
    for (const ring of queue.watchers.get(job.id) ?? []) ring();
  }

  function dispatch(name: string, queue: Queue): void {
    for (const worker of queue.workers)
      while (worker.inHand < worker.concurrency) {
        const from = priorities.find((priority) => queue.waiting[priority].length > 0);
        const job = from === undefined ? undefined : queue.waiting[from].shift();
        if (!job) return;
        worker.inHand += 1;
        void carryOut(name, queue, worker, job);
      }
  }

  async function carryOut(name: string, queue: Queue, worker: Worker, job: WaitingJob): Promise<void> {
    const { signal } = worker.stopping;
    const givenUp = Promise.withResolvers<null>();
    const giveUp = () => givenUp.resolve(null);
    signal.addEventListener('abort', giveUp);
    const outcome = await Promise.race([attempt(name, worker, job), givenUp.promise]);
    signal.removeEventListener('abort', giveUp);
    worker.inHand -= 1;
    if (outcome) settle(queue, job, outcome);
    else queue.waiting[job.priority].unshift(job);
    dispatch(name, queue);
  }

  async function attempt(name: string, worker: Worker, job: WaitingJob): Promise<JobOutcome> {
    const { handler, mostAttempts = jobLimits.mostAttempts, stopping } = worker;
    for (;;) {
      job.attempts += 1;
      try {
        const result: unknown = await handler(JSON.parse(job.payload), {
          id: job.id,
          attempt: job.attempts,
        });
        return { state: 'done', result: JSON.parse(JSON.stringify(result)) };
      } catch (error) {
        if (job.attempts >= mostAttempts) {
          log.error({ queue: name, job: job.id, attempts: job.attempts, err: error }, 'job given up');
          return { state: 'failed' };
        }
        log.warn({ queue: name, job: job.id, err: error }, 'job failed, trying again');
        await pause(retryPauseMs(job.attempts), undefined, { signal: stopping.signal, ref: false }).catch(
          () => {},
        );
      }
    }
  }

  return {
    async put(name, { id, priority, payload }, mostJobs = jobLimits.mostJobs) {
      const queue = queueOf(name);
      if (queue.open.has(id) || queue.settled.has(id)) return 'known';
      const job: WaitingJob = { id, priority, payload: JSON.stringify(payload), attempts: 0 };
      if (queue.open.size >= mostJobs || queue.bytes + job.payload.length > jobLimits.mostBytes)
        throw queueFull(name);
      queue.open.set(id, job);
      queue.bytes += job.payload.length;
      queue.waiting[priority].push(job);
      setImmediate(() => dispatch(name, queue));
      return 'queued';
    },
    async outcome(name, id, timeoutMs) {
      const queue = queueOf(name);
      if (!queue.settled.has(id)) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const watchers = queue.watchers.get(id) ?? new Set();
        queue.watchers.set(id, watchers.add(resolve));
        const timer = setTimeout(resolve, timeoutMs);
        await promise;
        clearTimeout(timer);
        watchers.delete(resolve);
        if (watchers.size === 0) queue.watchers.delete(id);
      }
      const known = queue.settled.get(id);
      if (!known && closing.signal.aborted) throw new StateUnavailable('the job queues were closed');
      return known?.outcome ?? null;
    },
    async work(name, options) {
      const queue = queueOf(name);
      const worker: Worker = { ...options, inHand: 0, stopping: new AbortController() };
      queue.workers.add(worker);
      setImmediate(() => dispatch(name, queue));
      const consumption: Consumption = {
        async stop(graceMs = 5_000) {
          consumptions.delete(consumption);
          queue.workers.delete(worker);
          const deadline = performance.now() + graceMs;
          while (worker.inHand > 0 && performance.now() < deadline) await pause(5);
          worker.stopping.abort();
          // One turn lets what was given up return to the queue.
          await pause(0);
        },
      };
      consumptions.add(consumption);
      return consumption;
    },
    async depth(name) {
      return queueOf(name).open.size;
    },
    async close() {
      closing.abort();
      for (const { watchers } of queues.values())
        for (const rings of watchers.values()) for (const ring of rings) ring();
      await Promise.all([...consumptions].map((consumption) => consumption.stop()));
      queues.clear();
    },
  };
}
