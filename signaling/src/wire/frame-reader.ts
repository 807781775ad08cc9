/** Reads what a client sends (RFC 6455): masked frames, in whatever pieces the network brings them. */
import { isUtf8 } from 'node:buffer';
import { opcodes } from './frame.ts';

export type Incoming =
  | { readonly kind: 'message'; readonly data: string | Buffer; readonly binary: boolean }
  | { readonly kind: 'ping'; readonly data: Buffer }
  /** `code` 1005: none was given. */
  | { readonly kind: 'close'; readonly code: number };

/** The client does not keep to the protocol; `code` is what its connection is closed with (RFC 6455, 7.4.1). */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly code: 1002 | 1007 | 1009;

  constructor(code: FrameError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export interface FrameReader {
  /** What is whole with these bytes, in order. Throws FrameError; nothing may be read after that. */
  read(chunk: Buffer): Incoming[];
}

const noCode = 1005;
/** Pieces of one message. Empty ones cost nothing on the wire and would cost us an entry each. */
const mostPieces = 1_024;
const nothing = Buffer.alloc(0);

/** `mostBytes`: of one message, however many frames it comes in. */
export function createFrameReader(mostBytes: number): FrameReader {
  return new Reader(mostBytes);
}

/** A class, because there is one for each connection: methods are shared, closures would not be. */
class Reader implements FrameReader {
  readonly #mostBytes: number;
  /** The beginning of a frame whose end has not come. */
  #rest: Buffer = nothing;
  /** The message that is coming in pieces. */
  #pieces: { opcode: number; parts: Buffer[]; bytes: number } | null = null;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  read(chunk: Buffer): Incoming[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const whole: Incoming[] = [];
    let at = 0;
    for (;;) {
      const frame = this.#frameAt(bytes, at);
      if (!frame) break;
      at = frame.end;
      const incoming = this.#take(frame.opcode, frame.final, frame.payload);
      if (incoming) whole.push(incoming);
    }
    // A copy: the chunk is a part of a large buffer, which would live as long as the rest of this frame is not here.
    this.#rest = at === bytes.length ? nothing : Buffer.from(bytes.subarray(at));
    return whole;
  }

  /** Null until all of it is there. What is wrong with it is known from its head. */
  #frameAt(
    bytes: Buffer,
    at: number,
  ): { opcode: number; final: boolean; payload: Buffer; end: number } | null {
    const first = bytes[at];
    const second = bytes[at + 1];
    if (first === undefined || second === undefined) return null;
    const opcode = first & 0x0f;
    const final = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) throw new FrameError(1002, 'a reserved bit is set');
    if ((second & 0x80) === 0) throw new FrameError(1002, 'a frame is not masked');
    let length = second & 0x7f;
    let payloadAt = at + 6;
    if (opcode > opcodes.binary) {
      if (opcode < opcodes.close || opcode > opcodes.pong) throw new FrameError(1002, 'an unknown opcode');
      if (!final || length > 125) throw new FrameError(1002, 'a control frame in pieces, or too long');
    } else if (length === 126) {
      if (bytes.length < at + 4) return null;
      length = bytes.readUInt16BE(at + 2);
      payloadAt += 2;
    } else if (length === 127) {
      if (bytes.length < at + 10) return null;
      length = bytes.readUInt32BE(at + 2) === 0 ? bytes.readUInt32BE(at + 6) : Infinity;
      payloadAt += 8;
    }
    if ((this.#pieces?.bytes ?? 0) + length > this.#mostBytes)
      throw new FrameError(1009, 'a message is too long');
    const end = payloadAt + length;
    if (bytes.length < end) return null;
    return { opcode, final, payload: unmasked(bytes, payloadAt, end), end };
  }

  #take(opcode: number, final: boolean, payload: Buffer): Incoming | null {
    switch (opcode) {
      case opcodes.ping:
        return { kind: 'ping', data: payload };
      case opcodes.pong:
        return null;
      case opcodes.close:
        return { kind: 'close', code: closeCode(payload) };
      case opcodes.continuation: {
        const pieces = this.#pieces;
        if (!pieces) throw new FrameError(1002, 'a continuation of nothing');
        pieces.parts.push(payload);
        pieces.bytes += payload.length;
        if (pieces.parts.length > mostPieces) throw new FrameError(1009, 'a message in too many pieces');
        if (!final) return null;
        this.#pieces = null;
        return message(pieces.opcode, Buffer.concat(pieces.parts));
      }
      default:
        if (this.#pieces) throw new FrameError(1002, 'a message within another');
        if (final) return message(opcode, payload);
        this.#pieces = { opcode, parts: [payload], bytes: payload.length };
        return null;
    }
  }
}

function message(opcode: number, data: Buffer): Incoming {
  if (opcode === opcodes.binary) return { kind: 'message', data, binary: true };
  if (!isUtf8(data)) throw new FrameError(1007, 'a text is not UTF-8');
  return { kind: 'message', data: data.toString('utf8'), binary: false };
}

function closeCode(payload: Buffer): number {
  if (payload.length === 0) return noCode;
  const code = payload.length === 1 ? 0 : payload.readUInt16BE(0);
  // 7.4.2: what applications and libraries may say; the others stand for what is not said on the wire.
  const allowed = (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || isRegistered(code);
  if (!allowed) throw new FrameError(1002, 'a close code that is none');
  if (!isUtf8(payload.subarray(2))) throw new FrameError(1007, 'a reason is not UTF-8');
  return code;
}

const isRegistered = (code: number) => code >= 3000 && code <= 4999;

/** A copy of its own, for the reason `read` tells. */
function unmasked(bytes: Buffer, from: number, to: number): Buffer {
  const payload = Buffer.from(bytes.subarray(from, to));
  for (let n = 0; n < payload.length; n++) payload[n] = (payload[n] ?? 0) ^ (bytes[from - 4 + (n & 3)] ?? 0);
  return payload;
}
