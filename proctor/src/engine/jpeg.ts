/**
 * Looks at a picture's bytes before any decoder does. What a page sends is a JPEG of a camera; everything else (other
 * formats under any name, pieces of files, pictures that would take gigabytes to unpack) is refused here for the price
 * of reading its headers.
 */
import type { FrameProblem } from '@keshi/contract/proctor';

export type Inspection =
  { readable: true; width: number; height: number } | { readable: false; problem: FrameProblem };

export const frameLimits = {
  bytes: 1_048_576,
  pixels: 4_194_304,
  /** Of the shorter side. */
  leastSide: 64,
  /** A progressive picture is unpacked once for each of its scans. */
  scans: 32,
} as const;

const marker = { startOfImage: 0xd8, endOfImage: 0xd9, startOfScan: 0xda } as const;
/** Baseline, extended and progressive Huffman; arithmetic and lossless coding no browser writes. */
const readableFrames: readonly number[] = [0xc0, 0xc1, 0xc2];
/** Every start-of-frame marker; 0xc4, 0xc8 and 0xcc mean something else. */
const isFrame = (code: number) =>
  code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
const standsAlone = (code: number) => code === 0x01 || (code >= 0xd0 && code <= 0xd7);

const refuse = (problem: FrameProblem): Inspection => ({ readable: false, problem });

export function inspectJpeg(bytes: Uint8Array): Inspection {
  if (bytes.length === 0) return refuse('empty');
  if (bytes[0] !== 0xff || bytes[1] !== marker.startOfImage || bytes[2] !== 0xff) return refuse('not-jpeg');
  if (bytes.length > frameLimits.bytes) return refuse('too-many-bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: { width: number; height: number } | null = null;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (view.getUint8(at) !== 0xff) return refuse('unreadable');
    const code = view.getUint8(at + 1);
    if (code === 0xff) {
      at += 1;
      continue;
    }
    if (standsAlone(code)) {
      at += 2;
      continue;
    }
    const length = view.getUint16(at + 2);
    if (code === marker.endOfImage || length < 2) return refuse('unreadable');
    if (code === marker.startOfScan) return size ? scanned(bytes, at, size) : refuse('unreadable');
    if (at + 2 + length > bytes.length) return refuse('truncated');
    if (isFrame(code)) {
      const components = length >= 8 ? view.getUint8(at + 9) : 0;
      if (!readableFrames.includes(code) || (components !== 1 && components !== 3))
        return refuse('unreadable');
      size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
      if (size.width * size.height > frameLimits.pixels) return refuse('too-many-pixels');
      if (Math.min(size.width, size.height) < frameLimits.leastSide) return refuse('too-few-pixels');
    }
    at += 2 + length;
  }
  return refuse('truncated');
}

/** Coded data never holds these marker bytes, so what is found behind the first scan is real. */
function scanned(bytes: Uint8Array, from: number, size: { width: number; height: number }): Inspection {
  let scans = 0;
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === marker.startOfScan && ++scans > frameLimits.scans) return refuse('unreadable');
    if (bytes[at + 1] === marker.endOfImage) return { readable: true, ...size };
  }
  return refuse('truncated');
}
