/** Ours: the product's signaling in two processes over real PostgreSQL and Redis, and a class that nobody has been in. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@keshi/e2e/postgres';
import { createLogger } from '@keshi/runtime/log';
import { startRedis } from '@keshi/runtime/testing/redis';
import { startCluster } from '../../../start/cluster/services.ts';
import { seedAudience } from '../storm/audience.ts';
import { nodeOptions } from './server-costs.ts';
import type { FanoutSide, OpenSide } from './side.ts';

const signalingNodes = 2;

export const ours: FanoutSide = { name: 'ours', open };

async function open(members: number): Promise<OpenSide> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const step of closers.splice(0).toReversed()) await step();
  };
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'keshi-fanout-'));
    closers.push(() => rm(dataDir, { recursive: true, force: true }));
    const postgres = await startPostgres();
    closers.push(() => postgres.stop());
    const redis = await startRedis();
    closers.push(() => redis.stop());
    const log = createLogger({ name: 'fanout', level: 'error', format: 'json' });
    const databaseUrl = postgres.url;
    const audience = await seedAudience({ dataDir, databaseUrl, learners: members - 1, log });
    const cluster = await startCluster({
      dataDir,
      databaseUrl,
      redisUrl: redis.url,
      signalingNodes,
      // Nobody asks for media: what a class is told does not go through its nodes.
      sfuNodes: 0,
      env: { LOG_LEVEL: 'warn', DEMO: 'false', NODE_OPTIONS: nodeOptions },
    });
    closers.push(() => cluster.stop());
    // Nobody needs what they know: to see everybody off in order would take as long as letting them in.
    for (const service of cluster.signaling) closers.push(() => service.kill());
    return {
      protocol: 'product',
      servers: cluster.signaling.map((service) => ({ pid: service.pid(), port: service.port })),
      async tickets() {
        const { host, learners } = await audience.tickets();
        return [host, ...learners];
      },
      send: null,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
