/** A server process of a peer. It is told what to be, and says where it listens. */
import { once } from 'node:events';
import type { Server } from 'node:net';
import { answer } from '../child.ts';
import type { Protocol } from '../member.ts';
import { createRawTcp } from './raw-tcp.ts';
import { createPlainSocketIo } from './socket-io.ts';
import { createBareWs } from './web-socket.ts';

export interface PeerServer {
  server: Server;
  /** Sends one message to everybody who is connected here. */
  send(number: number): void;
}

/** As long a queue as signaling's own. */
const backlog = 32_768;
let peer: PeerServer | null = null;

interface Wanted {
  protocol: Exclude<Protocol, 'product'>;
  /** For Socket.IO alone. */
  redisUrl: string | null;
}

function create({ protocol, redisUrl }: Wanted): PeerServer | Promise<PeerServer> {
  switch (protocol) {
    case 'socket.io':
      return createPlainSocketIo(redisUrl ?? '');
    case 'ws':
      return createBareWs();
    case 'tcp':
      return createRawTcp();
  }
}

const answers = {
  async listen(wanted: Wanted): Promise<number> {
    peer = await create(wanted);
    peer.server.listen({ port: 0, host: '127.0.0.1', backlog });
    await once(peer.server, 'listening');
    const address = peer.server.address();
    if (address === null || typeof address === 'string') throw new Error('no port to be had');
    return address.port;
  },
  send: ({ number }: { number: number }) => peer?.send(number),
};
export type PeerAnswers = typeof answers;

answer(answers);
