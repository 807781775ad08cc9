/** Bare `ws`: one frame is made, and written to every socket. */
import { createServer } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { serverFrame } from '../frames.ts';
import { eventsWith, packetOf } from '../message.ts';
import type { PeerServer } from './main.ts';

/** `ws` has no public way to write a frame that is made already: this is what Socket.IO's broadcast does with it. */
interface FrameWriter {
  _sender: { sendFrame(parts: readonly Buffer[]): void };
}

export function createBareWs(): PeerServer {
  const server = createServer();
  const sockets = new Set<FrameWriter & WebSocket>();
  const webSockets = new WebSocketServer({ server, clientTracking: false, perMessageDeflate: false });
  webSockets.on('connection', (socket) => {
    const writer = socket as FrameWriter & WebSocket;
    sockets.add(writer);
    socket.on('message', () => undefined);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(writer));
  });
  return {
    server,
    send(number) {
      const frame = serverFrame(packetOf('events', eventsWith(number)));
      for (const socket of sockets) socket._sender.sendFrame(frame);
    },
  };
}
