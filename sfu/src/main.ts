/** The SFU as a process of its own: config → workers → link → registry → drain. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { sfuContract } from '@keshi/contract/sfu';
import { meshContract } from '@keshi/contract/sfu-mesh';
import { ConfigError, loadConfig, type Config } from '@keshi/runtime/config';
import { createHealth } from '@keshi/runtime/health';
import { createLifecycle, type Lifecycle } from '@keshi/runtime/lifecycle';
import { createLinkServer } from '@keshi/runtime/link/server';
import { createLogger, type Logger } from '@keshi/runtime/log';
import { createMediaStore } from '@keshi/runtime/media-store/media-store';
import { createMetrics } from '@keshi/runtime/metrics';
import { operations } from '@keshi/runtime/operations';
import { createState } from '@keshi/runtime/state/state';
import { announce } from './announcement.ts';
import { createMesh } from './mesh/links.ts';
import { createNodeRecorder } from './node-recorder.ts';
import { createSfuService } from './service.ts';

/** How long people are given to be moved to other nodes: they are told over four seconds, and join in one. */
const drainMs = 8_000;

async function run(config: Config, log: Logger, lifecycle: Lifecycle): Promise<void> {
  const metrics = createMetrics({ service: 'sfu' });
  const health = createHealth(log);
  const state = await createState(config, log);
  lifecycle.onStop('shared state', () => state.close());
  health.add({ name: 'shared-state', check: () => state.health(), essential: false });

  const nodeId = randomUUID();
  const secret = config.serviceSecret;
  const mesh = await createMesh({ registry: state.registry, nodeId, secret, log });
  lifecycle.onStop('links to other nodes', () => mesh.close());
  const store = await createMediaStore(config.mediaStore, log);
  lifecycle.onStop('media store', () => store.close());
  health.add({ name: 'media-store', check: () => store.health(), essential: false });
  const recorder = createNodeRecorder({ store, storeConfig: config.mediaStore, log });
  const service = await createSfuService(config.sfu, { log, metrics, health, mesh, recorder });
  lifecycle.onStop('media workers', () => service.close());

  // Both answer to this life of this node alone: whoever finds its address in an old entry is refused.
  const links = await createLinkServer({
    contract: sfuContract,
    secret,
    audience: nodeId,
    serve: (link) => service.serve(link),
    answer: operations(config, health, metrics),
    log,
    port: config.sfu.linkPort,
    host: config.host,
  });
  lifecycle.onStop('links', () => links.close());
  const meshLinks = await createLinkServer({
    contract: meshContract,
    secret,
    audience: nodeId,
    serve: (link) => service.serveMesh(link),
    log,
    port: config.sfu.meshPort,
    host: config.host,
  });
  lifecycle.onStop('links of other nodes', () => meshLinks.close());

  const isWildcard = config.host === '0.0.0.0' || config.host === '::';
  const urlOf = (port: number) => `ws://${isWildcard ? hostname() : config.host}:${port}`;
  const announcement = await announce({
    registry: state.registry,
    nodeId,
    info: () => ({ url: urlOf(links.port), meshUrl: urlOf(meshLinks.port), ...service.info() }),
    log,
  });
  // Steps run in reverse: nobody new is sent here, everyone here is told to go elsewhere while the links still carry
  // it, and only then does the node leave the registry.
  lifecycle.onStop('registry', () => announcement.withdraw());
  lifecycle.onStop('recordings and peers', () => service.close(), 70_000);
  lifecycle.onStop(
    'drain',
    async () => {
      service.drain();
      await announcement.update();
      await service.deserted(drainMs);
    },
    drainMs + 2_000,
  );
  log.info({ port: links.port, nodeId, workers: config.sfu.workers }, 'sfu ready');
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
