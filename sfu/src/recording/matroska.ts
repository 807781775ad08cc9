/**
 * A Matroska stream (RFC 9559) of one picture and one sound track, written as it happens: what ffmpeg reads from its
 * standard input with the recorder's own timestamps. Sizes of the segment are unknown, clusters are short.
 */
import type { PictureFormat } from './video-frame.ts';

export const sampleRate = 48_000;
export const channels = 2;

const ids = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  flagLacing: 0x9c,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  bitDepth: 0x6264,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  blockDuration: 0x9b,
} as const;

const pictureTrack = 1;
const soundTrack = 2;

export interface Block {
  track: 'picture' | 'sound';
  /** Ms since the beginning of the stream. */
  atMs: number;
  isKey: boolean;
  data: Buffer;
  /** Where nothing follows that would tell it. */
  durationMs?: number;
}

/** Everything before the first cluster. Sound is 16 bit PCM, little endian, interleaved. */
export function matroskaHeader(format: PictureFormat): Buffer {
  const picture = [
    unsigned(ids.trackNumber, pictureTrack),
    unsigned(ids.trackUid, pictureTrack),
    unsigned(ids.trackType, 1),
    unsigned(ids.flagLacing, 0),
    text(ids.codecId, format.codec === 'h264' ? 'V_MPEG4/ISO/AVC' : 'V_VP8'),
    ...(format.codec === 'h264' ? [element(ids.codecPrivate, format.description)] : []),
    element(ids.video, unsigned(ids.pixelWidth, format.width), unsigned(ids.pixelHeight, format.height)),
  ];
  const rate = Buffer.alloc(8);
  rate.writeDoubleBE(sampleRate);
  const sound = [
    unsigned(ids.trackNumber, soundTrack),
    unsigned(ids.trackUid, soundTrack),
    unsigned(ids.trackType, 2),
    unsigned(ids.flagLacing, 0),
    text(ids.codecId, 'A_PCM/INT/LIT'),
    element(
      ids.audio,
      element(ids.samplingFrequency, rate),
      unsigned(ids.channels, channels),
      unsigned(ids.bitDepth, 16),
    ),
  ];
  return Buffer.concat([
    element(
      ids.ebml,
      text(ids.docType, 'matroska'),
      unsigned(ids.docTypeVersion, 4),
      unsigned(ids.docTypeReadVersion, 2),
    ),
    idBytes(ids.segment),
    // Eight bytes that say: unknown.
    Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    element(
      ids.info,
      unsigned(ids.timestampScale, 1_000_000),
      text(ids.muxingApp, 'keshi'),
      text(ids.writingApp, 'keshi'),
    ),
    element(ids.tracks, element(ids.trackEntry, ...picture), element(ids.trackEntry, ...sound)),
  ]);
}

/** Blocks at most 30 s apart; `blocks` must not be empty. */
export function matroskaCluster(blocks: readonly Block[]): Buffer {
  const from = Math.min(...blocks.map(({ atMs }) => atMs));
  return element(
    ids.cluster,
    unsigned(ids.timestamp, from),
    ...blocks.map(({ track, atMs, isKey, data, durationMs }) => {
      const head = Buffer.alloc(4);
      head.writeUInt8(0x80 | (track === 'picture' ? pictureTrack : soundTrack));
      head.writeInt16BE(atMs - from, 1);
      if (durationMs !== undefined)
        return element(
          ids.blockGroup,
          element(ids.block, head, data),
          unsigned(ids.blockDuration, durationMs),
        );
      head.writeUInt8(isKey ? 0x80 : 0, 3);
      return element(ids.simpleBlock, head, data);
    }),
  );
}

function idBytes(id: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(id);
  return bytes.subarray(id > 0xffffff ? 0 : id > 0xffff ? 1 : id > 0xff ? 2 : 3);
}

function element(id: number, ...parts: Buffer[]): Buffer {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  // Always eight bytes of size: one form for all, and no element is too large for it.
  const head = Buffer.alloc(8);
  head.writeBigUInt64BE((1n << 56n) | BigInt(size));
  return Buffer.concat([idBytes(id), head, ...parts]);
}

function unsigned(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return element(id, bytes);
}

const text = (id: number, value: string): Buffer => element(id, Buffer.from(value));
