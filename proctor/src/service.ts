/** The proctor behind the job queue. Its own process and the one-machine composition use it alike. */
import { proctorJobs } from '@keshi/contract/proctor';
import type { Health } from '@keshi/runtime/health';
import { serveJobs } from '@keshi/runtime/jobs/jobs';
import type { JobQueue } from '@keshi/runtime/state/ports';
import { createProctor, type Proctor, type ProctorDeps } from './proctor.ts';

export interface ProctorServiceDeps extends ProctorDeps {
  health: Health;
  queue: JobQueue;
  /** The service secret: jobs are sealed with it. */
  secret: string;
  /** Names one life of this process. */
  nodeId: string;
  /** Jobs of a proctor silent for this long are taken over by another. */
  claimAfterMs?: number;
}

export interface ProctorService {
  readonly proctor: Proctor;
  /** Takes no more jobs and finishes what is in hand. Idempotent. */
  close(): Promise<void>;
}

/** Jobs in hand for each thread: one that is worked on, and one that waits beside it so that the thread never does. */
const jobsPerThread = 2;
const graceMs = 8_000;

export async function createProctorService(deps: ProctorServiceDeps): Promise<ProctorService> {
  const { health, queue, secret, nodeId, claimAfterMs, metrics, log } = deps;
  const proctor = await createProctor(deps);
  health.add({
    name: 'proctor',
    check: () => {
      const alive = proctor.pool.alive();
      if (alive === 0) return { status: 'down', reason: 'no thread is alive' };
      if (alive < proctor.pool.threads) return { status: 'degraded', reason: 'a thread is being replaced' };
      return { status: 'ok' };
    },
  });
  metrics.gauge({
    name: 'proctor_queued_jobs',
    help: 'Jobs of all proctors that wait or are in hand',
    // Read at each scrape; while the store is away there is nothing to say.
    collect: async (gauge) => {
      const depth = await queue.depth(proctorJobs.name).catch(() => null);
      if (depth !== null) gauge.set(depth);
    },
  });
  const consumption = await serveJobs({
    contract: proctorJobs,
    queue,
    secret,
    worker: nodeId,
    concurrency: proctor.pool.threads * jobsPerThread,
    ...(claimAfterMs === undefined ? {} : { claimAfterMs }),
    handler: (job) => proctor.submit(job),
  });
  log.info({ threads: proctor.pool.threads, publicKey: proctor.publicKey }, 'proctor ready');
  return {
    proctor,
    async close() {
      await consumption.stop(graceMs);
      await proctor.close();
    },
  };
}
