import { expect, test } from 'vitest';
import { createHealth } from '../src/health.ts';
import { createMetrics } from '../src/metrics.ts';
import { createQuietLog } from './quiet-log.ts';

test('the worst essential check decides; one that is not essential only degrades', async () => {
  const health = createHealth(createQuietLog());
  health.add({ name: 'fine', check: () => {} });
  expect(await health.report()).toMatchObject({ status: 'ok', checks: { fine: { status: 'ok' } } });
  health.add({ name: 'extra', essential: false, check: () => ({ status: 'down', reason: 'no recorder' }) });
  expect((await health.report()).status).toBe('degraded');
  health.add({
    name: 'database',
    check: () => {
      throw new Error('password=secret');
    },
  });
  const report = await health.report();
  expect(report).toMatchObject({
    status: 'down',
    checks: { database: { status: 'down', reason: 'failed' } },
  });
  expect(JSON.stringify(report)).not.toContain('secret');
  expect(() => health.add({ name: 'fine', check: () => {} })).toThrow('exists');
});

test('a check that hangs is down, in its time', async () => {
  const health = createHealth(createQuietLog());
  health.add({ name: 'hanging', timeoutMs: 30, check: () => new Promise(() => {}) });
  expect(await health.report()).toMatchObject({
    status: 'down',
    checks: { hanging: { reason: 'no answer in 30 ms' } },
  });
});

test('who asks at the same moment shares one run', async () => {
  const health = createHealth(createQuietLog());
  let runs = 0;
  health.add({ name: 'counted', check: () => void (runs += 1) });
  await Promise.all([health.report(), health.report(), health.report()]);
  expect(runs).toBe(1);
  await health.report();
  expect(runs).toBe(2);
});

test('metrics: a registry of its own, with the lag of the event loop from the start', async () => {
  const metrics = createMetrics({ service: 'signaling' });
  createMetrics({ service: 'another' });
  const joins = metrics.counter({ name: 'joins_total', help: 'Joins.', labels: ['result'] });
  joins.inc({ result: 'ok' });
  metrics.histogram({ name: 'join_seconds', help: 'Time to join.', buckets: [0.1, 1] }).observe(0.5);
  metrics.gauge({ name: 'classes', help: 'Classes now.', collect: (gauge) => gauge.set(7) });
  const text = await metrics.text();
  expect(text).toContain('keshi_joins_total{result="ok",service="signaling"} 1');
  expect(text).toContain('keshi_join_seconds_bucket{le="1",service="signaling"} 1');
  expect(text).toContain('keshi_classes{service="signaling"} 7');
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
});
