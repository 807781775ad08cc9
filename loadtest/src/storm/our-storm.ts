/** The product as a cluster on this machine, every service in a process of its own, and classes to storm. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@keshi/e2e/postgres';
import { mediaWorkersOf } from '@keshi/e2e/processes';
import { createLogger } from '@keshi/runtime/log';
import { startRedis } from '@keshi/runtime/testing/redis';
import { startCluster } from '../../../start/cluster/services.ts';
import { allThreadsSeconds } from '../capacity/processor.ts';
import { seedAudience } from './audience.ts';
import type { StormSide } from './side.ts';

const sfuNodes = 2;
const signalingNodes = 2;

/**
 * Media nodes with one worker each and room for everybody: the bench asks how long joining takes, not where a budget
 * made for full pictures ends.
 */
const environmentFor = (viewers: number) => ({
  SFU_WORKERS: '1',
  SFU_WORKER_CONSUMERS: String(4 * viewers + 100),
  LOG_LEVEL: 'warn',
  DEMO: 'false',
});

export async function openOurStorm({ viewers }: { viewers: number }): Promise<StormSide> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const step of closers.splice(0).toReversed()) await step();
  };
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'keshi-storm-'));
    closers.push(() => rm(dataDir, { recursive: true, force: true }));
    const postgres = await startPostgres();
    closers.push(() => postgres.stop());
    const redis = await startRedis();
    closers.push(() => redis.stop());
    const log = createLogger({ name: 'storm', level: 'error', format: 'json' });
    const seed = () => seedAudience({ dataDir, databaseUrl: postgres.url, learners: viewers, log });
    // Migrates the database before the services look at it.
    let next: Awaited<ReturnType<typeof seed>> | null = await seed();
    const cluster = await startCluster({
      dataDir,
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      signalingNodes,
      sfuNodes,
      env: environmentFor(viewers),
    });
    closers.push(() => cluster.stop());
    return {
      name: 'ours',
      side: 'product',
      url: `http://127.0.0.1:${cluster.front.port}`,
      async invite() {
        const audience = next ?? (await seed());
        next = null;
        const { host, learners } = await audience.tickets();
        return { publisher: host, viewers: learners };
      },
      async processorTimes() {
        const total = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + allThreadsSeconds(pid), 0);
        const nodes = cluster.sfu.map((service) => service.pid());
        const workers = await Promise.all(nodes.map(mediaWorkersOf));
        return {
          signaling: cluster.signaling.map((service) => allThreadsSeconds(service.pid())),
          nodes: total(nodes),
          workers: total(workers.flat()),
        };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
