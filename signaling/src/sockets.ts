/** The Socket.IO server of a node: WebSocket alone, tickets at the door. */
import type { Server as HttpServer } from 'node:http';
import { handshake, limits } from '@keshi/contract/signaling';
import type { TicketClaims } from '@keshi/contract/tokens';
import { AppError, toProtocolError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { Server } from 'socket.io';
import type { createRoomAdapter } from './adapter.ts';
import type { ClassServer } from './connections.ts';
import { verifyTicket } from './tickets.ts';

export interface SocketsDeps {
  http: HttpServer;
  tokenSecret: string;
  now: () => number;
  log: Logger;
  adapter: Awaited<ReturnType<typeof createRoomAdapter>>['adapter'] | null;
  /** Throws to refuse a connection whose ticket is good, e.g. while draining. */
  admit: (claims: TicketClaims, returning: boolean) => void;
  count: (outcome: string) => void;
}

export function createSocketServer(deps: SocketsDeps): ClassServer {
  const io: ClassServer = new Server({
    path: '/socket.io',
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: limits.messageBytes,
    perMessageDeflate: false,
    // Silence is noticed by missing heartbeats long before; this finds connections that died without a word.
    pingInterval: 20_000,
    pingTimeout: 15_000,
    connectTimeout: 15_000,
    ...(deps.adapter ? { adapter: deps.adapter } : {}),
  });
  io.attach(deps.http);
  io.use((socket, next) => {
    try {
      const given = handshake.safeParse(socket.handshake.auth);
      if (!given.success) throw new AppError('unauthenticated');
      const claims = verifyTicket(given.data.ticket, deps.tokenSecret, deps.now());
      deps.admit(claims, given.data.returning);
      socket.data = { claims, tab: given.data.tab };
      deps.count('ok');
      next();
    } catch (error) {
      const refused = toProtocolError(error, deps.log);
      deps.count(refused.code);
      next(Object.assign(new Error(refused.code), { data: refused }));
    }
  });
  return io;
}
