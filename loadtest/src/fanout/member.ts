/**
 * One member's connection, as lean as it can be: a socket of Node's and the few frames of WebSocket and Socket.IO that
 * a page exchanges with signaling. On the side of the bare peers only the frames are left, or the bytes.
 */
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { clientFrame, opcodes, readFrames } from './frames.ts';
import { packetOf } from './message.ts';

/** `product` is Socket.IO with a ticket, which `socket.io` goes without. */
export type Protocol = 'product' | 'socket.io' | 'ws' | 'tcp';

export interface MemberOptions {
  protocol: Protocol;
  port: number;
  /** The loopback address it comes from: one alone has not ports enough, and grows slow long before. */
  from: string;
  ticket: string | null;
  /** A Socket.IO event, as it came; valid during the call alone. */
  heard: (packet: Buffer) => void;
  /** The connection ended, and it was not this side that ended it. */
  lost: (error: Error) => void;
}

/** Refused for now, or for good: then `retryMs` is null. */
export class Refused extends Error {
  readonly retryMs: number | null;
  constructor(reason: string, retryMs: number | null) {
    super(`refused: ${reason}`);
    this.retryMs = retryMs;
  }
}

export interface Member {
  /** Resolves when the side has taken the connection in. */
  readonly connected: Promise<void>;
  send(frame: Buffer): void;
  /** Resolves to what the event was acknowledged with. */
  ask(name: string, request: unknown): Promise<unknown>;
  /** Resolves when the server has come round to answering a frame, after all that it was doing. */
  ping(): Promise<void>;
  close(): void;
}

/** Of all members of this process: each reads out of it what it needs before the next may write to it. */
const received = Buffer.alloc(64 * 1024);
const nothing = Buffer.alloc(0);
const pingFrame = clientFrame(nothing, opcodes.ping);
const pongPacket = clientFrame('3');
const endOfHead = '\r\n\r\n';
const [engineOpen, enginePing, engineMessage] = ['0', '2', '4'].map((type) => type.charCodeAt(0));
const connectErrorType = engineMessage;

/** With the headers that a browser sends, because a server may keep them for as long as the connection lives. */
const upgradeRequest = (port: number, path: string) =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Pragma: no-cache',
    'Cache-Control: no-cache',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36',
    'Upgrade: websocket',
    'Origin: https://classes.example',
    'Sec-WebSocket-Version: 13',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: zh-CN,zh;q=0.9',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ].join('\r\n') + endOfHead;

export function openMember({ protocol, port, from, ticket, heard, lost }: MemberOptions): Member {
  const connected = Promise.withResolvers<void>();
  const acks = new Map<number, (data: unknown) => void>();
  const pongs: (() => void)[] = [];
  const overSocketIo = protocol === 'product' || protocol === 'socket.io';
  let upgraded = protocol === 'tcp';
  let rest = nothing;
  let asked = 0;

  const socket: Socket = connect({
    host: '127.0.0.1',
    port,
    localAddress: from,
    onread: {
      buffer: received,
      callback(length) {
        try {
          take(received.subarray(0, length));
        } catch (error) {
          socket.destroy(error as Error);
        }
        return true;
      },
    },
  });
  socket.setNoDelay(true);
  let failure: Error | null = null;
  socket.on('error', (error) => (failure = error));
  socket.on('end', () => socket.destroy());
  const closed = () => {
    const error = failure ?? new Error('the server closed the connection');
    connected.reject(error);
    lost(error);
  };
  socket.once('close', closed);
  socket.once('connect', () => {
    if (protocol !== 'tcp')
      socket.write(upgradeRequest(port, overSocketIo ? '/socket.io/?EIO=4&transport=websocket' : '/'));
    // Taken in by the kernel is not yet taken in by the server.
    else void ping().then(connected.resolve);
  });

  function take(chunk: Buffer): void {
    let bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    if (!upgraded) {
      const end = bytes.indexOf(endOfHead);
      if (end >= 0) {
        if (!bytes.subarray(0, end).includes(' 101 ')) throw new Error('the upgrade was refused');
        upgraded = true;
        bytes = bytes.subarray(end + endOfHead.length);
        if (!overSocketIo) connected.resolve();
      }
    }
    const left = upgraded ? readFrames(bytes, takeFrame) : bytes;
    rest = left.length > 0 ? Buffer.from(left) : nothing;
  }

  function takeFrame(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.pong) return pongs.shift()?.();
    if (opcode !== opcodes.text) return;
    if (payload[0] === enginePing) socket.write(pongPacket);
    else if (payload[0] === engineOpen)
      socket.write(clientFrame(`40${ticket === null ? '' : JSON.stringify({ ticket, tab: 'bench' })}`));
    else if (payload[0] === engineMessage) takePacket(payload);
  }

  function takePacket(packet: Buffer): void {
    const type = packet.toString('latin1', 1, 2);
    if (type === '2') heard(packet);
    else if (type === '3') {
      const [, id = '', data = '[]'] = /^43(\d+)(.*)$/s.exec(packet.toString()) ?? [];
      acks.get(Number(id))?.((JSON.parse(data) as unknown[])[0]);
      acks.delete(Number(id));
    } else if (type === '0') connected.resolve();
    else throw refusalIn(packet);
  }

  function ping(): Promise<void> {
    const pong = Promise.withResolvers<void>();
    pongs.push(pong.resolve);
    socket.write(pingFrame);
    return pong.promise;
  }

  return {
    connected: connected.promise,
    send: (frame) => void socket.write(frame),
    ask(name, request) {
      const answered = Promise.withResolvers<unknown>();
      const id = asked++;
      acks.set(id, answered.resolve);
      socket.write(clientFrame(packetOf(name, request).replace('42', `42${id}`)));
      return answered.promise;
    },
    ping,
    close() {
      socket.off('close', closed);
      socket.destroy();
    },
  };
}

const connectError = z.object({
  message: z.string(),
  data: z.object({ retryMs: z.number().optional() }).optional(),
});

/** Of a packet of type 4, with which Socket.IO refuses a connection; any other is unexpected. */
function refusalIn(packet: Buffer): Refused {
  if (packet[1] !== connectErrorType) return new Refused(packet.toString(), null);
  const { message, data } = connectError.parse(JSON.parse(packet.toString('utf8', 2)));
  return new Refused(message, data?.retryMs ?? null);
}
