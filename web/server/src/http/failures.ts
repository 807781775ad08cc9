import type { ProtocolError } from '@keshi/contract/errors';
import { DatabaseUnavailable } from '@keshi/db/client';
import { isRefused } from '@keshi/db/failures';
import { AppError, toProtocolError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { statusOf } from './status.ts';

export interface Failed {
  status: number;
  error: ProtocolError;
}

/** The one place where what was thrown becomes an answer: `{ error: { code, … } }` with the code's status. */
export function createFailures(log: Logger) {
  function failed(thrown: unknown, at: { method: string; path: string }): Failed {
    const error = toProtocolError(known(thrown), log.child(at));
    return { status: statusOf[error.code], error };
  }

  // Express knows an error handler by its four parameters.
  const handler: ErrorRequestHandler = (thrown: unknown, req, res, _next) => {
    const { status, error } = failed(thrown, { method: req.method, path: routeOf(req) });
    if (res.headersSent) {
      res.destroy();
      return;
    }
    if (error.retryMs !== undefined) res.setHeader('Retry-After', Math.ceil(error.retryMs / 1000));
    res.setHeader('Cache-Control', 'no-store');
    res.status(status).json({ error } satisfies { error: ProtocolError });
  };

  return { failed, handler };
}

/** For paths under /api that no route has. */
export const unknownPath: RequestHandler = () => {
  throw new AppError('not-found');
};

/** Errors of Express and of the store, named in the protocol's words. */
function known(thrown: unknown): unknown {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof DatabaseUnavailable)
    return new AppError('unavailable', { cause: thrown, retryMs: 2_000 });
  if (isRefused(thrown)) return new AppError(thrown.code, { cause: thrown, fields: namesOf(thrown.fields) });
  if (!(thrown instanceof Error)) return thrown;
  const type = 'type' in thrown ? thrown.type : undefined;
  const status = 'status' in thrown ? thrown.status : undefined;
  if (type === 'entity.too.large') return new AppError('too-large', { cause: thrown });
  if (status === 404) return new AppError('not-found', { cause: thrown });
  // Malformed JSON, a wrong charset, an address that does not decode: all of them the caller's.
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new AppError('invalid-input', { cause: thrown, fields: [] });
  return thrown;
}

/** Columns that are taken, under the names the page sent them. */
function namesOf(columns: readonly string[]): string[] | undefined {
  if (columns.length === 0) return undefined;
  return columns.map((column) => `body.${column.replace(/(Index|Sealed)$/, '')}`);
}

/** The route as it is written, without the ids in it. */
function routeOf(req: Parameters<RequestHandler>[0]): string {
  const route: unknown = req.route;
  return typeof route === 'object' && route !== null && 'path' in route ? String(route.path) : '(none)';
}
