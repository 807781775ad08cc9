/** The SFU as a process of its own: config → workers → link → registry → drain. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { sfuContract, sfuNodeKind } from '@keshi/contract/sfu';
import { ConfigError, loadConfig, type Config } from '@keshi/runtime/config';
import { createHealth } from '@keshi/runtime/health';
import { createLifecycle, type Lifecycle } from '@keshi/runtime/lifecycle';
import { createLinkServer } from '@keshi/runtime/link/server';
import { createLogger, type Logger } from '@keshi/runtime/log';
import { createMetrics } from '@keshi/runtime/metrics';
import { createState } from '@keshi/runtime/state/state';
import { announce } from './announcement.ts';
import { operations } from './operations.ts';
import { createSfuService } from './service.ts';

async function run(config: Config, log: Logger, lifecycle: Lifecycle): Promise<void> {
  const metrics = createMetrics({ service: 'sfu' });
  const health = createHealth(log);
  const state = await createState(config, log);
  lifecycle.onStop('shared state', () => state.close());
  health.add({ name: 'shared-state', check: () => state.health(), essential: false });

  const service = await createSfuService(config.sfu, { log, metrics, health });
  lifecycle.onStop('media workers', () => service.close());

  const links = await createLinkServer({
    contract: sfuContract,
    secret: config.serviceSecret,
    audience: sfuNodeKind,
    serve: (link) => service.serve(link),
    answer: operations(config, health, metrics),
    log,
    port: config.sfu.linkPort,
    host: config.host,
  });
  lifecycle.onStop('links', () => links.close());

  const isWildcard = config.host === '0.0.0.0' || config.host === '::';
  const url = `ws://${isWildcard ? hostname() : config.host}:${links.port}`;
  const announcement = await announce({
    registry: state.registry,
    nodeId: randomUUID(),
    info: () => ({ url, ...service.info() }),
    log,
  });
  // Steps run in reverse: nobody new is sent here, everyone here is told to go elsewhere while the links still carry
  // it, and only then does the node leave the registry.
  lifecycle.onStop('registry', () => announcement.withdraw());
  lifecycle.onStop('peers', () => service.node.close());
  lifecycle.onStop('drain', async () => {
    service.drain();
    await announcement.update();
  });
  log.info({ port: links.port, workers: config.sfu.workers }, 'sfu ready');
}

async function main(): Promise<void> {
  const config = loadConfig(process.env, { runs: ['sfu'] });
  const log = createLogger({
    name: 'sfu',
    level: config.logLevel,
    format: config.env === 'production' ? 'json' : 'readable',
  });
  const lifecycle = createLifecycle(log);
  lifecycle.bindProcess();
  try {
    await run(config, log, lifecycle);
  } catch (error) {
    log.fatal({ err: error }, 'sfu could not start');
    process.exit(await lifecycle.stop('start failed', 1));
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
