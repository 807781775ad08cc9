/**
 * Sends a stream into each of several paths, their packets taking turns, and times every packet that comes back: the
 * payload says which path it took and when it was sent. Taking turns packet by packet, all paths meet the same
 * neighbours, and none is busy with another's packet.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { sound, type ForwardPath, type UdpAddress } from './path.ts';

export interface Measurement {
  readonly path: ForwardPath;
  /** Milliseconds from send to receive, one for each packet that arrived. */
  latencies: number[];
  /** Packets sent; each should arrive once per timed viewer. */
  sent: number;
}

export interface Probe {
  readonly sink: UdpAddress;
  /**
   * Feeds each path a packet every `packetMs` for `ms` and waits for the last ones; answers in the order of `paths`.
   */
  feed(paths: readonly ForwardPath[], timing: { packetMs: number; ms: number }): Promise<Measurement[]>;
  close(): void;
}

/** After the last packet was sent; what has not come by then is lost. */
const drainMs = 100;

export async function openProbe(): Promise<Probe> {
  const out = createSocket('udp4');
  const back = createSocket({ type: 'udp4', recvBufferSize: 8 << 20 });
  back.bind(0, '127.0.0.1');
  await once(back, 'listening');
  const sequences = new Map<ForwardPath, number>();
  let measuring: Measurement[] = [];

  back.on('message', (message) => {
    const now = process.hrtime.bigint();
    const type = (message[1] ?? 0) & 0x7f;
    const isRtcp = type >= 64 && type <= 95;
    if (isRtcp || message.length < sound.payloadBytes) return;
    // The payload ends the packet, whatever header extensions were put before it.
    const payload = message.length - sound.payloadBytes;
    const sentAt = message.readBigUInt64BE(payload);
    measuring[message[payload + stampBytes] ?? 0]?.latencies.push(Number(now - sentAt) / 1e6);
  });

  function sendTo(turn: number): void {
    const measurement = measuring[turn];
    if (!measurement) return;
    const sequence = sequences.get(measurement.path) ?? 0;
    sequences.set(measurement.path, sequence + 1);
    out.send(packet(sequence, turn), measurement.path.port, '127.0.0.1');
    measurement.sent += 1;
  }

  return {
    sink: { ip: '127.0.0.1', port: back.address().port },
    async feed(paths, { packetMs, ms }) {
      measuring = paths.map((path) => ({ path, latencies: [], sent: 0 }));
      const ticks = Math.round(ms / packetMs) * paths.length;
      const done = Promise.withResolvers<void>();
      let tick = 0;
      const timer = setInterval(() => {
        sendTo(tick % paths.length);
        tick += 1;
        if (tick < ticks) return;
        clearInterval(timer);
        setTimeout(done.resolve, drainMs);
      }, packetMs / paths.length);
      await done.promise;
      return measuring;
    },
    close() {
      out.close();
      back.close();
    },
  };
}

const stampBytes = 8;

function packet(sequence: number, turn: number): Buffer {
  const header = 12;
  const bytes = Buffer.alloc(header + sound.payloadBytes);
  bytes[0] = 0x80;
  bytes[1] = sound.payloadType;
  bytes.writeUInt16BE(sequence & 0xffff, 2);
  bytes.writeUInt32BE((sequence * sound.clockPerPacket) >>> 0, 4);
  bytes.writeUInt32BE(sound.ssrc, 8);
  bytes.fill(turn, header + stampBytes);
  bytes.writeBigUInt64BE(process.hrtime.bigint(), header);
  return bytes;
}
