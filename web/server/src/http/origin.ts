import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '@keshi/runtime/errors';
import type { RequestHandler } from 'express';

/**
 * Requests that change something must come from our own pages. Browsers name the origin of every such request; callers
 * that are no browsers name none, and hold no cookies a stranger's page could ride on.
 */
export function createOriginCheck(publicUrl: string) {
  const ours = new URL(publicUrl).host;

  function isOwnOrigin(headers: IncomingHttpHeaders): boolean {
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
    if (headers.origin === undefined) return site === undefined || site === 'same-origin';
    const origin = URL.parse(headers.origin);
    return origin !== null && (origin.host === ours || origin.host === headers.host);
  }

  const handler: RequestHandler = (req, _res, next) => {
    if (req.method !== 'GET' && req.method !== 'HEAD' && !isOwnOrigin(req.headers))
      throw new AppError('csrf');
    next();
  };

  return { isOwnOrigin, handler };
}
