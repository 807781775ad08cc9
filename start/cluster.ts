/** A small cluster on this machine: every service in processes of its own, over a real Redis and a real PostgreSQL. */
import { join } from 'node:path';
import { startEmbedded } from '@keshi/db/embedded';
import { freePort } from '@keshi/db/embedded-server';
import { ConfigError, loadConfig } from '@keshi/runtime/config';
import { createLifecycle, type Lifecycle } from '@keshi/runtime/lifecycle';
import { createLogger, type Logger } from '@keshi/runtime/log';
import { seedCluster } from './cluster/demo.ts';
import { startRedis } from './cluster/redis.ts';
import { startCluster } from './cluster/services.ts';
import { say } from './greeting.ts';

const signalingNodes = 2;
const proctors = 1;

async function run(log: Logger, lifecycle: Lifecycle): Promise<void> {
  const config = loadConfig(process.env, { runs: [] });
  // Data of its own: whoever tries the cluster does not find it in the one-process product, nor the other way round.
  const dataDir = join(config.dataDir, 'cluster');

  const postgres = await startEmbedded({
    dir: join(dataDir, 'postgres'),
    log: log.child({ part: 'postgres' }),
  });
  lifecycle.onStop('PostgreSQL', () => postgres.stop(), 45_000);
  const redis = await startRedis({ dir: join(dataDir, 'redis'), port: await freePort() });
  lifecycle.onStop('Redis', () => redis.stop());

  const accounts = await seedCluster({ dataDir, databaseUrl: postgres.url, log });
  const cluster = await startCluster({
    dataDir,
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    signalingNodes,
    proctors,
    port: config.port,
    onOutput: (text) => process.stdout.write(text),
  });
  lifecycle.onStop('services', () => cluster.stop(), 60_000);
  say(cluster.url, accounts);
}

async function main(): Promise<void> {
  const log = createLogger({ name: 'cluster', level: 'info', format: 'readable' });
  const lifecycle = createLifecycle(log);
  lifecycle.bindProcess();
  try {
    await run(log, lifecycle);
  } catch (error) {
    if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
    else log.fatal({ err: error }, 'the cluster could not start');
    process.exit(await lifecycle.stop('start failed', 1));
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
