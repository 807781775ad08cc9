import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '@keshi/runtime/config';

interface Options {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  tls: { certFile: string; keyFile: string } | null;
}

export interface Listener {
  /** Others (signaling) may attach to it as well. */
  server: Server;
  port: number;
  /** Until then, and after `drain`, every request is answered 503. */
  open(handler: RequestListener): void;
  drain(): void;
  /** Takes no new connections, lets running requests finish, ends what is left after `graceMs`. Idempotent. */
  close(graceMs?: number): Promise<void>;
}

/**
 * Takes the port before anything else is started, so that one that is in use says so at once: throws ConfigError with
 * what to do about it.
 */
export async function listen({ host, port, tls }: Options): Promise<Listener> {
  let handler: RequestListener = refuse('unavailable');
  const answer: RequestListener = (req, res) => handler(req, res);
  const server = tls
    ? createTlsServer({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }, answer)
    : createServer(answer);
  // Slow senders may not hold a connection for ever; uploads are small here.
  server.requestTimeout = 30_000;
  server.headersTimeout = 15_000;
  // Longer than the usual minute of a load balancer, so that it is never us who closes under a request.
  server.keepAliveTimeout = 65_000;

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(plainly(error, port)));
    // A whole class reconnects at once; the default backlog of 511 makes them wait for retransmissions.
    server.listen({ host, port, backlog: 32_768 }, () => resolve());
  });
  server.removeAllListeners('error');
  let closed: Promise<void> | null = null;

  return {
    server,
    port: (server.address() as AddressInfo).port,
    open(next) {
      handler = next;
    },
    drain() {
      handler = refuse('draining');
    },
    close(graceMs = 5_000) {
      closed ??= new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      });
      return closed;
    },
  };
}

function refuse(code: 'unavailable' | 'draining'): RequestListener {
  return (_req, res) => {
    res.writeHead(503, {
      'Content-Type': 'application/json',
      'Retry-After': '2',
      'Cache-Control': 'no-store',
    });
    res.end(JSON.stringify({ error: { code, retryMs: 2_000 } }));
  };
}

function plainly(error: Error, port: number): Error {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return new ConfigError([`PORT: ${port} is in use by another program; stop it, or choose another port`]);
  if (code === 'EACCES')
    return new ConfigError([`PORT: ${port} may not be opened by this user; choose one above 1023`]);
  return error;
}
