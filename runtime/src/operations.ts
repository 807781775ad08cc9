/** What operators ask of a process that nobody else asks over HTTP: /healthz, and /metrics with the token. */
import type { RequestListener } from 'node:http';
import type { Config } from './config.ts';
import type { Health } from './health.ts';
import type { Metrics } from './metrics.ts';

export function operations(
  { metricsToken }: Pick<Config, 'metricsToken'>,
  health: Health,
  metrics: Metrics,
): RequestListener {
  const wanted = metricsToken === null ? null : `Bearer ${metricsToken}`;
  return (request, response) => {
    const answer = async () => {
      const path = request.url?.split('?')[0];
      if (path === '/healthz') {
        const report = await health.report();
        response.writeHead(report.status === 'down' ? 503 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(report));
      } else if (path === '/metrics' && (wanted === null || request.headers.authorization === wanted)) {
        response.writeHead(200, { 'content-type': metrics.contentType });
        response.end(await metrics.text());
      } else response.writeHead(404).end();
    };
    answer().catch(() => response.destroy());
  };
}
