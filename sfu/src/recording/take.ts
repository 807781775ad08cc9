/**
 * One take of one view: an unbroken run of ffmpeg that gets pictures and sound as Matroska and gives fragmented MP4,
 * cut into segments here. H.264 is copied; VP8 is coded anew. What has gone in since the last whole segment is kept,
 * so that a take whose ffmpeg dies can be taken up by the next without a hole.
 */
import { randomBytes } from 'node:crypto';
import { encoderArgs } from './encoder-args.ts';
import { startFfmpeg } from './ffmpeg.ts';
import { channels, matroskaCluster, matroskaHeader, sampleRate, type Block } from './matroska.ts';
import { createMp4Cutter } from './mp4-fragments.ts';
import type { Picture } from './picture-source.ts';
import type { PictureFormat } from './video-frame.ts';

export interface TakenSegment {
  /** Ms of the recorder's clock, whole. Each begins where the one before ended. */
  startMs: number;
  durationMs: number;
  bytes: Buffer;
}

/** What went in since `fromMs`, which no segment holds yet; pictures from the key frame before on. */
export interface Unsaved {
  fromMs: number;
  pictures: Picture[];
  sounds: Sound[];
}

/** 16 bit PCM as a container has it. */
export interface Sound {
  atMs: number;
  toMs: number;
  pcm: Buffer;
}

export interface TakeListener {
  init(take: string, bytes: Buffer): void;
  segment(take: string, segment: TakenSegment): void;
  /** ffmpeg died or gave nonsense before it was told to end. The take is over. */
  failed(error: unknown, unsaved: Unsaved): void;
}

export interface TakeOptions {
  format: PictureFormat;
  /** Of its first picture and sound: ms of the recorder's clock, whole. */
  startMs: number;
  listener: TakeListener;
}

export interface Take {
  /** `[a-z0-9]{8}`. */
  readonly id: string;
  readonly pid: number | null;
  /** A picture from before the take's beginning or its last picture is shown 1 ms after the last. */
  picture(picture: Picture): void;
  /** And with it all pictures shown before its end. What of it is before the take's beginning is left out. */
  sound(sound: Sound): void;
  /** The last segment ends at `atMs`. Resolves when it has been told; kills ffmpeg when that takes too long. */
  end(atMs: number): Promise<void>;
  /** At once; what was under way is lost. Idempotent. */
  kill(): void;
}

/** ffmpeg does not read: more than this is not kept for it. */
const maxBacklog = 48 << 20;
const endTimeoutMs = 15_000;
const bytesPerMs = (sampleRate * channels * 2) / 1000;

export function createTake({ format, startMs, listener }: TakeOptions): Take {
  const id = BigInt(`0x${randomBytes(8).toString('hex')}`)
    .toString(36)
    .padStart(8, '0')
    .slice(-8);
  const { process: child, ended } = startFfmpeg(encoderArgs(format));
  const queue: Picture[] = [];
  let unsaved: Unsaved = { fromMs: startMs, pictures: [], sounds: [] };
  let lastPictureMs = startMs - 1;
  /** The newest picture that is due: written with the next, or at the end with how long it lasts. */
  let newest: Picture | null = null;
  let firstFragmentMs: number | null = null;
  let endMs: number | null = null;
  /** A fragment that may be the last, which ends where the take does. */
  let kept: { toMs: number; bytes: Buffer } | null = null;
  let over = false;

  function fail(error: unknown): void {
    if (over) return;
    over = true;
    child.kill('SIGKILL');
    listener.failed(error, { ...unsaved, pictures: [...unsaved.pictures, ...queue] });
  }

  function tell(toMs: number, bytes: Buffer): void {
    const { fromMs, pictures, sounds } = unsaved;
    if (toMs <= fromMs) return;
    // From a key frame on, which may be older: another take begins with what followed it.
    const key = pictures.findLastIndex(({ isKey, atMs }) => isKey && atMs <= toMs);
    unsaved = {
      fromMs: toMs,
      pictures: pictures.slice(Math.max(0, key)),
      sounds: sounds.filter((sound) => sound.toMs > toMs),
    };
    listener.segment(id, { startMs: fromMs, durationMs: toMs - fromMs, bytes });
  }

  const block = (picture: Picture): Block => ({
    track: 'picture',
    ...picture,
    atMs: picture.atMs - startMs,
  });

  const cutter = createMp4Cutter({
    init: (bytes) => listener.init(id, bytes),
    fragment({ bytes, fromMs, durationMs }) {
      firstFragmentMs ??= fromMs;
      if (kept) tell(kept.toMs, kept.bytes);
      kept = null;
      const toMs = Math.round(startMs + fromMs - firstFragmentMs + durationMs);
      if (endMs === null) tell(toMs, bytes);
      else kept = { toMs, bytes };
    },
  });

  child.stdout.on('data', (chunk: Buffer) => {
    if (over) return;
    try {
      cutter.push(chunk);
    } catch (error) {
      fail(error);
    }
  });
  child.stdin.write(matroskaHeader(format));
  ended.then(
    () => endMs === null && fail(new Error('ffmpeg ended by itself')),
    (error: unknown) => fail(error),
  );

  return {
    id,
    get pid() {
      return child.pid ?? null;
    },
    picture(picture) {
      const atMs = Math.max(Math.round(picture.atMs), lastPictureMs + 1);
      lastPictureMs = atMs;
      queue.push({ ...picture, atMs });
    },
    sound(sound) {
      if (over || sound.toMs <= startMs) return;
      const { toMs } = sound;
      const atMs = Math.max(sound.atMs, startMs);
      const pcm = sound.pcm.subarray((atMs - sound.atMs) * bytesPerMs);
      const blocks: Block[] = [];
      for (let next = queue[0]; next && next.atMs < toMs; next = queue[0]) {
        queue.shift();
        unsaved.pictures.push(next);
        if (newest) blocks.push(block(newest));
        newest = next;
      }
      unsaved.sounds.push({ atMs, toMs, pcm });
      blocks.push({ track: 'sound', atMs: atMs - startMs, isKey: true, data: pcm });
      child.stdin.write(matroskaCluster(blocks));
      if (child.stdin.writableLength > maxBacklog) fail(new Error('ffmpeg does not read its input'));
    },
    async end(atMs) {
      if (over) return;
      endMs = atMs;
      if (newest) {
        const last = { ...block(newest), durationMs: Math.max(1, atMs - newest.atMs) };
        child.stdin.write(matroskaCluster([last]));
      }
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
      try {
        await ended;
      } catch {
        // Told by `failed`.
      } finally {
        clearTimeout(timer);
      }
      if (over) return;
      over = true;
      if (kept) tell(atMs, kept.bytes);
    },
    kill() {
      if (over) return;
      over = true;
      child.kill('SIGKILL');
    },
  };
}
