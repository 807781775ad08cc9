/** Hands the figures of this generator to the runner, which adds them up. */
interface Metric {
  type: string;
  values: Record<string, number>;
  thresholds?: Record<string, { ok: boolean }>;
}

/** k6 calls it at the end; what it answers is written to that file. */
export function report({ metrics }: { metrics: Record<string, Metric> }): Record<string, string> {
  return { [__ENV['SUMMARY'] ?? 'summary.json']: JSON.stringify(metrics) };
}
