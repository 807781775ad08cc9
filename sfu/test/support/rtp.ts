/** Plain RTP over loopback: a publisher that sends frames and hears RTCP, and sinks that count what arrives. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { PlainSink } from '../../src/plain-transport.ts';

async function open(ip = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, ip);
  await once(socket, 'listening');
  return socket;
}

const vp8KeyFrame = Buffer.from([0x10, 0x00, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00]);
const vp8DeltaFrame = Buffer.from([0x10, 0x01, 0x00, 0x00]);

export interface Publisher {
  /** Picture loss indications received so far: requests for a key frame. */
  readonly pictureLosses: number;
  close(): void;
}

/** Sends a frame every 20 ms until closed; a key frame once per second, and whenever it is asked for one. */
export async function publishVideo(port: number, ssrc: number, ip = '127.0.0.1'): Promise<Publisher> {
  const socket = await open(ip);
  let sequence = 0;
  let pictureLosses = 0;
  let keyFrameDue = true;
  socket.on('message', (message) => {
    for (let at = 0; at + 4 <= message.length; at += 4 * (message.readUInt16BE(at + 2) + 1)) {
      const isPictureLoss = message[at + 1] === 206 && ((message[at] ?? 0) & 0x1f) === 1;
      if (!isPictureLoss) continue;
      pictureLosses += 1;
      keyFrameDue = true;
    }
  });
  const timer = setInterval(() => {
    const isKey = keyFrameDue || sequence % 50 === 0;
    keyFrameDue = false;
    const payload = Buffer.concat([isKey ? vp8KeyFrame : vp8DeltaFrame, Buffer.alloc(100, 7)]);
    socket.send(rtp({ payloadType: 96, ssrc, sequence, timestamp: sequence * 1800, payload }), port, ip);
    sequence += 1;
  }, 20);
  return {
    get pictureLosses() {
      return pictureLosses;
    },
    close() {
      clearInterval(timer);
      socket.close();
    },
  };
}

/** Sends sound of that loudness (dBov, 0 is loudest, 127 silence) every 20 ms until closed. */
export async function publishSound(port: number, ssrc: number, level: number): Promise<{ close(): void }> {
  const socket = await open();
  let sequence = 0;
  const timer = setInterval(() => {
    const packet = rtp({
      payloadType: 111,
      ssrc,
      sequence,
      timestamp: sequence * 960,
      payload: Buffer.alloc(40, 1),
      extension: Buffer.from([(10 << 4) | 0, 0x80 | level, 0, 0]),
    });
    socket.send(packet, port, '127.0.0.1');
    sequence += 1;
  }, 20);
  return {
    close() {
      clearInterval(timer);
      socket.close();
    },
  };
}

export interface Sink extends PlainSink {
  /** RTP packets received so far. */
  readonly packets: number;
  /** VP8 key frames among them. */
  readonly keyFrames: number;
  close(): void;
}

export async function openSink(ip = '127.0.0.1'): Promise<Sink> {
  const socket = await open(ip);
  let packets = 0;
  let keyFrames = 0;
  socket.on('message', (message) => {
    const type = (message[1] ?? 0) & 0x7f;
    // RTCP, and the bandwidth probes of mediasoup.
    if ((type >= 64 && type <= 95) || type === 127) return;
    packets += 1;
    const payload = payloadOf(message);
    if (payload.length > 4 && payload[0] === 0x10 && ((payload[1] ?? 1) & 1) === 0) keyFrames += 1;
  });
  return {
    ip,
    port: socket.address().port,
    get packets() {
      return packets;
    },
    get keyFrames() {
      return keyFrames;
    },
    close() {
      socket.close();
    },
  };
}

interface RtpFields {
  payloadType: number;
  ssrc: number;
  sequence: number;
  timestamp: number;
  payload: Buffer;
  /** One-byte header extensions, padded to four bytes. */
  extension?: Buffer;
}

function rtp({ payloadType, ssrc, sequence, timestamp, payload, extension }: RtpFields): Buffer {
  const header = Buffer.alloc(12);
  header[0] = extension ? 0x90 : 0x80;
  header[1] = 0x80 | payloadType;
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(timestamp >>> 0, 4);
  header.writeUInt32BE(ssrc, 8);
  if (!extension) return Buffer.concat([header, payload]);
  const extensionHeader = Buffer.from([0xbe, 0xde, 0, extension.length / 4]);
  return Buffer.concat([header, extensionHeader, extension, payload]);
}

function payloadOf(packet: Buffer): Buffer {
  let at = 12 + 4 * ((packet[0] ?? 0) & 0x0f);
  if ((packet[0] ?? 0) & 0x10) at += 4 + 4 * packet.readUInt16BE(at + 2);
  return packet.subarray(at);
}
