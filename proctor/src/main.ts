/** The proctor as a process of its own: config → threads → queue → listen → drain. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type Config, ConfigError } from '@keshi/runtime/config';
import { createHealth, type Health } from '@keshi/runtime/health';
import type { Lifecycle } from '@keshi/runtime/lifecycle';
import type { Logger } from '@keshi/runtime/log';
import { createMetrics, type Metrics } from '@keshi/runtime/metrics';
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

/** What operators ask of this process; nobody else talks to it but through the queue. */
function operations(config: Config, health: Health, metrics: Metrics): RequestListener {
  const wanted = config.metricsToken === null ? null : `Bearer ${config.metricsToken}`;
  return (request, response) => {
    const answer = async () => {
      const path = request.url?.split('?')[0];
      if (path === '/healthz') {
        const report = await health.report();
        response.writeHead(report.status === 'down' ? 503 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(report));
      } else if (path === '/metrics' && (wanted === null || request.headers.authorization === wanted)) {
        response.writeHead(200, { 'content-type': metrics.contentType });
        response.end(await metrics.text());
      } else response.writeHead(404).end();
    };
    answer().catch(() => response.destroy());
  };
}

runService('proctor', run, { runs: ['proctor'] });
