import { timingSafeEqual } from 'node:crypto';
import { AppError } from '@keshi/runtime/errors';
import { latencyBuckets, type Metrics } from '@keshi/runtime/metrics';
import type { RequestHandler } from 'express';

/** Times every request under its route as written, so that ids make no new series. */
export function createRequestTimes(metrics: Metrics) {
  const seconds = metrics.histogram({
    name: 'http_request_seconds',
    help: 'Time from the request to the end of its answer.',
    labels: ['method', 'route', 'status'],
    buckets: latencyBuckets,
  });

  function observe(of: { method: string; route: string; status: number; started: number }): void {
    const { method, route, status, started } = of;
    seconds.observe({ method, route, status: String(status) }, (performance.now() - started) / 1000);
  }

  const handler: RequestHandler = (req, res, next) => {
    const started = performance.now();
    res.once('finish', () => {
      const found: unknown = req.route;
      const route =
        typeof found === 'object' && found !== null && 'path' in found ? String(found.path) : 'pages';
      observe({ method: req.method, route, status: res.statusCode, started });
    });
    next();
  };

  return { observe, handler };
}

/** For the scraper: with the token when one is set, else from this machine alone. */
export function metricsPage(metrics: Metrics, token: string | null): RequestHandler {
  return async (req, res) => {
    if (!mayRead(req.headers.authorization, req.socket.remoteAddress, token))
      throw new AppError('unauthenticated');
    res.type(metrics.contentType).send(await metrics.text());
  };
}

function mayRead(
  authorization: string | undefined,
  address: string | undefined,
  token: string | null,
): boolean {
  if (token === null) return address !== undefined && /^(::1|(::ffff:)?127\.)/.test(address);
  const given = Buffer.from(authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
