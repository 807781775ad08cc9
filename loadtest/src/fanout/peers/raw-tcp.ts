/** Raw TCP: the same bytes written to every socket, without a protocol above it. Below this Node cannot go. */
import { createServer, type Socket } from 'node:net';
import { opcodes, serverFrame } from '../frames.ts';
import { eventsWith, packetOf } from '../message.ts';
import type { PeerServer } from './main.ts';

const ping = 0x80 | opcodes.ping;
const pong = Buffer.from([0x80 | opcodes.pong, 0]);

export function createRawTcp(): PeerServer {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    // Members ask whether the server has come round to them; all else they send is passed over.
    socket.on('data', (bytes) => bytes[0] === ping && socket.write(pong));
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  return {
    server,
    send(number) {
      const frame = Buffer.concat(serverFrame(packetOf('events', eventsWith(number))));
      for (const socket of sockets) socket.write(frame);
    },
  };
}
