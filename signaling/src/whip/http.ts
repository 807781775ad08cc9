/** HTTP as WHIP uses it: bodies of bounded size, answers every web page may read, refusals as problem documents. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { ErrorCode } from '@keshi/contract/errors';
import { DatabaseUnavailable } from '@keshi/db/client';
import { AppError, toProtocolError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { malformed, WhipRefusal } from './refusal.ts';

export interface WhipReply {
  status: number;
  headers?: Readonly<Record<string, string | string[]>>;
  body?: string;
}

/** An offer of a browser with every codec has 8 KB. */
const bodyBytes = 64 * 1024;

/** Encoders in web pages come from other origins; what they may do is in their token, never in a cookie [CORS]. */
const cors = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'Location, ETag, Link, Retry-After',
};

/** Throws WhipRefusal: 415 for another type than `type`, 413 beyond 64 KB, 400 for an empty body or one not in UTF-8. */
export async function readBody(req: IncomingMessage, type: string): Promise<string> {
  const given = (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (given !== type) throw new WhipRefusal(415, `the body must be ${type}`);
  const tooLarge = () => new WhipRefusal(413, `the body must not be longer than ${bodyBytes} bytes`);
  if (Number(req.headers['content-length'] ?? 0) > bodyBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // A body that is refused half read must not take its connection with it: the answer still has to go out.
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    const part = Buffer.from(chunk);
    size += part.length;
    if (size > bodyBytes) throw tooLarge();
    chunks.push(part);
  }
  if (size === 0) throw malformed('the body is empty');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw malformed('the body is not UTF-8');
  }
}

export function send(res: ServerResponse, { status, headers = {}, body }: WhipReply): void {
  res.writeHead(status, { ...cors, 'cache-control': 'no-store', ...headers });
  res.end(body);
}

/** What anything that was thrown is answered with: a problem document (RFC 9457) with the code pages know it by. */
export function failure(thrown: unknown, log: Logger): WhipReply {
  if (thrown instanceof WhipRefusal)
    return problem(thrown.status, { detail: thrown.message }, thrown.headers);
  const known =
    thrown instanceof DatabaseUnavailable
      ? new AppError('unavailable', { cause: thrown, retryMs: 2_000 })
      : thrown;
  const error = toProtocolError(known, log);
  const status = statusOf(error.code);
  return problem(status, error, {
    ...(error.retryMs === undefined ? {} : { 'retry-after': String(Math.ceil(error.retryMs / 1000)) }),
    ...(status === 401 ? { 'www-authenticate': challenge(error.code) } : {}),
  });
}

function problem(status: number, more: object, headers: Readonly<Record<string, string>>): WhipReply {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/problem+json' },
    body: JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, ...more }),
  };
}

const challenge = (code: ErrorCode) =>
  `Bearer realm="whip", error="invalid_token", error_description="${code}"`;

function statusOf(code: ErrorCode): number {
  switch (code) {
    case 'unauthenticated':
    case 'token-expired':
    case 'session-replaced':
    case 'session-revoked':
      return 401;
    case 'forbidden':
    case 'banned':
      return 403;
    case 'not-found':
    case 'media-not-found':
      return 404;
    case 'media-refused':
      return 422;
    case 'rate-limited':
      return 429;
    case 'invalid-input':
      return 400;
    case 'full':
    case 'draining':
    case 'unavailable':
    case 'media-unavailable':
      return 503;
    case 'internal':
      return 500;
    default:
      return 409;
  }
}

/** Who asks, where `proxies` of ours stand before us: what the last of them says. */
export function addressOf(req: IncomingMessage, proxies: number): string {
  const own = req.socket.remoteAddress ?? '';
  if (proxies === 0) return own;
  const forwarded = String(req.headers['x-forwarded-for'] ?? '').split(',');
  return forwarded.at(-proxies)?.trim() || own;
}
