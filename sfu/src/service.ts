/** The SFU as a service: workers, node, health and metrics. Its own process and the one-machine composition use it alike. */
import { setTimeout as delay } from 'node:timers/promises';
import { sfuRequests, type sfuContract, type SfuEvent, type SfuNodeInfo } from '@keshi/contract/sfu';
import type { Config } from '@keshi/runtime/config';
import type { Health } from '@keshi/runtime/health';
import type { Link } from '@keshi/runtime/link/link';
import type { Logger } from '@keshi/runtime/log';
import type { Metrics } from '@keshi/runtime/metrics';
import { exposeMetrics } from './metrics.ts';
import { createSfuNode, type SfuNode, type SfuRequestName } from './node.ts';
import type { ClosableNodeRecorder } from './node-recorder.ts';
import { placeByLoad, usedOf, type Placement } from './placement.ts';
import type { Mesh, MeshLink } from './mesh/links.ts';
import { createWorkerPool, type WorkerPool } from './worker-pool.ts';

export type SfuLink = Link<typeof sfuContract>;

export interface SfuServiceDeps {
  log: Logger;
  metrics: Metrics;
  health: Health;
  placement?: Placement;
  /** The other nodes; without it this node stands alone. */
  mesh?: Mesh;
  recorder?: ClosableNodeRecorder;
}

export interface SfuService {
  readonly node: SfuNode;
  readonly pool: WorkerPool;
  /**
   * Answers one link of signaling and tells it every event of this node. Several signaling nodes may be linked at
   * once: each hears all events and takes what concerns its people. A link that ends closes nobody's media, because
   * media sessions outlive a restart of signaling.
   */
  serve(link: SfuLink): void;
  /** Answers one link of another node. */
  serveMesh(link: MeshLink): void;
  /** For the registry. */
  info(): Omit<SfuNodeInfo, 'url' | 'meshUrl'>;
  /** No new class and no new peer from here on. */
  drain(): void;
  /** Resolves when nobody has media here any more, or after `withinMs`. */
  deserted(withinMs: number): Promise<void>;
  /** Tells every peer to join elsewhere, then ends the workers. Idempotent. */
  close(): Promise<void>;
}

export type SfuServiceConfig = Pick<
  Config['sfu'],
  | 'workers'
  | 'workerConsumers'
  | 'workerMbps'
  | 'listenIp'
  | 'announcedAddress'
  | 'portBase'
  | 'pipeAddress'
  | 'pipePorts'
  | 'region'
>;

/** Rejects when the workers cannot be started. */
export async function createSfuService(config: SfuServiceConfig, deps: SfuServiceDeps): Promise<SfuService> {
  const { log, metrics, health, mesh, recorder } = deps;
  const placement =
    deps.placement ?? placeByLoad({ budget: config.workerConsumers, budgetMbps: config.workerMbps });
  const pool = await createWorkerPool({ ...config, log });
  const node = createSfuNode({
    pool,
    log,
    placement,
    ...(mesh ? { mesh: { mesh, listen: pipeListenOf(config) } } : {}),
    ...(recorder ? { recorder } : {}),
  });
  const listeners = new Set<(event: SfuEvent) => void>();
  recorder?.onEvent((event) => {
    for (const listener of listeners) listener(event);
  });
  let draining = false;
  exposeMetrics(metrics, node, pool);
  health.add({ name: 'media-workers', check: () => pool.health() });

  function serve(link: SfuLink): void {
    const handle = <K extends SfuRequestName>(name: K) => {
      link.handle(name, (params) => node.request(name, params));
    };
    for (const name of Object.keys(sfuRequests)) if (isRequestName(name)) handle(name);
    const tell = (event: SfuEvent) => {
      link.emit(event.name, event.payload);
    };
    listeners.add(tell);
    const silence = node.onEvent(tell);
    void link.closed.then(() => {
      silence();
      listeners.delete(tell);
    });
  }

  return {
    node,
    pool,
    serve,
    serveMesh: (link) => node.serveMesh(link),
    info() {
      const { policy } = placement;
      const workers = pool.workers();
      const used = workers.reduce((sum, media) => {
        const { reserved, mbps, census } = media;
        const consumers = census.consumers + census.pipes;
        return sum + usedOf({ reserved, mbps, consumers, hasRouter: false }, policy);
      }, 0);
      const budget = workers.length * policy.budget;
      const usedPercent = budget === 0 ? 100 : stepPercent * Math.ceil((100 * used) / budget / stepPercent);
      return { draining, budget, usedPercent, region: config.region, records: recorder !== undefined };
    },
    drain() {
      draining = true;
      node.drain();
    },
    async deserted(withinMs) {
      const deadline = performance.now() + withinMs;
      while (node.stats().peers > 0 && performance.now() < deadline) await delay(desertedPollMs);
    },
    async close() {
      // What is open is stored while its streams still come.
      await recorder?.close();
      node.close();
      await pool.close();
    },
  };
}

const desertedPollMs = 100;
/** The registry is told in steps of this size. */
const stepPercent = 2;

function pipeListenOf({ listenIp, announcedAddress, pipeAddress, pipePorts }: SfuServiceConfig) {
  return { ip: listenIp, announcedAddress: pipeAddress ?? announcedAddress, ports: pipePorts };
}

const isRequestName = (name: string): name is SfuRequestName => name in sfuRequests;
