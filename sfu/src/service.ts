/** The SFU as a service: workers, node, health and metrics. Its own process and the one-machine composition use it alike. */
import { sfuRequests, type sfuContract, type SfuNodeInfo } from '@keshi/contract/sfu';
import type { Config } from '@keshi/runtime/config';
import type { Health } from '@keshi/runtime/health';
import type { Link } from '@keshi/runtime/link/link';
import type { Logger } from '@keshi/runtime/log';
import type { Metrics } from '@keshi/runtime/metrics';
import { exposeMetrics } from './metrics.ts';
import { createSfuNode, type SfuNode, type SfuRequestName } from './node.ts';
import { placeByLoad, type Placement } from './placement.ts';
import { createWorkerPool, type WorkerPool } from './worker-pool.ts';

export type SfuLink = Link<typeof sfuContract>;

export interface SfuServiceDeps {
  log: Logger;
  metrics: Metrics;
  health: Health;
  placement?: Placement;
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
  /** For the registry. */
  info(): Omit<SfuNodeInfo, 'url'>;
  /** No new class and no new peer from here on. */
  drain(): void;
  /** Tells every peer to join elsewhere, then ends the workers. Idempotent. */
  close(): Promise<void>;
}

/** Rejects when the workers cannot be started. */
export async function createSfuService(
  config: Pick<Config['sfu'], 'workers' | 'listenIp' | 'announcedAddress' | 'portBase'>,
  { log, metrics, health, placement = placeByLoad() }: SfuServiceDeps,
): Promise<SfuService> {
  const pool = await createWorkerPool({ ...config, log });
  const node = createSfuNode({ pool, log, placement });
  let draining = false;
  exposeMetrics(metrics, node, pool);
  health.add({ name: 'media-workers', check: () => pool.health() });

  function serve(link: SfuLink): void {
    const handle = <K extends SfuRequestName>(name: K) => {
      link.handle(name, (params) => node.request(name, params));
    };
    for (const name of Object.keys(sfuRequests)) if (isRequestName(name)) handle(name);
    const silence = node.onEvent((event) => {
      link.emit(event.name, event.payload);
    });
    void link.closed.then(silence);
  }

  return {
    node,
    pool,
    serve,
    info() {
      const { consumers, pipes } = node.census();
      const budget = Math.max(1, pool.workers().length * placement.budget);
      return { draining, usedPercent: 5 * Math.round((20 * (consumers + pipes)) / budget) };
    },
    drain() {
      draining = true;
      node.drain();
    },
    async close() {
      node.close();
      await pool.close();
    },
  };
}

const isRequestName = (name: string): name is SfuRequestName => name in sfuRequests;
