import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export interface MetricOptions<Label extends string> {
  /** Snake case with its unit as the last word (`_seconds`, `_bytes`, `_total`); `keshi_` is put before it. */
  name: string;
  help: string;
  /** Labels have few values: never a person's, class's or session's id. */
  labels?: readonly Label[];
}

export interface GaugeOptions<Label extends string> extends MetricOptions<Label> {
  /** Called at each scrape, to set what is cheaper to read then than to keep up to date. */
  collect?: (gauge: Gauge<Label>) => void | Promise<void>;
}

export interface Metrics {
  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label>;
  gauge<Label extends string = never>(options: GaugeOptions<Label>): Gauge<Label>;
  histogram<Label extends string = never>(
    options: MetricOptions<Label> & { buckets: readonly number[] },
  ): Histogram<Label>;
  contentType: string;
  /** The exposition text for a scrape. */
  text(): Promise<string>;
}

/** Seconds, fine where a person begins to notice. */
export const latencyBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10,
] as const;

/** One registry per process, with Node's own figures (event loop lag, memory, garbage collection) from the start. */
export function createMetrics({ service }: { service: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const common = <Label extends string>({ name, help, labels = [] }: MetricOptions<Label>) => ({
    name: `keshi_${name}`,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    counter: (options) => new Counter(common(options)),
    gauge<Label extends string>(options: GaugeOptions<Label>) {
      const { collect } = options;
      const gauge: Gauge<Label> = new Gauge({
        ...common(options),
        ...(collect ? { collect: () => collect(gauge) } : {}),
      });
      return gauge;
    },
    histogram: (options) => new Histogram({ ...common(options), buckets: [...options.buckets] }),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
