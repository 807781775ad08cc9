import type { Logger } from './log.ts';

export type HealthStatus = 'ok' | 'degraded' | 'down';
export type CheckResult = { status: 'ok' } | { status: 'degraded' | 'down'; reason: string };

export interface HealthReport {
  status: HealthStatus;
  checks: Record<string, CheckResult & { ms: number }>;
}

export interface HealthCheck {
  name: string;
  /** Returns what it found (nothing means ok); throwing means down. Reasons are for operators: no secrets. */
  check: () => Promise<CheckResult | void> | CheckResult | void;
  timeoutMs?: number;
  /** When false, this being down only degrades the service. True by default. */
  essential?: boolean;
}

export interface Health {
  add(check: HealthCheck): void;
  /** Runs all checks at once, each within its time. Callers at the same moment share one run. */
  report(): Promise<HealthReport>;
}

/** Named checks behind /healthz. A check that hangs is down, and never makes the report itself hang. */
export function createHealth(log: Logger): Health {
  const checks = new Map<string, HealthCheck>();
  const last = new Map<string, HealthStatus>();
  let running: Promise<HealthReport> | null = null;

  async function run(entry: HealthCheck): Promise<CheckResult & { ms: number }> {
    const started = performance.now();
    const result = await settle(entry).catch((error: unknown): CheckResult => {
      log.warn({ check: entry.name, err: error }, 'health check failed');
      return { status: 'down', reason: 'failed' };
    });
    if (last.get(entry.name) !== result.status) {
      if (result.status !== 'ok') log.warn({ check: entry.name, ...result }, 'health changed');
      else if (last.has(entry.name)) log.info({ check: entry.name }, 'health restored');
      last.set(entry.name, result.status);
    }
    return { ...result, ms: Math.round(performance.now() - started) };
  }

  async function report(): Promise<HealthReport> {
    const entries = [...checks.values()];
    const results = await Promise.all(entries.map(run));
    let status: HealthStatus = 'ok';
    const byName: HealthReport['checks'] = {};
    for (const [index, entry] of entries.entries()) {
      const result = results[index];
      if (!result) continue;
      byName[entry.name] = result;
      if (result.status === 'down' && entry.essential !== false) status = 'down';
      else if (result.status !== 'ok' && status === 'ok') status = 'degraded';
    }
    return { status, checks: byName };
  }

  return {
    add(check) {
      if (checks.has(check.name)) throw new Error(`health check ${check.name} exists`);
      checks.set(check.name, check);
    },
    report() {
      running ??= report().finally(() => {
        running = null;
      });
      return running;
    },
  };
}

async function settle({ check, timeoutMs = 2_000 }: HealthCheck): Promise<CheckResult> {
  const { promise: late, resolve } = Promise.withResolvers<CheckResult>();
  const timer = setTimeout(resolve, timeoutMs, { status: 'down', reason: `no answer in ${timeoutMs} ms` });
  try {
    return (await Promise.race([(async () => check())(), late])) ?? { status: 'ok' };
  } finally {
    clearTimeout(timer);
  }
}
