/** Puts the packets of one stream back into their order, and gives up waiting for those that do not come. */
import type { RtpPacket } from './rtp-packet.ts';

export interface ArrivedPacket extends RtpPacket {
  /** When it came, ms of the recorder's clock. */
  arrivedMs: number;
}

export interface ReorderBuffer {
  push(packet: ArrivedPacket): void;
  /** To be called now and then: holes older than the wait are given up. */
  tick(nowMs: number): void;
}

export interface ReorderOptions {
  /** How long a hole is kept open for what is late or sent again, ms. */
  waitMs: number;
  /** In order and each once. `lost` packets are missing directly before it. */
  deliver: (packet: ArrivedPacket, lost: number) => void;
}

/** More than this waiting behind a hole means that the hole will not be filled. */
const maxWaiting = 1024;
/** A packet this far from where the stream stands belongs to a stream that began anew. */
const maxJump = 3000;
const maxLate = 500;

export function createReorderBuffer({ waitMs, deliver }: ReorderOptions): ReorderBuffer {
  const waiting = new Map<number, ArrivedPacket>();
  let next: number | null = null;

  function drain(from: number, lost: number): void {
    let sequence = from;
    let missing = lost;
    for (let packet = waiting.get(sequence); packet; packet = waiting.get(sequence)) {
      waiting.delete(sequence);
      sequence = (sequence + 1) & 0xffff;
      next = sequence;
      deliver(packet, missing);
      missing = 0;
    }
  }

  function skipHole(): void {
    if (next === null) return;
    let least = Infinity;
    for (const sequence of waiting.keys()) least = Math.min(least, (sequence - next) & 0xffff);
    if (least !== Infinity) drain((next + least) & 0xffff, least);
  }

  function restart(packet: ArrivedPacket, lost: number): void {
    waiting.clear();
    next = (packet.sequence + 1) & 0xffff;
    deliver(packet, lost);
  }

  return {
    push(packet) {
      if (next === null) return restart(packet, 0);
      const ahead = ((packet.sequence - next + 0x8000) & 0xffff) - 0x8000;
      if (ahead > maxJump || ahead < -maxLate) return restart(packet, 1);
      if (ahead < 0) return;
      waiting.set(packet.sequence, packet);
      if (ahead === 0) drain(packet.sequence, 0);
      else if (waiting.size > maxWaiting) skipHole();
    },
    tick(nowMs) {
      // Packets wait in the order they came, so the first is the oldest; after one hole there may be another.
      for (;;) {
        const oldest = waiting.values().next().value;
        if (!oldest || nowMs - oldest.arrivedMs < waitMs) return;
        skipHole();
      }
    },
  };
}
