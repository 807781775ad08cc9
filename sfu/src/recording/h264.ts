/** H.264 from RTP (RFC 6184, packetisation modes 0 and 1): single NAL units, STAP-A and FU-A to whole pictures. */
import { pictureParameterSetId, readSequenceParameterSet } from './h264-parameters.ts';
import type { ArrivedPacket } from './reorder-buffer.ts';
import type { Depacketiser, FrameListener, PictureCoding } from './video-frame.ts';

const nal = { idr: 5, sps: 7, pps: 8, delimiter: 9, filler: 12, stapA: 24, fuA: 28 } as const;

const typeOf = (unit: Buffer): number => (unit[0] ?? 0) & 0x1f;

export function createH264Depacketiser(listener: FrameListener): Depacketiser {
  const parameters = createParameterSets();
  let units: Buffer[] = [];
  let fragments: Buffer[] | null = null;
  let timestamp: number | null = null;
  let arrivedMs = 0;
  /** Pictures with this timestamp may lack their beginning. */
  let broken: number | null = null;

  function breakPicture(at: number): void {
    units = [];
    fragments = null;
    broken = at;
    listener.broken();
  }

  function finishPicture(): void {
    const picture = units;
    units = [];
    if (timestamp === null || fragments) {
      if (timestamp !== null) breakPicture(timestamp);
      return;
    }
    if (picture.length === 0) return;
    const isKey = picture.some((unit) => typeOf(unit) === nal.idr);
    const coding = isKey ? parameters.coding() : null;
    // A key frame whose parameter sets have not come yet can be shown by nobody.
    if (isKey && !coding) return listener.broken();
    listener.frame({ timestamp, arrivedMs, coding, data: withLengths(picture) });
  }

  function take(unit: Buffer): void {
    const type = typeOf(unit);
    if (type === nal.sps || type === nal.pps) parameters.take(unit);
    else if (type !== nal.delimiter && type !== nal.filler && type !== 0) units.push(unit);
  }

  function takeFragment(payload: Buffer, at: number): void {
    const [indicator = 0, header = 0] = payload;
    if (header & 0x80) fragments = [Buffer.from([(indicator & 0xe0) | (header & 0x1f)])];
    if (!fragments) return breakPicture(at);
    fragments.push(payload.subarray(2));
    if ((header & 0x40) === 0) return;
    take(Buffer.concat(fragments));
    fragments = null;
  }

  return {
    push(packet: ArrivedPacket, lost: number) {
      const { payload } = packet;
      if (payload.length < 2) return;
      if (lost > 0) {
        // What came before may lack its end, and what comes now its beginning, unless it is seen to begin here.
        breakPicture(packet.timestamp);
        if (beginsPicture(payload)) broken = null;
        timestamp = null;
      } else if (timestamp !== null && timestamp !== packet.timestamp) finishPicture();
      if (packet.timestamp === broken) {
        timestamp = null;
        return;
      }
      broken = null;
      if (timestamp !== packet.timestamp) arrivedMs = packet.arrivedMs;
      timestamp = packet.timestamp;
      const type = typeOf(payload);
      if (type === nal.stapA) for (const unit of aggregated(payload)) take(unit);
      else if (type === nal.fuA) takeFragment(payload, packet.timestamp);
      else if (type < nal.stapA) take(payload);
      if (!packet.marker || broken !== null) return;
      finishPicture();
      timestamp = null;
    },
  };
}

function beginsPicture(payload: Buffer): boolean {
  const first = typeOf(payload) === nal.stapA ? (payload[3] ?? 0) & 0x1f : typeOf(payload);
  return first === nal.sps || first === nal.delimiter;
}

function* aggregated(payload: Buffer): Generator<Buffer> {
  for (let at = 1; at + 2 < payload.length;) {
    const length = payload.readUInt16BE(at);
    if (length === 0 || at + 2 + length > payload.length) return;
    yield payload.subarray(at + 2, at + 2 + length);
    at += 2 + length;
  }
}

function withLengths(units: Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (const unit of units) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(unit.length);
    parts.push(length, unit);
  }
  return Buffer.concat(parts);
}

interface ParameterSets {
  take(unit: Buffer): void;
  /** Null before both kinds have come, or when the sequence's set cannot be read. */
  coding(): PictureCoding | null;
}

function createParameterSets(): ParameterSets {
  let sps: Buffer | null = null;
  const pps = new Map<number, Buffer>();
  let coding: PictureCoding | null = null;
  return {
    take(unit) {
      if (typeOf(unit) === nal.sps) {
        if (sps?.equals(unit)) return;
        // Copied: the packets they are part of need not live as long.
        sps = Buffer.from(unit);
        pps.clear();
      } else {
        const id = pictureParameterSetId(unit);
        if (id === null || pps.get(id)?.equals(unit)) return;
        pps.set(id, Buffer.from(unit));
      }
      coding = null;
    },
    coding() {
      if (coding || !sps || pps.size === 0) return coding;
      const sequence = readSequenceParameterSet(sps);
      if (!sequence) return null;
      const { width, height } = sequence;
      coding = { codec: 'h264', width, height, description: describe(sps, [...pps.values()]) };
      return coding;
    },
  };
}

function describe(sps: Buffer, pps: Buffer[]): Buffer {
  const [, profile = 0, compatibility = 0, level = 0] = sps;
  const withLength = (unit: Buffer) => [Buffer.from([unit.length >> 8, unit.length & 0xff]), unit];
  const isHigh = profile === 100 || profile === 110 || profile === 122 || profile === 144;
  return Buffer.concat([
    Buffer.from([1, profile, compatibility, level, 0xff, 0xe1]),
    ...withLength(sps),
    Buffer.from([pps.length]),
    ...pps.flatMap(withLength),
    // Pages send 4:2:0 with 8 bits, whatever the profile would allow.
    ...(isHigh ? [Buffer.from([0xfd, 0xf8, 0xf8, 0])] : []),
  ]);
}
