/**
 * mediasoup workers, one process per core, each with one WebRtcServer on one UDP and TCP port. A worker that dies
 * takes its routers with it; listeners are told, and another takes its place on the same port.
 */
import { createWorker, type types } from 'mediasoup';
import type { CheckResult } from '@keshi/runtime/health';
import type { Logger } from '@keshi/runtime/log';
import { takeCensus, type Census } from './census.ts';
import { findFreePort } from './free-port.ts';

export interface WorkerPoolOptions {
  workers: number;
  listenIp: string;
  /** What browsers are told to reach; null: the listen address. */
  announcedAddress: string | null;
  /** Worker n listens on `portBase + n`; with 0 the system chooses each. */
  portBase: number;
  /** Where the media worker is; by default where the setup put it. */
  workerBin?: string;
  log: Logger;
}

export interface MediaWorker {
  readonly worker: types.Worker;
  readonly webRtcServer: types.WebRtcServer;
  readonly pid: number;
  readonly port: number;
  readonly census: Readonly<Census>;
  /** Peers placed here by all classes, including those still arriving. */
  peers: number;
  /** Consumers they were placed here for. */
  reserved: number;
  /** What is sent to viewers, Mbit/s, as last measured. */
  mbps: number;
}

export interface WorkerPool {
  /** Those alive, in a stable order. */
  workers(): readonly MediaWorker[];
  /** Called after everything in the worker has been closed. */
  onDied(listener: (worker: MediaWorker) => void): void;
  /** Down without any worker, degraded while one is missing. */
  health(): CheckResult;
  /** Resolves when every worker process has ended. Idempotent. */
  close(): Promise<void>;
}

/** A worker that dies sooner than this is started again only after a pause. */
const stableMs = 10_000;
const restartPauseMs = 2_000;

/** Rejects when a worker cannot be started: without its workers a node must not announce itself. */
export async function createWorkerPool(options: WorkerPoolOptions): Promise<WorkerPool> {
  const { log } = options;
  const slots: (MediaWorker | null)[] = Array.from({ length: options.workers }, () => null);
  const listeners: ((worker: MediaWorker) => void)[] = [];
  const restarts = new Set<NodeJS.Timeout>();
  let stopping: Promise<void> | null = null;

  async function fill(index: number): Promise<void> {
    const media = await startWorker(options, index);
    if (stopping) return endWorker(media.worker);
    const startedAt = performance.now();
    slots[index] = media;
    media.worker.once('died', (error) => {
      slots[index] = null;
      log.error({ err: error, workerPid: media.pid }, 'media worker died');
      for (const listener of listeners) listener(media);
      const age = performance.now() - startedAt;
      refill(index, age < stableMs ? restartPauseMs : 0);
    });
    log.info({ workerPid: media.pid, port: media.port }, 'media worker started');
  }

  function refill(index: number, pauseMs: number): void {
    if (stopping) return;
    const timer = setTimeout(() => {
      restarts.delete(timer);
      fill(index).catch((error: unknown) => {
        log.error({ err: error }, 'media worker could not be started');
        refill(index, restartPauseMs);
      });
    }, pauseMs);
    restarts.add(timer);
  }

  async function stop(): Promise<void> {
    for (const timer of restarts) clearTimeout(timer);
    restarts.clear();
    await Promise.all(pool.workers().map(({ worker }) => endWorker(worker)));
    slots.fill(null);
  }

  const pool: WorkerPool = {
    workers: () => slots.filter((media) => media !== null),
    onDied(listener) {
      listeners.push(listener);
    },
    health() {
      const alive = pool.workers().length;
      if (alive === options.workers) return { status: 'ok' };
      const reason = `${alive} of ${options.workers} media workers alive`;
      return { status: alive === 0 ? 'down' : 'degraded', reason };
    },
    close() {
      stopping ??= stop();
      return stopping;
    },
  };

  try {
    for (let index = 0; index < options.workers; index++) await fill(index);
  } catch (error) {
    await pool.close();
    throw error;
  }
  return pool;
}

const portAttempts = 5;

async function startWorker(options: WorkerPoolOptions, index: number): Promise<MediaWorker> {
  const worker = await spawn(options.workerBin);
  const census = takeCensus(worker);
  try {
    for (let attempt = 1; ; attempt++) {
      const port = options.portBase === 0 ? await findFreePort(options.listenIp) : options.portBase + index;
      try {
        const webRtcServer = await listen(worker, options, port);
        return { worker, webRtcServer, pid: worker.pid, port, census, peers: 0, reserved: 0, mbps: 0 };
      } catch (error) {
        // Only a port the system chose can be another one next time.
        if (options.portBase !== 0 || attempt === portAttempts) throw error;
      }
    }
  } catch (error) {
    await endWorker(worker);
    throw error;
  }
}

function listen(worker: types.Worker, options: WorkerPoolOptions, port: number): Promise<types.WebRtcServer> {
  const info = {
    ip: options.listenIp,
    port,
    ...(options.announcedAddress ? { announcedAddress: options.announcedAddress } : {}),
    // A key frame to hundreds of viewers leaves in one burst.
    sendBufferSize: 4 << 20,
    recvBufferSize: 4 << 20,
  };
  return worker.createWebRtcServer({
    listenInfos: [
      { protocol: 'udp', ...info },
      { protocol: 'tcp', ...info },
    ],
  });
}

/**
 * mediasoup closes its workers by itself on SIGTERM and SIGINT. A node that drains must outlive the signal, so the
 * listeners it adds are taken off again: who creates the pool closes it.
 */
async function spawn(workerBin: string | undefined): Promise<types.Worker> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const before = signals.map((signal) => new Set(process.listeners(signal)));
  const started = createWorker({
    logLevel: 'warn',
    logTags: ['ice', 'dtls', 'srtp'],
    ...(workerBin ? { workerBin } : {}),
  });
  for (const [at, signal] of signals.entries())
    for (const listener of process.listeners(signal))
      if (!before[at]?.has(listener)) process.removeListener(signal, listener);
  return started;
}

async function endWorker(worker: types.Worker): Promise<void> {
  if (worker.subprocessClosed) return;
  const ended = new Promise<void>((resolve) => {
    worker.once('subprocessclose', resolve);
  });
  worker.close();
  await ended;
}
