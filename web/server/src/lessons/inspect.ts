/** What is in a media file, as ffprobe finds it. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MakingRefused } from './making-refused.ts';
import { ProgramError, runProgram, trustNothing } from './media-program.ts';

export interface VideoTrack {
  width: number;
  height: number;
  framesPerSecond: number;
  startMs: number;
}

export interface MediaFile {
  /** As the container says; null when it does not. */
  durationMs: number | null;
  video: VideoTrack | null;
  audio: { startMs: number } | null;
}

const seconds = z.coerce.number().nonnegative();
const stream = z.object({
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  avg_frame_rate: z.string().optional(),
  start_time: z.coerce.number().catch(0),
  disposition: z.object({ attached_pic: z.int() }).partial().optional(),
  side_data_list: z.array(z.object({ rotation: z.number() }).partial()).optional(),
});
const answer = z.object({
  streams: z.array(stream).default([]),
  format: z.object({ duration: seconds.optional().catch(undefined) }).default({}),
});

const timeoutMs = 60_000;
/** Wider or higher is no lesson but an attempt to keep us busy. */
const largestEdge = 8_192;

/**
 * Rejects with MakingRefused: `wrong-type` for what is no media of the expected kind, `damaged`, `too-large` for
 * pictures beyond what anybody films.
 */
export async function inspectMedia(
  file: string,
  { cwd, signal, wants }: { cwd: string; signal: AbortSignal; wants: 'video' | 'audio' },
): Promise<MediaFile> {
  if (!looksLikeMedia(await headOf(join(cwd, file)))) throw new MakingRefused('wrong-type');
  const found = answer.parse(JSON.parse(await probe(file, cwd, signal)));
  const video = found.streams.find(
    (each) => each.codec_type === 'video' && each.disposition?.attached_pic !== 1 && each.width !== undefined,
  );
  const audio = found.streams.find((each) => each.codec_type === 'audio' && each.codec_name !== undefined);
  if (wants === 'video' ? !video : !audio) throw new MakingRefused('wrong-type');
  if (Math.max(video?.width ?? 0, video?.height ?? 0) > largestEdge) throw new MakingRefused('too-large');
  return {
    durationMs: found.format.duration === undefined ? null : Math.round(found.format.duration * 1000),
    video: wants === 'video' && video ? trackOf(video) : null,
    audio: audio ? { startMs: Math.round(audio.start_time * 1000) } : null,
  };
}

async function probe(file: string, cwd: string, signal: AbortSignal): Promise<string> {
  const args = ['-v', 'error', ...trustNothing, '-show_format', '-show_streams', '-of', 'json', file];
  try {
    return (await runProgram({ program: 'ffprobe', args, cwd, signal, timeoutMs })).out;
  } catch (error) {
    if (error instanceof ProgramError && !error.killed) throw new MakingRefused('damaged', error);
    throw error;
  }
}

function trackOf(found: z.infer<typeof stream>): VideoTrack {
  const turned = found.side_data_list?.some(({ rotation }) => Math.abs(rotation ?? 0) % 180 === 90) ?? false;
  const [width, height] = [found.width ?? 0, found.height ?? 0];
  const [frames = 0, per = 1] = (found.avg_frame_rate ?? '0/1').split('/').map(Number);
  return {
    width: turned ? height : width,
    height: turned ? width : height,
    framesPerSecond: per > 0 ? Math.round((frames / per) * 100) / 100 : 0,
    startMs: Math.round(found.start_time * 1000),
  };
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** By its first bytes, whatever it is called: programs, archives, documents and playlists are not even looked into. */
function looksLikeMedia(head: Buffer): boolean {
  const at = (offset: number, text: string) =>
    head.subarray(offset, offset + text.length).toString('latin1') === text;
  const boxes = ['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip', 'styp'];
  return (
    boxes.some((box) => at(4, box)) ||
    head.subarray(0, 4).equals(Buffer.from([0x1a, 0x45, 0xdf, 0xa3])) ||
    (at(0, 'RIFF') && (at(8, 'AVI ') || at(8, 'WAVE'))) ||
    at(0, 'OggS') ||
    at(0, 'fLaC') ||
    at(0, 'ID3') ||
    at(0, 'FLV') ||
    head.subarray(0, 4).equals(Buffer.from([0x30, 0x26, 0xb2, 0x75])) ||
    head.subarray(0, 4).equals(Buffer.from([0x00, 0x00, 0x01, 0xba])) ||
    (head[0] === 0x47 && head[188] === 0x47) ||
    (head[0] === 0xff && ((head[1] ?? 0) & 0xe0) === 0xe0)
  );
}
