/**
 * Threads that analyse pictures, and the short queue before them. The queue is bounded: beyond it the caller is told
 * `busy` and when to come back. Places are kept for those who must not wait [PR7].
 */
import { Worker } from 'node:worker_threads';
import type { FrameAnalysis } from '@keshi/contract/proctor';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { retryPauseMs } from '@keshi/runtime/retry';
import type { JobPriority } from '@keshi/runtime/state/ports';
import type { EngineTimes } from '../engine/engine.ts';
import { threadMessage, type ThreadMessage, type ThreadRequest } from './messages.ts';

export interface PoolTask extends ThreadRequest {
  priority: JobPriority;
}

export interface PoolAnswer {
  analyses: FrameAnalysis[];
  ms: EngineTimes & { queued: number };
}

export interface FacePool {
  /** Rejects with `busy` when there is no room, with `internal` when two threads failed over it. */
  analyse(task: PoolTask): Promise<PoolAnswer>;
  readonly threads: number;
  /** Threads that are ready. */
  alive(): number;
  waiting(): number;
  /** Idempotent. What still waits rejects. */
  close(): Promise<void>;
}

export interface PoolOptions {
  threads: number;
  log: Logger;
  /** How many tasks may wait; 64, or four for each thread where that is more. */
  mostWaiting?: number;
  /** A thread silent for this long over one picture hangs, and is replaced. */
  mostMsPerFrame?: number;
}

interface Waiting {
  task: PoolTask;
  since: number;
  attempts: number;
  resolve: (answer: PoolAnswer) => void;
  reject: (error: Error) => void;
}

interface Thread {
  worker: Worker;
  ready: boolean;
  current: Waiting | null;
  begun: number;
  timer: NodeJS.Timeout | undefined;
}

/** Of the queue, for each priority: the last places are for sign-in and exams alone. */
const shares: Record<JobPriority, number> = { 0: 1, 1: 0.8, 2: 0.6 };
const mostAttempts = 2;
/** What one task takes until it is known better, ms. */
const firstGuessMs = 50;

/** Rejects when a thread cannot open its engine. */
export async function createFacePool(options: PoolOptions): Promise<FacePool> {
  const { threads: count, log, mostMsPerFrame = 15_000 } = options;
  const mostWaiting = options.mostWaiting ?? Math.max(64, 4 * count);
  const queues: Record<JobPriority, Waiting[]> = { 0: [], 1: [], 2: [] };
  const threads = new Set<Thread>();
  let closed = false;
  let meanMs = firstGuessMs;
  let failures = 0;

  const alive = () => [...threads].filter(({ ready }) => ready).length;
  const refuseWaiting = (message: string) => {
    for (const queue of Object.values(queues))
      for (const task of queue.splice(0)) task.reject(new AppError('unavailable', { message }));
  };
  const waiting = () => queues[0].length + queues[1].length + queues[2].length;

  function pump(): void {
    for (const thread of threads) {
      if (!thread.ready || thread.current) continue;
      const next = queues[0].shift() ?? queues[1].shift() ?? queues[2].shift();
      if (!next) return;
      const { frames, mirrored } = next.task;
      thread.current = next;
      thread.begun = performance.now();
      thread.timer = setTimeout(() => void thread.worker.terminate(), mostMsPerFrame * frames.length);
      thread.worker.postMessage({ frames, mirrored } satisfies ThreadRequest);
    }
  }

  function finish(thread: Thread): Waiting | null {
    const { current } = thread;
    clearTimeout(thread.timer);
    thread.current = null;
    return current;
  }

  /** Another thread may do better once; a task that fails twice is at fault itself. */
  function again(task: Waiting | null, reason: string): void {
    if (!task) return;
    task.attempts += 1;
    if (task.attempts >= mostAttempts || closed) {
      task.reject(new AppError(closed ? 'unavailable' : 'internal', { message: reason }));
    } else queues[task.task.priority].unshift(task);
  }

  function hear(thread: Thread, message: ThreadMessage): void {
    if (message.say === 'ready') {
      thread.ready = true;
      failures = 0;
    } else {
      const { begun } = thread;
      const task = finish(thread);
      if (message.say === 'failed') {
        log.error({ reason: message.reason }, 'pictures not analysed');
        again(task, message.reason);
      } else if (task) {
        const took = performance.now() - begun;
        meanMs += (took - meanMs) / 16;
        task.resolve({ analyses: message.analyses, ms: { ...message.ms, queued: begun - task.since } });
      }
    }
    pump();
  }

  function start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const worker = new Worker(new URL('./thread.ts', import.meta.url));
    const thread: Thread = { worker, ready: false, current: null, begun: 0, timer: undefined };
    threads.add(thread);
    worker.on('message', (message: unknown) => {
      hear(thread, threadMessage.parse(message));
      if (thread.ready) resolve();
    });
    worker.on('error', (error) => {
      log.error({ err: error }, 'thread failed');
      reject(error instanceof Error ? error : new Error(String(error)));
    });
    worker.once('exit', (code) => {
      threads.delete(thread);
      const wasReady = thread.ready;
      reject(new Error(`the thread ended with code ${code}`));
      again(finish(thread), 'the thread ended over it');
      if (closed || (!wasReady && !opened)) return;
      failures += 1;
      log.warn({ code }, 'thread ended, starting another');
      // A thread that cannot start will not soon: what waits for it must not wait for ever.
      if (!wasReady && alive() === 0) refuseWaiting('no thread can be started');
      restart(wasReady && failures === 1 ? 0 : retryPauseMs(failures));
    });
    return promise;
  }

  const restarts = new Set<NodeJS.Timeout>();
  function restart(afterMs: number): void {
    const timer = setTimeout(() => {
      restarts.delete(timer);
      // Its end starts the next attempt.
      if (!closed) start().catch(() => {});
    }, afterMs);
    restarts.add(timer);
  }

  let opened = false;
  try {
    await Promise.all(Array.from({ length: count }, start));
    opened = true;
  } catch (error) {
    closed = true;
    await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    throw error;
  }

  return {
    threads: count,
    alive,
    waiting,
    analyse(task) {
      if (closed) return Promise.reject(new AppError('unavailable', { message: 'the pool is closed' }));
      if (waiting() >= mostWaiting * shares[task.priority])
        return Promise.reject(
          new AppError('busy', {
            message: 'too many pictures wait',
            retryMs: Math.ceil((waiting() * meanMs) / Math.max(1, count)),
          }),
        );
      const { promise, resolve, reject } = Promise.withResolvers<PoolAnswer>();
      queues[task.priority].push({ task, since: performance.now(), attempts: 0, resolve, reject });
      pump();
      return promise;
    },
    async close() {
      closed = true;
      for (const timer of restarts) clearTimeout(timer);
      refuseWaiting('the pool was closed');
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}
