/** WebSocket frames as far as a class needs them (RFC 6455): whole text frames, pings and pongs. */

export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const;

const lastFragment = 0x80;
const masked = 0x80;
/** Longer lengths are written in two bytes, or in eight. */
const length16 = 126;
const length64 = 127;

/** A server's frame in the two parts that `ws` writes: its header and its payload. */
export function serverFrame(text: string): [header: Buffer, payload: Buffer] {
  const payload = Buffer.from(text);
  return [headerOf(opcodes.text, payload.length, 0), payload];
}

/** A client's frame, whose mask of zeros leaves the payload as it is; the server unmasks it all the same. */
export function clientFrame(payload: string | Buffer, opcode: number = opcodes.text): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([headerOf(opcode, bytes.length, masked), Buffer.alloc(4), bytes]);
}

function headerOf(opcode: number, length: number, mask: number): Buffer {
  const first = lastFragment | opcode;
  if (length < length16) return Buffer.from([first, mask | length]);
  if (length > 0xffff) throw new Error('a frame that no class sends');
  return Buffer.from([first, mask | length16, length >> 8, length & 0xff]);
}

/**
 * Calls `take` for each whole frame of a server and returns what is left of `bytes`, the beginning of the next one.
 * The payload is a view that is valid during the call alone. Throws at fragments and masked frames.
 */
export function readFrames(bytes: Buffer, take: (opcode: number, payload: Buffer) => void): Buffer {
  let at = 0;
  while (bytes.length - at >= 2) {
    const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
    if (!(first & lastFragment) || second & masked) throw new Error('a frame that no server of ours sends');
    const short = second & 0x7f;
    const header = short < length16 ? 2 : short === length16 ? 4 : 10;
    if (bytes.length - at < header) break;
    const length =
      short < length16
        ? short
        : short === length64
          ? Number(bytes.readBigUInt64BE(at + 2))
          : bytes.readUInt16BE(at + 2);
    if (bytes.length - at < header + length) break;
    take(first & 0x0f, bytes.subarray(at + header, at + header + length));
    at += header + length;
  }
  return bytes.subarray(at);
}
