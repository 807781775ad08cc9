import type { IncomingMessage, OutgoingHttpHeaders, RequestListener } from 'node:http';
import { AppError } from '@keshi/runtime/errors';
import type { Actor, Binding, Exchange } from './call.ts';
import type { Failed } from './failures.ts';
import { bodyLimit, checkReply, type MountDeps } from './mount.ts';

interface LaneDeps extends Pick<MountDeps, 'authenticate' | 'takeTurn' | 'checkReplies'> {
  isOwnOrigin(headers: IncomingMessage['headers']): boolean;
  /** What was thrown, as an answer. */
  failed(thrown: unknown, at: { method: string; path: string }): Failed;
  /** Counts an answer that began at `started` (`performance.now()`). */
  observe(of: { method: string; route: string; status: number; started: number }): void;
  /** Whoever answers everything else. */
  next: RequestListener;
}

const type = 'application/json; charset=utf-8';

/** Nothing of these answers is ever shown as a page; this says so to whoever opens one. */
const headers: OutgoingHttpHeaders = {
  'Content-Type': type,
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};

/** A handler in the lane knows who asks and what they say; of the request itself it sees nothing. */
const noExchange: Exchange = {
  address: '',
  userAgent: '',
  cookie: () => undefined,
  setCookie: refuse,
  status: refuse,
};

/**
 * Answers the few small requests that every page sends every few seconds before Express is asked: its way through two
 * dozen middlewares and a list of all routes costs several times what storing a report does. Origin, login, limit, size
 * and schema are the same as for every other route; a request in an unusual form (compressed, another charset, with a
 * query) goes the ordinary way.
 */
export function createFastLane(bindings: readonly Binding[], deps: LaneDeps): RequestListener {
  const lanes = bindings.map((binding) => ({ binding, match: matcherOf(binding.route.path) }));

  async function reply(
    req: IncomingMessage,
    { binding, params }: { binding: Binding; params: Record<string, string> },
  ): Promise<string> {
    if (!deps.isOwnOrigin(req.headers)) throw new AppError('csrf');
    // Refused before its body is read: strangers cost nothing.
    const actor: Actor = await deps.authenticate(req.headers.authorization);
    deps.takeTurn(binding.limit, actor.userId);
    const body = parsed(await textOf(req));
    const said = { params, query: {}, body, actor, http: noExchange, audit: refuse };
    const answer = await binding.invoke(said);
    const { path, reply: schema } = binding.route;
    if (deps.checkReplies && schema) checkReply(path, schema, answer);
    return JSON.stringify(answer);
  }

  return (req, res) => {
    const found = isPlain(req) ? find(lanes, req.url ?? '') : null;
    if (!found) return deps.next(req, res);
    const started = performance.now();
    const { path } = found.binding.route;
    const done = (status: number, text: string, more: OutgoingHttpHeaders = {}) => {
      res.writeHead(status, { ...headers, ...more, 'Content-Length': Buffer.byteLength(text) });
      res.end(text);
      deps.observe({ method: 'POST', route: path, status, started });
    };
    reply(req, found).then(
      (text) => done(200, text),
      (thrown: unknown) => {
        const { status, error } = deps.failed(thrown, { method: 'POST', path });
        // What was not read of a refused body is not waited for.
        const closing = req.complete ? {} : { Connection: 'close' };
        const retry =
          error.retryMs === undefined ? {} : { 'Retry-After': String(Math.ceil(error.retryMs / 1000)) };
        done(status, JSON.stringify({ error }), { ...closing, ...retry });
      },
    );
  };
}

function find(
  lanes: readonly { binding: Binding; match: (url: string) => Record<string, string> | null }[],
  url: string,
) {
  for (const { binding, match } of lanes) {
    const params = match(url);
    if (params) return { binding, params };
  }
  return null;
}

/** Whether a path is one of this route; its parameters, undecoded, since all of these are ids. */
function matcherOf(path: string): (url: string) => Record<string, string> | null {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const pattern = new RegExp(`^${path.replace(/:\w+/g, '([0-9A-Za-z-]+)')}$`);
  return (url) => {
    const values = pattern.exec(url);
    return values && Object.fromEntries(names.map((name, index) => [name, values[index + 1] ?? '']));
  };
}

function isPlain({
  method,
  headers: { 'content-type': given, 'content-encoding': encoding },
}: IncomingMessage) {
  return (
    method === 'POST' &&
    encoding === undefined &&
    (given === 'application/json' ||
      given?.toLowerCase().replace(/\s/g, '') === 'application/json;charset=utf-8')
  );
}

/** Rejects with `too-large`, and with the connection's own error when the caller goes away. */
function textOf(req: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    req.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > bodyLimit) reject(new AppError('too-large'));
      else parts.push(part);
    });
    req.on('end', () =>
      resolve((parts.length === 1 ? parts[0] : Buffer.concat(parts))?.toString('utf8') ?? ''),
    );
    req.on('error', () => reject(new AppError('invalid-input', { fields: [] })));
  });
}

/** Nothing at all is an empty object, and neither a text nor a number is a body: as Express has it. */
function parsed(text: string): unknown {
  if (text === '') return {};
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) return body;
  } catch (cause) {
    throw new AppError('invalid-input', { cause, fields: [] });
  }
  throw new AppError('invalid-input', { fields: [] });
}

function refuse(): never {
  throw new AppError('internal', {
    message: 'a route of the fast lane reached for the request or the audit log',
  });
}
