/** RTP packets made by hand, or by a real encoder in one go. */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { parseRtp, type RtpPacket } from '../../src/recording/rtp-packet.ts';
import type { ArrivedPacket } from '../../src/recording/reorder-buffer.ts';

export function packet(fields: Partial<ArrivedPacket>): ArrivedPacket {
  return {
    payloadType: 96,
    marker: false,
    sequence: 0,
    timestamp: 0,
    ssrc: 1,
    extensions: null,
    payload: Buffer.alloc(10, 1),
    arrivedMs: 0,
    ...fields,
  };
}

/** What an encoder sends, in order; as fast as it can, so that nothing depends on time. */
export async function encode(media: string[]): Promise<{ messages: Buffer[]; packets: RtpPacket[] }> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const messages: Buffer[] = [];
  const packets: RtpPacket[] = [];
  socket.on('message', (message) => {
    const parsed = parseRtp(message);
    if (!parsed) return;
    messages.push(message);
    packets.push(parsed);
  });
  const { port } = socket.address();
  const to = `rtp://127.0.0.1:${port}?rtcpport=${port}&pkt_size=1100`;
  await promisify(execFile)('ffmpeg', ['-loglevel', 'error', '-readrate', '20', ...media, '-f', 'rtp', to], {
    timeout: 30_000,
  });
  socket.close();
  return { messages, packets };
}
