/**
 * The WebSocket server that engine.io is given as its `wsEngine`: the handshake of RFC 6455, 4.2, without extensions. It
 * takes the place of the `ws` package's for the memory of a connection and the cost of making one
 * (docs/decisions/009-a-websocket-of-our-own.md).
 */
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Wire } from './wire.ts';

/** What engine.io gives; the rest of it asks for what we do not have. */
interface WireEngineOptions {
  maxPayload: number;
}

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const keyPattern = /^[+/0-9A-Za-z]{22}==$/;
const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Emits `headers` with the lines of an answer and the request, before it is written. */
export class WireEngine extends EventEmitter {
  readonly #mostBytes: number;
  #closed = false;

  constructor({ maxPayload }: WireEngineOptions) {
    super();
    this.#mostBytes = maxPayload;
  }

  /** `head`: what came behind the request already. A request that is none of a WebSocket is answered and closed. */
  handleUpgrade(req: IncomingMessage, socket: Socket, head: Buffer, done: (wire: Wire) => void): void {
    const key = req.headers['sec-websocket-key'] ?? '';
    if (req.method !== 'GET') return refuse(socket, '405 Method Not Allowed');
    if (req.headers.upgrade?.toLowerCase() !== 'websocket' || !keyPattern.test(key))
      return refuse(socket, '400 Bad Request');
    if (req.headers['sec-websocket-version'] !== '13')
      return refuse(socket, '426 Upgrade Required', ['Sec-WebSocket-Version: 13']);
    if (this.#closed) return refuse(socket, '503 Service Unavailable');
    if (!socket.readable || !socket.writable) return void socket.destroy();

    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${createHash('sha1')
        .update(key + guid)
        .digest('base64')}`,
    ];
    const protocol = req.headers['sec-websocket-protocol']?.split(',')[0]?.trim() ?? '';
    if (tokenPattern.test(protocol)) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
    this.emit('headers', lines, req);
    // Engine.io says its first words in this turn of the loop: the system is asked once to send both.
    socket.cork();
    setImmediate(() => socket.uncork());
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    if (head.length > 0) socket.unshift(head);
    // Engine.io's stand-in for the response waits for the end of the connection to say that it has ended too. Nobody
    // listens to it after the upgrade, and it is most of what a connection would keep of its making.
    socket.removeAllListeners('close');
    done(new Wire(socket, this.#mostBytes));
  }

  /** Takes nobody in any more; who is in stays. */
  close(): void {
    this.#closed = true;
  }
}

function refuse(socket: Socket, status: string, headers: readonly string[] = []): void {
  socket.on('error', () => socket.destroy());
  socket.end(
    [`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Length: 0', ...headers, '\r\n'].join('\r\n'),
  );
}
