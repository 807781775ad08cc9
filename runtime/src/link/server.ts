import { once } from 'node:events';
import { type IncomingMessage, type RequestListener, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { type Clock, systemClock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { createCredentialCheck } from './credential.ts';
import { createExchange } from './exchange.ts';
import {
  type CloseReason,
  type Link,
  type LinkContract,
  type LinkState,
  defaultMaxMessageBytes,
} from './link.ts';
import { runSocket } from './socket.ts';

export const linkPath = '/link';
export const proofHeader = 'x-keshi-link-proof';

export interface LinkServerOptions<C extends LinkContract> {
  contract: C;
  /** The service credential's secret, the same on both sides; never on the wire. */
  secret: string;
  /** Whom clients mean to reach: this node's id, or its kind. A credential for another is refused. */
  audience: string;
  /** Called with each new link, before its first frame is looked at: register handlers here, at once. */
  serve: (link: Link<C>) => void;
  /** Answers plain requests to the same port, such as a health check; by default every one gets 404. */
  answer?: RequestListener;
  log: Logger;
  /** 0 lets the system choose. */
  port: number;
  host?: string;
  tls?: { cert: string | Buffer; key: string | Buffer };
  clock?: Clock;
  maxMessageBytes?: number;
}

export interface LinkServer {
  readonly port: number;
  /** How many links are open. */
  readonly size: number;
  /** Closes every link and stops listening; idempotent. Clients will try to come back elsewhere. */
  close(): Promise<void>;
}

/** Listens for links. Who cannot prove the service secret gets 401 and nothing more. */
export async function createLinkServer<C extends LinkContract>({
  contract,
  secret,
  audience,
  serve,
  answer = (_request, response) => response.writeHead(404).end(),
  log,
  port,
  host = '127.0.0.1',
  tls,
  clock = systemClock,
  maxMessageBytes = defaultMaxMessageBytes,
}: LinkServerOptions<C>): Promise<LinkServer> {
  const credentials = createCredentialCheck({ secret, audience, clock });
  const proofs = new WeakMap<IncomingMessage, string>();
  const links = new Set<Link<C>>();
  const http = tls ? createTlsServer(tls) : createServer();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    allowSynchronousEvents: false,
  });

  http.on('request', answer);
  sockets.on('headers', (headers, request) => headers.push(`${proofHeader}: ${proofs.get(request) ?? ''}`));

  http.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', (error) => log.debug({ err: error }, 'link refused or lost before it opened'));
    if (request.url !== linkPath) return refuse(stream, '404 Not Found');
    const verdict = credentials.check(request.headers.authorization?.replace(/^KeshiLink /, ''));
    if (!verdict.ok) {
      log.warn({ reason: verdict.reason }, 'link refused');
      return refuse(stream, '401 Unauthorized');
    }
    proofs.set(request, verdict.proof);
    sockets.handleUpgrade(request, stream, head, (socket) => {
      const child = log.child({ peer: verdict.from });
      const exchange = createExchange({ contract, log: child, maxMessageBytes });
      const watchers = new Set<(state: LinkState) => void>();
      const { promise: closed, resolve } = Promise.withResolvers<CloseReason>();
      let state: LinkState = { kind: 'open' };
      const line = runSocket({
        socket,
        exchange,
        maxMessageBytes,
        log: child,
        onEnd(reason) {
          state = { kind: 'closed', reason };
          links.delete(link);
          child.info({ reason }, 'link closed');
          resolve(reason);
          for (const watcher of [...watchers]) watcher(state);
        },
      });
      const link: Link<C> = {
        peer: verdict.from,
        closed,
        get state() {
          return state;
        },
        request: exchange.request,
        handle: exchange.handle,
        emit: exchange.emit,
        on: exchange.on,
        watch(fn) {
          watchers.add(fn);
          return () => void watchers.delete(fn);
        },
        async close() {
          line.end('closed');
        },
      };
      links.add(link);
      child.info('link open');
      try {
        serve(link);
      } catch (error) {
        child.error({ err: error }, 'link could not be served');
        line.end('closed');
      }
    });
  });

  http.listen(port, host);
  await once(http, 'listening');
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('the link server has no port');
  let closing: Promise<void> | null = null;

  return {
    port: address.port,
    get size() {
      return links.size;
    },
    close() {
      closing ??= (async () => {
        const ended = once(http, 'close');
        http.close();
        await Promise.all([...links].map((link) => link.close()));
        http.closeIdleConnections();
        await ended;
      })();
      return closing;
    },
  };
}

function refuse(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
