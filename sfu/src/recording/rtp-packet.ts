/** RTP packets as they arrive on a socket (RFC 3550), with their header extensions (RFC 8285). */

export interface RtpPacket {
  payloadType: number;
  marker: boolean;
  /** 16 bits, wraps. */
  sequence: number;
  /** 32 bits, wraps; in ticks of the codec's clock. */
  timestamp: number;
  ssrc: number;
  /** The header extensions as they stand in the packet, null when there are none. */
  extensions: { profile: number; data: Buffer } | null;
  payload: Buffer;
}

/** Null for RTCP, which shares the port, and for anything that is no whole RTP packet. */
export function parseRtp(message: Buffer): RtpPacket | null {
  if (message.length < 12) return null;
  const first = message.readUInt8(0);
  const second = message.readUInt8(1);
  if (first >> 6 !== 2 || (second >= 192 && second <= 223)) return null;
  let start = 12 + 4 * (first & 0x0f);
  let extensions: RtpPacket['extensions'] = null;
  if (first & 0x10) {
    if (message.length < start + 4) return null;
    const length = 4 * message.readUInt16BE(start + 2);
    const profile = message.readUInt16BE(start);
    extensions = { profile, data: message.subarray(start + 4, start + 4 + length) };
    start += 4 + length;
  }
  const padding = first & 0x20 ? message.readUInt8(message.length - 1) : 0;
  const end = message.length - padding;
  if (start > end) return null;
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequence: message.readUInt16BE(2),
    timestamp: message.readUInt32BE(4),
    ssrc: message.readUInt32BE(8),
    extensions,
    payload: message.subarray(start, end),
  };
}

/** The value of one header extension, null when the packet has none of that id. */
export function readExtension({ extensions }: RtpPacket, id: number): Buffer | null {
  if (!extensions) return null;
  const { profile, data } = extensions;
  const twoBytes = (profile & 0xfff0) === 0x1000;
  if (!twoBytes && profile !== 0xbede) return null;
  for (let at = 0; at < data.length;) {
    const head = data.readUInt8(at);
    at += 1;
    if (head === 0) continue;
    if (!twoBytes && head >> 4 === 15) return null;
    const length = twoBytes ? (data[at++] ?? 0) : (head & 0x0f) + 1;
    if ((twoBytes ? head : head >> 4) === id) return data.subarray(at, at + length);
    at += length;
  }
  return null;
}
