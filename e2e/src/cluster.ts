/** The whole product in processes of its own, over a real PostgreSQL and a real Redis, with the demonstration's people. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@keshi/runtime/log';
import { startRedis, type TestRedis } from '@keshi/runtime/testing/redis';
import { seedCluster } from '../../start/cluster/demo.ts';
import { type Cluster, type ClusterOptions, startCluster } from '../../start/cluster/services.ts';
import { startPostgres } from './postgres.ts';

export interface RunningCluster {
  readonly cluster: Cluster;
  readonly redis: TestRedis;
  /** What its services printed last, for the message of a failing test. */
  readonly output: () => string;
  /** Stops everything in order and removes its data. */
  readonly stop: () => Promise<void>;
}

const outputKept = 400_000;

export async function startWholeCluster(
  options: Pick<ClusterOptions, 'signalingNodes' | 'sfuNodes' | 'sfuEnv'>,
): Promise<RunningCluster> {
  const dataDir = await mkdtemp(join(tmpdir(), 'keshi-cluster-'));
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  let output = '';
  let cluster: Cluster | undefined;
  const stop = async () => {
    await cluster?.stop();
    await Promise.all([postgres.stop(), redis.stop()]);
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const log = createLogger({ name: 'seed', level: 'warn', format: 'readable' });
    await seedCluster({ dataDir, databaseUrl: postgres.url, log });
    cluster = await startCluster({
      dataDir,
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      ...options,
      onOutput: (text) => (output = (output + text).slice(-outputKept)),
    });
    return { cluster, redis, output: () => output, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
