/**
 * Cuts the fragmented MP4 (ISO 14496-12) that ffmpeg writes into its initialisation segment and its fragments, and
 * reads of each how long its picture lasts.
 */

export interface Mp4Track {
  id: number;
  kind: 'picture' | 'sound';
  /** Ticks per second. */
  timescale: number;
}

export interface Mp4Sample {
  /** Bytes from the beginning of the fragment. */
  offset: number;
  size: number;
}

export interface Mp4Fragment {
  /** One `moof` and its `mdat`. */
  bytes: Buffer;
  /** Of the picture track, else of the sound, ms since the beginning of the take's media; fractional. */
  fromMs: number;
  durationMs: number;
  /** The fragment's first picture; null when it has none. */
  firstPicture: Mp4Sample | null;
}

export interface Mp4Cutter {
  /** Throws a TypeError for what is no such stream. */
  push(chunk: Buffer): void;
}

export interface Mp4Listener {
  /** `ftyp` and `moov`: once, first. */
  init(bytes: Buffer): void;
  fragment(fragment: Mp4Fragment): void;
}

export function createMp4Cutter(listener: Mp4Listener): Mp4Cutter {
  let chunks: Buffer[] = [];
  let length = 0;
  let wanted = 8;
  let head: Buffer[] = [];
  let tracks: Mp4Track[] | null = null;
  let moof: Buffer | null = null;

  function takeBox(box: Buffer): void {
    const type = typeOf(box);
    if (type === 'moov') {
      tracks = readTracks(box);
      listener.init(Buffer.concat([...head, box]));
      head = [];
    } else if (!tracks) head.push(box);
    else if (type === 'moof') moof = box;
    else if (type === 'mdat' && moof) {
      const bytes = Buffer.concat([moof, box]);
      moof = null;
      listener.fragment(readFragment(bytes, tracks));
    }
  }

  return {
    push(chunk) {
      chunks.push(chunk);
      length += chunk.length;
      // Joined only when a whole box is there, so that a large one is not copied with every chunk.
      while (length >= wanted) {
        const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length);
        const size = bytes.readUInt32BE(0);
        if (size < 8) throw new TypeError(`a box of ${size} bytes`);
        wanted = size;
        chunks = [bytes];
        if (length < size) return;
        takeBox(bytes.subarray(0, size));
        chunks = [bytes.subarray(size)];
        length -= size;
        wanted = 8;
      }
    },
  };
}

/** Of an initialisation segment. */
export function readInit(bytes: Buffer): { tracks: Mp4Track[]; description: Buffer | null } {
  for (const box of boxes(bytes)) {
    if (typeOf(box) !== 'moov') continue;
    return { tracks: readTracks(box), description: readDescription(box) };
  }
  return { tracks: [], description: null };
}

/** Of a fragment whose `mdat` need not be whole. Throws a TypeError when there is no whole `moof`. */
export function readFragment(bytes: Buffer, tracks: readonly Mp4Track[]): Mp4Fragment {
  const [moof] = boxes(bytes);
  if (!moof || typeOf(moof) !== 'moof') throw new TypeError('a fragment without its head');
  const runs = [...children(moof)].filter((box) => typeOf(box) === 'traf').map((box) => readRun(box, tracks));
  const run = runs.find(({ track }) => track.kind === 'picture') ?? runs[0];
  if (!run) throw new TypeError('a fragment without samples');
  const ms = (ticks: number) => (ticks * 1000) / run.track.timescale;
  return {
    bytes,
    fromMs: ms(run.from),
    durationMs: ms(run.duration),
    firstPicture: run.track.kind === 'picture' ? run.first : null,
  };
}

interface Run {
  track: Mp4Track;
  from: number;
  duration: number;
  first: Mp4Sample | null;
}

function readRun(traf: Buffer, tracks: readonly Mp4Track[]): Run {
  let track: Mp4Track | undefined;
  let defaults = { duration: 0, size: 0 };
  let from = 0;
  let duration = 0;
  let first: Mp4Sample | null = null;
  for (const box of children(traf)) {
    const type = typeOf(box);
    if (type === 'tfhd') {
      const id = box.readUInt32BE(12);
      track = tracks.find((candidate) => candidate.id === id);
      defaults = readDefaults(box);
    } else if (type === 'tfdt') from = box[8] === 1 ? Number(box.readBigUInt64BE(12)) : box.readUInt32BE(12);
    else if (type === 'trun') {
      const run = readSamples(box, defaults);
      duration += run.duration;
      first ??= run.first;
    }
  }
  if (!track) throw new TypeError('a fragment of an unknown track');
  return { track, from, duration, first };
}

const flagsOf = (box: Buffer): number => box.readUIntBE(9, 3);

function readDefaults(tfhd: Buffer): { duration: number; size: number } {
  const flags = flagsOf(tfhd);
  let at = 16;
  if (flags & 0x1) at += 8;
  if (flags & 0x2) at += 4;
  const next = (flag: number): number => {
    if (!(flags & flag)) return 0;
    at += 4;
    return tfhd.readUInt32BE(at - 4);
  };
  return { duration: next(0x8), size: next(0x10) };
}

function readSamples(trun: Buffer, defaults: { duration: number; size: number }) {
  const flags = flagsOf(trun);
  const count = trun.readUInt32BE(12);
  const offset = flags & 0x1 ? trun.readInt32BE(16) : 0;
  let at = 16 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0);
  const next = (flag: number, otherwise: number): number => {
    if (!(flags & flag)) return otherwise;
    at += 4;
    return trun.readUInt32BE(at - 4);
  };
  let duration = 0;
  let first: Mp4Sample | null = null;
  for (let index = 0; index < count; index++) {
    duration += next(0x100, defaults.duration);
    const size = next(0x200, defaults.size);
    next(0x400, 0);
    next(0x800, 0);
    first ??= { offset, size };
  }
  return { duration, first };
}

function readTracks(moov: Buffer): Mp4Track[] {
  const tracks: Mp4Track[] = [];
  for (const trak of children(moov)) {
    if (typeOf(trak) !== 'trak') continue;
    const tkhd = find(trak, 'tkhd');
    const mdhd = find(trak, 'mdia', 'mdhd');
    const hdlr = find(trak, 'mdia', 'hdlr');
    if (!tkhd || !mdhd || !hdlr) continue;
    tracks.push({
      id: tkhd.readUInt32BE(tkhd[8] === 1 ? 28 : 20),
      kind: hdlr.toString('latin1', 16, 20) === 'vide' ? 'picture' : 'sound',
      timescale: mdhd.readUInt32BE(mdhd[8] === 1 ? 28 : 20),
    });
  }
  return tracks;
}

function readDescription(moov: Buffer): Buffer | null {
  for (const trak of children(moov)) {
    const stsd = find(trak, 'mdia', 'minf', 'stbl', 'stsd');
    // A picture's sample entry has 78 bytes of its own before its boxes.
    const entry = stsd && [...boxes(stsd.subarray(16))].find((box) => typeOf(box) === 'avc1');
    for (const box of entry ? boxes(entry.subarray(86)) : [])
      if (typeOf(box) === 'avcC') return box.subarray(8);
  }
  return null;
}

function find(box: Buffer, ...path: string[]): Buffer | null {
  let at: Buffer | undefined = box;
  for (const type of path) at = at && [...children(at)].find((child) => typeOf(child) === type);
  return at ?? null;
}

const typeOf = (box: Buffer): string => box.toString('latin1', 4, 8);
const children = (box: Buffer): Generator<Buffer> => boxes(box.subarray(8));

function* boxes(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = bytes.readUInt32BE(at);
    if (size < 8) return;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
