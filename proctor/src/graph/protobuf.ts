/** As much of the protocol-buffers encoding as an ONNX file needs. */

export interface Message {
  integer(field: number, value: number | bigint): void;
  float(field: number, value: number): void;
  text(field: number, value: string): void;
  bytes(field: number, value: Uint8Array): void;
  message(field: number, value: Message): void;
  finish(): Uint8Array;
}

const wire = { varint: 0, lengthDelimited: 2, fixed32: 5 } as const;

export function createMessage(): Message {
  const parts: Uint8Array[] = [];

  function varint(value: number | bigint): void {
    // Negative numbers are written as 64-bit two's complement.
    let rest = BigInt.asUintN(64, BigInt(value));
    const out: number[] = [];
    while (rest > 0x7fn) {
      out.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    out.push(Number(rest));
    parts.push(Uint8Array.from(out));
  }
  const tag = (field: number, kind: number) => varint((field << 3) | kind);
  function bytes(field: number, value: Uint8Array): void {
    tag(field, wire.lengthDelimited);
    varint(value.length);
    parts.push(value);
  }
  const finish = () => new Uint8Array(Buffer.concat(parts));

  return {
    integer(field, value) {
      tag(field, wire.varint);
      varint(value);
    },
    float(field, value) {
      tag(field, wire.fixed32);
      const encoded = Buffer.alloc(4);
      encoded.writeFloatLE(value);
      parts.push(encoded);
    },
    text: (field, value) => bytes(field, Buffer.from(value, 'utf8')),
    bytes,
    message: (field, value) => bytes(field, value.finish()),
    finish,
  };
}
