/** What operators ask of this process, on the port its links come to: /healthz, and /metrics with the token. */
import type { RequestListener } from 'node:http';
import type { Config } from '@keshi/runtime/config';
import type { Health } from '@keshi/runtime/health';
import type { Metrics } from '@keshi/runtime/metrics';

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
