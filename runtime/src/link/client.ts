import { WebSocket } from 'ws';
import { type Clock, systemClock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { retryPauseMs } from '../retry.ts';
import { isProof, makeCredential } from './credential.ts';
import { createExchange } from './exchange.ts';
import {
  type CloseReason,
  type Link,
  type LinkContract,
  type LinkState,
  defaultMaxMessageBytes,
} from './link.ts';
import { linkPath, proofHeader } from './server.ts';
import { type SocketLine, runSocket } from './socket.ts';

const handshakeTimeoutMs = 5_000;
/** A connection that lasted this long counts as a success; one that ends sooner lengthens the pause before the next. */
const steadyAfterMs = 5_000;

export interface LinkClientOptions<C extends LinkContract> {
  contract: C;
  /** ws(s)://host:port of the server. */
  url: string;
  secret: string;
  /** This process, as the server shall know it. */
  from: string;
  /** The server meant: must equal its own `audience`. */
  audience: string;
  log: Logger;
  clock?: Clock;
  maxMessageBytes?: number;
  /** The longest pause between attempts, ms. */
  maxPauseMs?: number;
  /** A private authority's certificate for wss. */
  ca?: string | Buffer;
}

/**
 * A link that keeps itself up: it connects at once, and again after every loss, with pauses that grow and vary, until
 * `close`. Handlers and listeners stay. What was in flight at a loss rejects; nothing is sent twice. After an `open`
 * the peer may be a new life of the server: whoever depends on its state asks for it anew.
 */
export function createLinkClient<C extends LinkContract>({
  contract,
  url,
  secret,
  from,
  audience,
  log: parentLog,
  clock = systemClock,
  maxMessageBytes = defaultMaxMessageBytes,
  maxPauseMs = 5_000,
  ca,
}: LinkClientOptions<C>): Link<C> {
  const log = parentLog.child({ peer: audience });
  const exchange = createExchange({ contract, log, maxMessageBytes });
  const watchers = new Set<(state: LinkState) => void>();
  const { promise: closed, resolve } = Promise.withResolvers<CloseReason>();
  const target = new URL(linkPath, url);
  let state: LinkState = { kind: 'connecting', attempt: 1, failed: null };
  let attempt = 1;
  let retry: NodeJS.Timeout | undefined;
  let opening: WebSocket | null = null;
  let line: SocketLine | null = null;

  function change(next: LinkState): void {
    state = next;
    for (const watcher of [...watchers]) watcher(next);
  }

  function again(failed: CloseReason): void {
    if (state.kind === 'closed') return;
    retry = setTimeout(connect, retryPauseMs(attempt, maxPauseMs));
    attempt += 1;
    change({ kind: 'connecting', attempt, failed });
  }

  function connect(): void {
    const credential = makeCredential({ secret, from, audience, now: clock() });
    const socket = new WebSocket(target, {
      headers: { authorization: `KeshiLink ${credential.text}` },
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      allowSynchronousEvents: false,
      ...(ca ? { ca } : {}),
    });
    opening = socket;
    let failure: CloseReason = 'connection-lost';
    let proven = false;
    socket.once('upgrade', (response) => {
      const proof = response.headers[proofHeader];
      proven = isProof(typeof proof === 'string' ? proof : undefined, credential.expectedProof);
    });
    socket.once('unexpected-response', (_request, response) => {
      if (response.statusCode === 401) failure = 'refused';
      response.resume();
      socket.terminate();
    });
    socket.on('error', (error) => log.debug({ err: error }, 'link not connected'));
    const onFailure = () => {
      opening = null;
      if (failure === 'refused') log.warn('the peer refused our credential');
      again(failure);
    };
    socket.once('close', onFailure);
    socket.once('open', () => {
      if (!proven) {
        log.warn('the peer does not know the service secret');
        failure = 'refused';
        socket.terminate();
        return;
      }
      socket.off('close', onFailure);
      opening = null;
      const openedAt = performance.now();
      line = runSocket({
        socket,
        exchange,
        maxMessageBytes,
        log,
        onEnd(reason) {
          line = null;
          log.info({ reason }, 'link down');
          if (performance.now() - openedAt > steadyAfterMs) attempt = 1;
          again(reason);
        },
      });
      log.info('link up');
      change({ kind: 'open' });
    });
  }

  connect();
  return {
    peer: audience,
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
      if (state.kind === 'closed') return;
      clearTimeout(retry);
      change({ kind: 'closed', reason: 'closed' });
      opening?.terminate();
      line?.end('closed');
      resolve('closed');
    },
  };
}
