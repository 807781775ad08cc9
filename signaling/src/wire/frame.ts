/** Frames of RFC 6455 as a server sends them: whole, not masked, not compressed. */

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const final = 0x80;

export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const head = headBytes(bytes);
  const frame = Buffer.allocUnsafe(head + bytes);
  writeHead(frame, opcodes.text, bytes);
  frame.write(text, head, 'utf8');
  return frame;
}

export function frameOf(opcode: number, payload: Uint8Array): Buffer {
  const head = headBytes(payload.length);
  const frame = Buffer.allocUnsafe(head + payload.length);
  writeHead(frame, opcode, payload.length);
  frame.set(payload, head);
  return frame;
}

/** `code` of RFC 6455, 7.4. */
export function closeFrame(code: number): Buffer {
  const payload = Buffer.allocUnsafe(2);
  payload.writeUInt16BE(code);
  return frameOf(opcodes.close, payload);
}

const headBytes = (bytes: number) => (bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10);

function writeHead(frame: Buffer, opcode: number, bytes: number): void {
  frame[0] = final | opcode;
  if (bytes < 126) frame[1] = bytes;
  else if (bytes < 65_536) {
    frame[1] = 126;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(bytes), 2);
  }
}
