import { latencyBuckets, type Metrics } from '@keshi/runtime/metrics';

type Gauges =
  'connections' | 'mostConnections' | 'classes' | 'presenceLagSeconds' | 'joinsUnderWay' | 'joinsPerSecond';

export interface Meters {
  connected(outcome: string): void;
  event(name: string, outcome: string): void;
  committed(ms: number): void;
  /** A connection was let go because it did not read. */
  tooSlow(): void;
  observe(gauges: Record<Gauges, () => number>): void;
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
  const slow = metrics.counter({
    name: 'signaling_slow_readers_total',
    help: 'Connections let go because they did not read what they were sent',
  });
  return {
    connected: (outcome) => connects.inc({ outcome }),
    event: (event, outcome) => events.inc({ event, outcome }),
    committed: (ms) => commits.observe(ms / 1000),
    tooSlow: () => slow.inc(),
    observe({ connections, mostConnections, classes, presenceLagSeconds, joinsUnderWay, joinsPerSecond }) {
      metrics.gauge({
        name: 'signaling_connections',
        help: 'Connections of this node',
        collect: (gauge) => gauge.set(connections()),
      });
      metrics.gauge({
        name: 'signaling_connections_most',
        help: 'Connections this node has room for by its open-file limit',
        collect: (gauge) => gauge.set(mostConnections()),
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
      metrics.gauge({
        name: 'signaling_joins_under_way',
        help: 'Joins being worked on',
        collect: (gauge) => gauge.set(joinsUnderWay()),
      });
      metrics.gauge({
        name: 'signaling_join_capacity_per_second',
        help: 'Joins this node was last seen to complete in a second while it had enough to do',
        collect: (gauge) => gauge.set(joinsPerSecond()),
      });
    },
  };
}
