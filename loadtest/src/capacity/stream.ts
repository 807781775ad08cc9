/**
 * What a class sends in the capacity bench: a camera at about 1 Mbps, 25 frames a second of five packets each, and a
 * microphone at 50 packets a second. Every packet carries its own name where no SFU touches it, in the timestamp: so
 * a packet is known again at a viewer although its payload is encrypted and its SSRC and number are rewritten.
 */

export type Kind = 'video' | 'audio';

/** One of the two streams a lane carries. */
export interface StreamShape {
  readonly kind: Kind;
  readonly payloadType: number;
  /** RTP payload of one packet, bytes. */
  readonly payloadBytes: number;
  /** Packets that leave together. */
  readonly burst: number;
  readonly everyMs: number;
}

export const streams: readonly StreamShape[] = [
  { kind: 'video', payloadType: 96, payloadBytes: 1_000, burst: 5, everyMs: 40 },
  { kind: 'audio', payloadType: 111, payloadBytes: 100, burst: 1, everyMs: 20 },
];

/** RTP packets a viewer gets in a second, of both streams. */
export const packetsPerSecond = streams.reduce(
  (sum, { burst, everyMs }) => sum + (burst * 1_000) / everyMs,
  0,
);

/** Frames from one key frame to the next. A viewer's picture begins with the next one. */
const framesPerKeyFrame = 25;
const headerBytes = 12;
const firstSsrc = 5_000_000;

export const ssrcOf = (lane: number, kind: Kind): number => firstSsrc + 2 * lane + (kind === 'video' ? 0 : 1);

/** What the publisher of that lane says it sends. */
export function parametersOf(lane: number, kind: Kind) {
  const codec =
    kind === 'video'
      ? {
          mimeType: 'video/VP8',
          payloadType: 96,
          clockRate: 90000,
          rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
        }
      : { mimeType: 'audio/opus', payloadType: 111, clockRate: 48000, channels: 2 };
  return {
    mid: kind,
    codecs: [codec],
    headerExtensions: [],
    encodings: [{ ssrc: ssrcOf(lane, kind) }],
    rtcp: { cname: `lane-${lane}` },
  };
}

export const laneLimit = 256;
const countBits = 23;
export const countLimit = 1 << countBits;

/** Which packet this is: the lane, the stream and how many came before it there (modulo `countLimit`). */
export interface PacketName {
  lane: number;
  kind: Kind;
  count: number;
}

const toTimestamp = ({ lane, kind, count }: PacketName): number =>
  ((lane << (countBits + 1)) | ((kind === 'video' ? 0 : 1) << countBits) | (count % countLimit)) >>> 0;

/** Null for what is no packet of a stream: RTCP, and the bandwidth probes of the SFU. */
export function nameOf(packet: Buffer): PacketName | null {
  const type = (packet[1] ?? 0) & 0x7f;
  if (packet.length < headerBytes || type > 126 || (type >= 64 && type <= 95)) return null;
  const timestamp = packet.readUInt32BE(4);
  return {
    lane: timestamp >>> (countBits + 1),
    kind: (timestamp >>> countBits) & 1 ? 'audio' : 'video',
    count: timestamp & (countLimit - 1),
  };
}

export function makePacket(shape: StreamShape, lane: number, count: number): Buffer {
  const { kind, payloadType, payloadBytes, burst } = shape;
  const bytes = Buffer.alloc(headerBytes + payloadBytes, 7);
  const inFrame = count % burst;
  const isLast = inFrame === burst - 1;
  bytes[0] = 0x80;
  bytes[1] = (kind === 'video' && isLast ? 0x80 : 0) | payloadType;
  bytes.writeUInt16BE(count & 0xffff, 2);
  bytes.writeUInt32BE(toTimestamp({ lane, kind, count }), 4);
  bytes.writeUInt32BE(ssrcOf(lane, kind), 8);
  if (kind === 'video') {
    const isKeyFrame = Math.floor(count / burst) % framesPerKeyFrame === 0;
    vp8Head(inFrame === 0, isKeyFrame).copy(bytes, headerBytes);
  }
  return bytes;
}

/** The descriptor (does this packet begin a frame) and, where it does, the first bytes of the frame. */
function vp8Head(isFirst: boolean, isKeyFrame: boolean): Buffer {
  if (!isFirst) return Buffer.from([0x00]);
  return isKeyFrame
    ? Buffer.from([0x10, 0x00, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00])
    : Buffer.from([0x10, 0x01, 0x00, 0x00]);
}
