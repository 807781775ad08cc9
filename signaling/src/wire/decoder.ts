import { Decoder, Encoder, type Packet } from 'socket.io-parser';

type Decoded = (packet: Packet) => void;

/** Reads all packets without attachments, of whichever connection: between two of them it remembers nothing. */
const shared = new Decoder();
let packet: Packet | null = null;
shared.on('decoded', (decoded: Packet) => {
  packet = decoded;
});

const binaryEvent = '5';
const binaryAck = '6';

/**
 * Socket.IO's decoder for one connection. A page sends texts alone, and the whole decoder that each connection would
 * keep for pictures is made when a packet with attachments comes, for as long as those are on their way.
 */
class LeanDecoder {
  #decoded: Decoded | null = null;
  #whole: Decoder | null = null;

  on(_event: 'decoded', listener: Decoded): this {
    this.#decoded = listener;
    return this;
  }

  removeListener(): this {
    this.#decoded = null;
    return this;
  }

  /** Throws for what is no packet; the connection is closed then. */
  add(data: unknown): void {
    if (this.#whole || typeof data !== 'string' || data[0] === binaryEvent || data[0] === binaryAck)
      return this.#addToWhole(data);
    packet = null;
    shared.add(data);
    const decoded: Packet | null = packet;
    packet = null;
    if (decoded) this.#decoded?.(decoded);
  }

  destroy(): void {
    this.#whole?.destroy();
    this.#whole = null;
  }

  #addToWhole(data: unknown): void {
    this.#whole ??= new Decoder().on('decoded', (decoded: Packet) => {
      this.#whole = null;
      this.#decoded?.(decoded);
    });
    this.#whole.add(data);
  }
}

/** For Socket.IO's option `parser`: the same packets on the wire as ever. */
export const leanParser = { Encoder, Decoder: LeanDecoder };
