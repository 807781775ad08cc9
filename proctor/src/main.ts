/** The proctor as a process of its own: config → threads → queue → listen → drain. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type Config, ConfigError } from '@keshi/runtime/config';
import { createHealth } from '@keshi/runtime/health';
import type { Lifecycle } from '@keshi/runtime/lifecycle';
import type { Logger } from '@keshi/runtime/log';
import { createMetrics } from '@keshi/runtime/metrics';
import { operations } from '@keshi/runtime/operations';
import { runService } from '@keshi/runtime/service-process';
import { createState } from '@keshi/runtime/state/state';
import { createProctorService } from './service.ts';

async function run(config: Config, log: Logger, lifecycle: Lifecycle): Promise<void> {
  const { signingKey, threads, port } = config.proctor;
  if (!signingKey) throw new ConfigError(['PROCTOR_KEY: missing']);
  if (!config.redisUrl) throw new ConfigError(['REDIS_URL: missing (required for a process of its own)']);
  const metrics = createMetrics({ service: 'proctor' });
  const health = createHealth(log);
  const state = await createState(config, log);
  lifecycle.onStop('shared state', () => state.close());
  health.add({ name: 'shared-state', check: () => state.health(), essential: false });

  const nodeId = randomUUID();
  const service = await createProctorService({
    log,
    metrics,
    health,
    threads,
    signingKey,
    queue: state.jobs,
    secret: config.serviceSecret,
    nodeId,
  });
  lifecycle.onStop('proctor', () => service.close(), 12_000);

  const http = createServer(operations(config, health, metrics));
  http.listen({ port, host: config.host });
  await once(http, 'listening');
  lifecycle.onStop('http', () => {
    http.close();
    http.closeAllConnections();
  });
  log.info({ port, nodeId }, 'proctor listens');
}

runService('proctor', run, { runs: ['proctor'] });
