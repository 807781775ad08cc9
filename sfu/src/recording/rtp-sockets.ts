/** One UDP port of the loopback interface per stream: so no packet can be taken for another stream's. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface RtpSocket {
  readonly port: number;
  /** Idempotent. */
  close(): void;
}

/** A key frame comes in one burst; the system may grant less. */
const bufferSize = 4 << 20;

/** Rejects when no port is to be had. */
export async function openRtpSocket(onPacket: (message: Buffer) => void): Promise<RtpSocket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: bufferSize });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', onPacket);
  // Such as a refusal of the other side's port; the stream's end is told on another way.
  socket.on('error', () => undefined);
  let closed = false;
  return {
    port: socket.address().port,
    close() {
      if (closed) return;
      closed = true;
      socket.close();
    },
  };
}
