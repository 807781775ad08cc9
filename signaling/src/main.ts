/** Signaling as a process of its own: config → connect → listen → drain. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createDb } from '@keshi/db/client';
import { type Config, ConfigError, loadConfig } from '@keshi/runtime/config';
import { createHealth } from '@keshi/runtime/health';
import { createLifecycle, type Lifecycle } from '@keshi/runtime/lifecycle';
import { createLogger, type Logger } from '@keshi/runtime/log';
import { createMetrics } from '@keshi/runtime/metrics';
import { operations } from '@keshi/runtime/operations';
import { createState } from '@keshi/runtime/state/state';
import { registeredMediaNodes } from './media/nodes.ts';
import { createSignaling, type Signaling } from './service.ts';

/** A storm of reconnects must find room in the queue: the system's own limit is what counts. */
const backlog = 32_768;

async function run(config: Config, log: Logger, lifecycle: Lifecycle): Promise<void> {
  if (!config.databaseUrl)
    throw new ConfigError(['DATABASE_URL: missing (required for a process of its own)']);
  const metrics = createMetrics({ service: 'signaling' });
  const health = createHealth(log);
  let signaling: Signaling | null = null;
  const operate = operations(config, health, metrics);
  const http = openHttp(config, (request, response) => {
    const answer = async () => {
      if (!(await signaling?.handle(request, response))) operate(request, response);
    };
    answer().catch(() => response.destroy());
  });
  const db = createDb({
    url: config.databaseUrl,
    keys: config.piiKeys.map(({ id, key }) => ({ id, secret: key })),
    log,
  });
  lifecycle.onStop('database', () => db.close());
  const state = await createState(config, log);
  lifecycle.onStop('shared state', () => state.close());
  health.add({
    name: 'database',
    check: async () =>
      (await db.health()).ok ? { status: 'ok' } : { status: 'down', reason: 'unreachable' },
  });
  health.add({ name: 'shared-state', check: () => state.health(), essential: false });

  const nodeId = randomUUID();
  const media = await registeredMediaNodes({
    registry: state.registry,
    secret: config.serviceSecret,
    nodeId,
    log,
  });
  lifecycle.onStop('media links', () => media.close());
  const running = await createSignaling({ http, config, state, db, media, log, metrics, health, nodeId });
  signaling = running;
  lifecycle.onStop('http', () => closeHttp(http));
  lifecycle.onStop('signaling', () => running.close(), 30_000);

  http.listen({ port: config.signaling.port, host: config.host, backlog });
  await once(http, 'listening');
  const address = http.address();
  const port = typeof address === 'object' && address ? address.port : config.signaling.port;
  log.info({ port }, 'signaling listens');
}

function openHttp(config: Config, listener: RequestListener): Server {
  if (!config.tls) return createHttp(listener);
  const { certFile, keyFile } = config.tls;
  return createHttps({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, listener);
}

async function closeHttp(http: Server): Promise<void> {
  if (!http.listening) return;
  http.close();
  http.closeAllConnections();
  await once(http, 'close');
}

async function main(): Promise<void> {
  const config = loadConfig(process.env, { runs: ['signaling'] });
  const log = createLogger({
    name: 'signaling',
    level: config.logLevel,
    format: config.env === 'production' ? 'json' : 'readable',
  });
  const lifecycle = createLifecycle(log);
  lifecycle.bindProcess();
  try {
    await run(config, log, lifecycle);
  } catch (error) {
    if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
    else log.fatal({ err: error }, 'signaling could not start');
    process.exit(await lifecycle.stop('start failed', 1));
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
