/**
 * Pictures and sounds of questions: whatever was sent is decoded and made anew, so that what is stored is a picture or a
 * sound and nothing else, neither where it was taken nor what may hide behind it.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MediaProblem } from '@keshi/contract/http/item-media';
import { AppError } from '@keshi/runtime/errors';
import sharp from 'sharp';
import {
  ProgramError,
  ProgramMissingError,
  quietly,
  runProgram,
  trustNothing,
} from '../../lessons/media-program.ts';

export interface MadeMedia {
  kind: 'picture' | 'audio';
  ending: 'jpg' | 'png' | 'webp' | 'm4a';
  contentType: string;
  bytes: Buffer;
}
export type Making = { ok: true; made: MadeMedia } | { ok: false; problem: MediaProblem };

/** A page shows no more, and a phone's camera takes four times as much. */
const longestEdge = 1_920;
const mostPixels = 50_000_000;
const mostMadeBytes = 4 * 1024 ** 2;
/** A question is not a lecture. */
const longestSoundSeconds = 600;
const soundWithinMs = 180_000;
const mostAtOnce = 3;

const drawnAs = {
  jpg: { format: 'jpeg', quality: 85 },
  png: { format: 'png', compressionLevel: 9 },
  webp: { format: 'webp', quality: 85 },
} as const;

const starts = (bytes: Uint8Array, at: number, text: string) =>
  Buffer.from(bytes.subarray(at, at + text.length)).toString('latin1') === text;

/** By its first bytes; what a file is called says nothing. */
export function kindOf(bytes: Uint8Array): 'jpg' | 'png' | 'webp' | 'audio' | null {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpg';
  if (starts(bytes, 0, '\x89PNG\r\n\x1a\n')) return 'png';
  if (starts(bytes, 0, 'RIFF') && starts(bytes, 8, 'WEBP')) return 'webp';
  if (starts(bytes, 0, 'RIFF') && starts(bytes, 8, 'WAVE')) return 'audio';
  if (starts(bytes, 0, 'OggS') || starts(bytes, 0, 'ID3') || starts(bytes, 4, 'ftypM4A')) return 'audio';
  // The head of an MPEG frame: eleven bits set, a version and a layer that exist.
  const [first = 0, second = 0] = bytes;
  const isFrame = first === 0xff && (second & 0xe0) === 0xe0;
  return isFrame && (second & 0x18) !== 0x08 && (second & 0x06) !== 0 ? 'audio' : null;
}

export function createMediaMaker() {
  let running = 0;

  async function picture(bytes: Uint8Array, ending: 'jpg' | 'png' | 'webp'): Promise<Making> {
    try {
      const drawing = sharp(bytes, { limitInputPixels: mostPixels, failOn: 'error' })
        .rotate()
        .resize({ width: longestEdge, height: longestEdge, fit: 'inside', withoutEnlargement: true });
      const { format, ...options } = drawnAs[ending];
      const made = await drawing.toFormat(format, options).toBuffer();
      if (made.length > mostMadeBytes) return { ok: false, problem: 'too-large' };
      const contentType = ending === 'jpg' ? 'image/jpeg' : `image/${ending}`;
      return { ok: true, made: { kind: 'picture', ending, contentType, bytes: made } };
    } catch (error) {
      const large = error instanceof Error && error.message.includes('pixel limit');
      return { ok: false, problem: large ? 'too-large' : 'damaged' };
    }
  }

  async function sound(bytes: Uint8Array): Promise<Making> {
    const cwd = await mkdtemp(join(tmpdir(), 'keshi-sound-'));
    try {
      await writeFile(join(cwd, 'given'), bytes);
      const { words } = await runProgram({
        program: 'ffmpeg',
        args: [
          ...quietly,
          ...trustNothing,
          ...[
            '-i',
            'given',
            '-map',
            '0:a:0',
            '-map_metadata',
            '-1',
            '-vn',
            '-t',
            `${longestSoundSeconds + 1}`,
          ],
          ...[
            '-c:a',
            'aac',
            '-b:a',
            '48k',
            '-ac',
            '1',
            '-ar',
            '44100',
            '-movflags',
            '+faststart',
            '-f',
            'ipod',
          ],
          ...['-progress', 'pipe:2', 'made.m4a'],
        ],
        cwd,
        timeoutMs: soundWithinMs,
        signal: new AbortController().signal,
      });
      const us = Number([...words.matchAll(/^out_time_us=(\d+)$/gm)].at(-1)?.[1] ?? 0);
      if (us === 0) return { ok: false, problem: 'damaged' };
      if (us > longestSoundSeconds * 1_000_000) return { ok: false, problem: 'too-large' };
      const made = await readFile(join(cwd, 'made.m4a'));
      return { ok: true, made: { kind: 'audio', ending: 'm4a', contentType: 'audio/mp4', bytes: made } };
    } catch (cause) {
      if (cause instanceof ProgramMissingError) throw new AppError('unavailable', { cause });
      if (cause instanceof ProgramError && !cause.killed) return { ok: false, problem: 'damaged' };
      throw cause;
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  }

  return {
    /** Throws `busy` while others are being made, `unavailable` where nothing can make sounds. */
    async make(bytes: Uint8Array): Promise<Making> {
      const kind = kindOf(bytes);
      if (kind === null) return { ok: false, problem: 'unknown-type' };
      if (running >= mostAtOnce) throw new AppError('busy', { retryMs: 2_000 });
      running += 1;
      try {
        return await (kind === 'audio' ? sound(bytes) : picture(bytes, kind));
      } finally {
        running -= 1;
      }
    },
  };
}
export type MediaMaker = ReturnType<typeof createMediaMaker>;
