import { latencyBuckets, type Metrics } from '@keshi/runtime/metrics';

export interface Meters {
  connected(outcome: string): void;
  event(name: string, outcome: string): void;
  committed(ms: number): void;
  observe(gauges: Record<'connections' | 'classes' | 'presenceLagSeconds', () => number>): void;
}

export function createMeters(metrics: Metrics): Meters {
  const connects = metrics.counter({
    name: 'signaling_connects_total',
    help: 'Connections asked for, by outcome',
    labels: ['outcome'],
  });
  const events = metrics.counter({
    name: 'signaling_events_total',
    help: 'Messages of pages, by event and outcome',
    labels: ['event', 'outcome'],
  });
  const commits = metrics.histogram({
    name: 'signaling_commit_seconds',
    help: 'Time from a class command being decided to being stored',
    buckets: latencyBuckets,
  });
  return {
    connected: (outcome) => connects.inc({ outcome }),
    event: (event, outcome) => events.inc({ event, outcome }),
    committed: (ms) => commits.observe(ms / 1000),
    observe({ connections, classes, presenceLagSeconds }) {
      metrics.gauge({
        name: 'signaling_connections',
        help: 'Connections of this node',
        collect: (gauge) => gauge.set(connections()),
      });
      metrics.gauge({
        name: 'signaling_classes',
        help: 'Classes this node coordinates',
        collect: (gauge) => gauge.set(classes()),
      });
      metrics.gauge({
        name: 'signaling_presence_lag_seconds',
        help: 'Age of the oldest presence fact that is not stored yet',
        collect: (gauge) => gauge.set(presenceLagSeconds()),
      });
    },
  };
}
