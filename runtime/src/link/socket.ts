import type { WebSocket } from 'ws';
import type { Logger } from '../log.ts';
import type { Exchange, Wire } from './exchange.ts';
import type { CloseReason, LinkContract } from './link.ts';

const pingEveryMs = 1_000;
const silenceMs = 2_500;
const garbageCode = 4400;
/** What a peer may leave unread before it is given up, in largest messages. */
const unreadMessages = 16;

export interface SocketLine {
  /** Ends the connection from this side; `onEnd` is called once, before this returns. */
  end(reason: CloseReason): void;
}

/**
 * Runs an exchange over one open WebSocket until it ends: passes frames, sends a ping each second, gives the peer up
 * when nothing at all has come from it for 2.5 s.
 */
export function runSocket<C extends LinkContract>({
  socket,
  exchange,
  maxMessageBytes,
  log,
  onEnd,
}: {
  socket: WebSocket;
  exchange: Exchange<C>;
  maxMessageBytes: number;
  log: Logger;
  onEnd: (reason: CloseReason) => void;
}): SocketLine {
  let ended = false;
  let heardAt = performance.now();
  let tickedAt = heardAt;

  const wire: Wire = {
    send(text) {
      if (ended || socket.readyState !== socket.OPEN) return false;
      if (socket.bufferedAmount > unreadMessages * maxMessageBytes) {
        end('overflow');
        return false;
      }
      socket.send(text);
      return true;
    },
  };

  const pings = setInterval(() => {
    const now = performance.now();
    // When this process itself stood still, the peer's frames lie unread: that is no silence of the peer.
    if (now - tickedAt > 1.5 * pingEveryMs) heardAt = Math.max(heardAt, now - pingEveryMs);
    tickedAt = now;
    if (now - heardAt > silenceMs) end('silent');
    else if (socket.readyState === socket.OPEN) socket.ping();
  }, pingEveryMs / 2);

  function end(reason: CloseReason): void {
    if (ended) return;
    ended = true;
    clearInterval(pings);
    exchange.detach();
    switch (reason) {
      case 'closed':
        socket.close(1000);
        break;
      case 'garbage':
        log.warn('the peer sent what is not ours; connection ended');
        socket.close(garbageCode);
        break;
      case 'silent':
      case 'overflow':
        socket.terminate();
        break;
      case 'closed-by-peer':
      case 'connection-lost':
      case 'refused':
        break;
      default:
        reason satisfies never;
    }
    // A peer that does not finish the closing handshake must not keep the socket.
    const giveUp = setTimeout(() => socket.terminate(), 1_000).unref();
    socket.once('close', () => clearTimeout(giveUp));
    onEnd(reason);
  }

  const heard = () => {
    heardAt = performance.now();
  };
  socket.on('ping', heard);
  socket.on('pong', heard);
  socket.on('message', (data, isBinary) => {
    heard();
    if (ended) return;
    if (isBinary || !exchange.receive(wire, textOf(data))) end('garbage');
  });
  socket.on('error', (error: Error) => {
    log.debug({ err: error }, 'link socket error');
    // ws itself refuses frames that are malformed or too large, and closes the connection.
    if ('code' in error && typeof error.code === 'string' && error.code.startsWith('WS_ERR')) end('garbage');
  });
  socket.on('close', (code) => end(code === 1000 || code === 1001 ? 'closed-by-peer' : 'connection-lost'));
  exchange.attach(wire);
  return { end };
}

function textOf(data: WebSocket.RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}
