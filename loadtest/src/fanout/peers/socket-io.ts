/** Plain Socket.IO: a room, and one `emit` for each message. Nobody is asked for a ticket and nothing is stored. */
import { createServer } from 'node:http';
import { createShardedAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { eventsWith } from '../message.ts';
import type { PeerServer } from './main.ts';

const room = 'class';

export async function createPlainSocketIo(redisUrl: string): Promise<PeerServer> {
  const publisher = new Redis(redisUrl, { lazyConnect: true });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const server = createServer();
  const io = new Server(server, {
    serveClient: false,
    transports: ['websocket'],
    // As often as ours.
    pingInterval: 25_000,
    adapter: createShardedAdapter(publisher, subscriber),
  });
  let sent = 0;
  io.on('connection', (socket) => {
    void socket.join(room);
    socket.on('beat', () => undefined);
    socket.on('chat.send', ({ text }: { text: string }, reply: (ack: unknown) => void) => {
      const events = eventsWith(++sent, text);
      io.to(room).emit('events', events);
      reply({ ok: true, data: { id: events.events[0]?.seq } });
    });
  });
  return { server, send: (number) => io.to(room).emit('events', eventsWith(number)) };
}
