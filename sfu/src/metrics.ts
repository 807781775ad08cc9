/** What an operator sees of a node, read from mediasoup's own census at each scrape. */
import type { Metrics } from '@keshi/runtime/metrics';
import type { Census } from './census.ts';
import type { SfuNode } from './node.ts';
import type { WorkerPool } from './worker-pool.ts';

const censusHelp: Record<keyof Census, string> = {
  routers: 'Routers, one per class and worker it is spread over',
  observers: 'Audio level observers',
  transports: 'Transports of peers',
  pipeTransports: 'Ends of pipes between workers',
  producers: 'Streams published',
  consumers: 'Streams sent to viewers',
  pipes: 'Streams sent to other workers',
};

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export function exposeMetrics(metrics: Metrics, node: SfuNode, pool: WorkerPool): void {
  metrics.gauge({
    name: 'sfu_workers',
    help: 'Media workers alive',
    collect: (gauge) => gauge.set(pool.workers().length),
  });
  metrics.gauge({
    name: 'sfu_classes',
    help: 'Classes open on this node',
    collect: (gauge) => gauge.set(node.stats().classes),
  });
  metrics.gauge({
    name: 'sfu_peers',
    help: 'People whose media is on this node',
    collect: (gauge) => gauge.set(node.stats().peers),
  });
  const kinds: (keyof Census)[] = [
    'routers',
    'observers',
    'transports',
    'pipeTransports',
    'producers',
    'consumers',
    'pipes',
  ];
  for (const kind of kinds)
    metrics.gauge({
      name: `sfu_${snakeCase(kind)}`,
      help: censusHelp[kind],
      labels: ['port'],
      collect(gauge) {
        gauge.reset();
        for (const { port, census } of pool.workers()) gauge.set({ port: String(port) }, census[kind]);
      },
    });
  metrics.gauge({
    name: 'sfu_worker_cpu_seconds',
    help: 'Processor time a media worker has used since it started',
    labels: ['port'],
    async collect(gauge) {
      gauge.reset();
      await Promise.all(
        pool.workers().map(async ({ worker, port }) => {
          // A worker that dies during the scrape is missing from it.
          const usage = await worker.getResourceUsage().catch(() => null);
          if (usage) gauge.set({ port: String(port) }, (usage.ru_utime + usage.ru_stime) / 1000);
        }),
      );
    },
  });
}
