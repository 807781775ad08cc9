/**
 * Small pictures of a recording for its seek bar. Only the key frame at the beginning of a segment is fetched and
 * decoded for each, so that hours of a class cost seconds.
 */
import { buffer } from 'node:stream/consumers';
import {
  initName,
  previewIndexName,
  previewSheetName,
  segmentName,
  type PreviewIndex,
  type RecordingSegment,
} from '@keshi/contract/recordings';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { FfmpegError, runFfmpeg } from './ffmpeg.ts';
import { readFragment, readInit, type Mp4Track } from './mp4-fragments.ts';

export interface PreviewDeps {
  store: MediaStore;
  classId: string;
  /** Of the main view, in their order; not empty. */
  segments: readonly RecordingSegment[];
  signal?: AbortSignal;
}

const width = 160;
const height = 90;
const columns = 10;
const rows = 10;
const minEveryMs = 2_000;
const maxPictures = 1_000;
const pictureBytes = (width * height * 3) / 2;
const decodeTimeoutMs = 60_000;
/** Holds the head of any segment, and mostly the key frame after it. */
const headBytes = 128 << 10;

/**
 * Does nothing when there is one already. Rejects with FfmpegError or FfmpegMissingError when no pictures can be made,
 * MediaStoreError, a TypeError for segments that are none of ours, or the signal's reason.
 */
export async function makePreview({ store, classId, segments, signal }: PreviewDeps): Promise<void> {
  if (await read(store, previewIndexName(classId))) return;
  const durationMs = segments.reduce((sum, segment) => sum + segment.durationMs, 0);
  const everyMs = Math.max(minEveryMs, 1_000 * Math.ceil(durationMs / maxPictures / 1_000));
  const sheets: string[] = [];
  const inits = new Map<string, Init>();
  let shown = atEvery(segments, everyMs);
  let last: Buffer | null = null;
  while (shown.length > 0) {
    const keys: (Buffer | null)[] = [];
    for (const segment of shown.slice(0, columns * rows)) {
      signal?.throwIfAborted();
      keys.push(await keyFrameOf(store, segment, inits));
    }
    shown = shown.slice(columns * rows);
    const pictures: Buffer[] = [];
    for (const picture of await decode(keys, signal)) {
      // Where there is none, what was to be seen before it goes on.
      last = picture ?? last ?? Buffer.alloc(pictureBytes, 0x80);
      pictures.push(last);
    }
    const name = previewSheetName(classId, sheets.length);
    await store.put(name, await tile(pictures, signal), { contentType: 'image/jpeg' });
    sheets.push(name.slice(name.lastIndexOf('/') + 1));
  }
  const index: PreviewIndex = { everyMs, width, height, columns, rows, sheets };
  await store.put(previewIndexName(classId), Buffer.from(JSON.stringify(index)), {
    contentType: 'application/json',
  });
}

/** The segment that is playing at 0, `everyMs`, 2 `everyMs`, … of the recording. */
function atEvery(segments: readonly RecordingSegment[], everyMs: number): RecordingSegment[] {
  const chosen: RecordingSegment[] = [];
  let endMs = 0;
  for (const segment of segments) {
    endMs += segment.durationMs;
    while (chosen.length * everyMs < endMs) chosen.push(segment);
  }
  return chosen;
}

interface Init {
  tracks: Mp4Track[];
  /** Parameter sets as they stand in a byte stream. */
  parameters: Buffer;
}

/** As a byte stream, with its parameter sets; null when the segment does not begin with one. */
async function keyFrameOf(
  store: MediaStore,
  segment: RecordingSegment,
  inits: Map<string, Init>,
): Promise<Buffer | null> {
  const init = inits.get(segment.take) ?? (await readTake(store, segment));
  if (!init) return null;
  inits.set(segment.take, init);
  const name = segmentName(segment);
  const head = await read(store, name, { from: 0, to: headBytes });
  const sample = head && readFragment(head, init.tracks).firstPicture;
  if (!sample) return null;
  const end = sample.offset + sample.size;
  const bytes =
    end <= head.length
      ? head.subarray(sample.offset, end)
      : await read(store, name, { from: sample.offset, to: end });
  const units = bytes && [...unitsOf(bytes)];
  if (!units?.some((unit) => ((unit[0] ?? 0) & 0x1f) === 5)) return null;
  return Buffer.concat([init.parameters, ...units.flatMap((unit) => [startCode, unit])]);
}

async function readTake(store: MediaStore, segment: RecordingSegment): Promise<Init | null> {
  const bytes = await read(store, initName(segment));
  if (!bytes) return null;
  const { tracks, description } = readInit(bytes);
  return description && { tracks, parameters: parametersOf(description) };
}

async function read(
  store: MediaStore,
  name: string,
  range?: { from: number; to: number },
): Promise<Buffer | null> {
  const found = await store.get(name, range);
  return found && buffer(found.body);
}

const startCode = Buffer.from([0, 0, 0, 1]);

function* unitsOf(sample: Buffer): Generator<Buffer> {
  for (let at = 0; at + 4 < sample.length;) {
    const length = sample.readUInt32BE(at);
    yield sample.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
}

/** Of an AVCDecoderConfigurationRecord. */
function parametersOf(description: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    for (let count = (description[at++] ?? 0) & mask; count > 0; count--) {
      const length = description.readUInt16BE(at);
      parts.push(startCode, description.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return Buffer.concat(parts);
}

/** One picture for each key frame, null for those that there are none of or that cannot be decoded. */
async function decode(
  keys: readonly (Buffer | null)[],
  signal: AbortSignal | undefined,
): Promise<(Buffer | null)[]> {
  const present = keys.filter((key) => key !== null);
  if (present.length === 0) return keys.map(() => null);
  let pictures = await decodeAll(present, signal);
  if (pictures.length !== present.length) {
    // One of them is broken: each for itself tells which.
    const single = [];
    for (const key of present) single.push((await decodeAll([key], signal)).at(0) ?? null);
    pictures = single;
  }
  let next = 0;
  return keys.map((key) => (key ? (pictures[next++] ?? null) : null));
}

async function decodeAll(
  keys: readonly Buffer[],
  signal: AbortSignal | undefined,
): Promise<(Buffer | null)[]> {
  const fit = `scale=${width}:${height}:force_original_aspect_ratio=decrease`;
  const filters = `${fit},pad=${width}:${height}:-1:-1:color=0x14171c,setsar=1`;
  const args = [
    ...['-threads', '1', '-flags', 'low_delay', '-f', 'h264', '-i', 'pipe:0', '-an', '-vf', filters],
    ...['-fps_mode', 'passthrough', '-pix_fmt', 'yuv420p', '-f', 'rawvideo', 'pipe:1'],
  ];
  try {
    const raw = await runFfmpeg({ args, input: Buffer.concat(keys), signal, timeoutMs: decodeTimeoutMs });
    return Array.from({ length: Math.floor(raw.length / pictureBytes) }, (_, at) =>
      raw.subarray(at * pictureBytes, (at + 1) * pictureBytes),
    );
  } catch (error) {
    if (error instanceof FfmpegError) return [];
    throw error;
  }
}

function tile(pictures: readonly Buffer[], signal: AbortSignal | undefined): Promise<Buffer> {
  const args = [
    ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-i', 'pipe:0'],
    ...['-vf', `tile=${columns}x${rows}`, '-frames:v', '1', '-q:v', '6', '-f', 'mjpeg', 'pipe:1'],
  ];
  return runFfmpeg({ args, input: Buffer.concat(pictures), signal, timeoutMs: decodeTimeoutMs });
}
