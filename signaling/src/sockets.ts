/** The Socket.IO server of a node: WebSocket alone, tickets at the door. */
import type { Server as HttpServer } from 'node:http';
import { handshake, limits } from '@keshi/contract/signaling';
import type { TicketClaims } from '@keshi/contract/tokens';
import { AppError, toProtocolError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { Server } from 'socket.io';
import type { createRoomAdapter } from './adapter.ts';
import type { ClassServer, ClassSocket } from './connections.ts';
import { verifyTicket } from './tickets.ts';
import { leanParser } from './wire/decoder.ts';
import { WireEngine } from './wire/engine.ts';
import { Wire } from './wire/wire.ts';

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

export interface Sockets {
  readonly io: ClassServer;
  /** What a socket of this server is carried by. */
  wireOf(socket: ClassSocket): Wire;
}

export function createSocketServer(deps: SocketsDeps): Sockets {
  const io: ClassServer = new Server({
    path: '/socket.io',
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: limits.messageBytes,
    perMessageDeflate: false,
    wsEngine: WireEngine,
    parser: leanParser,
    // Pages beat, ask with a beat where they hear nothing, and are let go of when they do not (`door.ts`): this is for
    // clients that do neither, and rare, as each one costs a write and a read.
    pingInterval: 300_000,
    pingTimeout: 15_000,
    connectTimeout: 15_000,
    ...(deps.adapter ? { adapter: deps.adapter } : {}),
  });
  io.attach(deps.http);
  const wires = keepWires(io);
  io.use((socket, next) => {
    try {
      const given = handshake.safeParse(socket.handshake.auth);
      if (!given.success) throw new AppError('unauthenticated');
      const claims = verifyTicket(given.data.ticket, deps.tokenSecret, deps.now());
      deps.admit(claims, given.data.returning);
      socket.data = { claims, tab: given.data.tab };
      Object.assign(socket, { handshake: spent });
      deps.count('ok');
      next();
    } catch (error) {
      const refused = toProtocolError(error, deps.log);
      deps.count(refused.code);
      next(Object.assign(new Error(refused.code), { data: refused }));
    }
  });
  return {
    io,
    wireOf(socket) {
      const wire = wires.get(socket.conn);
      if (!wire) throw new Error('a socket that did not come by WebSocket');
      return wire;
    },
  };
}

/** What a connection came with is not looked at again, and the ticket in it is longer than all else kept of it here. */
const spent = Object.freeze({ headers: {}, query: {}, auth: {} });

/**
 * A connection lives for hours and its HTTP request for a moment: Socket.IO would keep it, with all its headers, as long
 * as the connection. Nobody asks for it once the ticket is there, which comes after it.
 */
function keepWires(io: ClassServer): WeakMap<ClassSocket['conn'], Wire> {
  const wires = new WeakMap<ClassSocket['conn'], Wire>();
  const responses = new WeakMap<object, { req: unknown; socket: unknown }>();
  // What stands for the response of an upgrade holds the request too, and is held by the TCP socket.
  io.engine.use((req: object, res: { req: unknown; socket: unknown }, next: () => void) => {
    responses.set(req, res);
    next();
  });
  io.engine.on('connection', (conn: ClassSocket['conn']) => {
    const { request } = conn;
    const wire: unknown = Reflect.get(request, 'websocket');
    if (wire instanceof Wire) wires.set(conn, wire);
    const response = responses.get(request);
    if (response) Object.assign(response, { req: null, socket: null });
    Object.assign(conn, { request: null });
  });
  return wires;
}
