/** From an uploaded file to an HLS stream with its pictures, as files of a folder that are then put into the store. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { playlistName, posterName, thumbsName, thumbSheetName } from '@keshi/contract/lessons';
import type { MediaFile } from './inspect.ts';
import { MakingRefused } from './making-refused.ts';
import { type Loudness, loudnessTarget } from './measure.ts';
import { followProgress, ProgramError, quietly, runProgram, trustNothing } from './media-program.ts';
import type { Rendition } from './renditions.ts';

interface Run {
  /** The folder of the job, in which the file is. */
  cwd: string;
  /** A folder in it, for what is made. */
  out: string;
  signal: AbortSignal;
  timeoutMs: number;
  progress: (ms: number) => void;
}

/** Segments begin at key frames of their own, so that all renditions can be changed between. */
const segmentSeconds = 4;

/** Rejects with MakingRefused `damaged`. Answers how long the stream plays, ms. */
export async function encodeStream(
  file: string,
  media: MediaFile,
  { renditions, loudness }: { renditions: readonly Rendition[]; loudness: Loudness | null },
  run: Run,
): Promise<number> {
  const { cwd, out, signal, timeoutMs, progress } = run;
  const sound = media.audio !== null;
  const count = Math.max(1, renditions.length);
  await writeFile(join(cwd, 'encode.txt'), graphOf(renditions, sound, loudness));
  const variants = Array.from({ length: count }, (_, at) =>
    [...(renditions.length > 0 ? [`v:${at}`] : []), ...(sound ? [`a:${at}`] : [])].join(','),
  );
  const args = [
    ...quietly,
    ...['-loglevel', 'error', ...trustNothing, '-i', file, '-filter_complex_script', 'encode.txt'],
    ...Array.from({ length: count }, (_, at) => [
      ...(renditions.length > 0 ? ['-map', `[v${at}]`] : []),
      ...(sound ? ['-map', `[a${at}]`] : []),
    ]).flat(),
    ...['-map_metadata', '-1', '-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-crf', '23'],
    ...['-force_key_frames', `expr:gte(t,n_forced*${segmentSeconds})`, '-sc_threshold', '0'],
    ...renditions.flatMap(({ maxRate }, at) => [
      `-maxrate:v:${at}`,
      `${maxRate}`,
      `-bufsize:v:${at}`,
      `${2 * maxRate}`,
    ]),
    ...['-c:a', 'aac', '-b:a', '96k', '-ar', '48000', '-ac', '2'],
    ...[
      '-f',
      'hls',
      '-hls_time',
      `${segmentSeconds}`,
      '-hls_playlist_type',
      'vod',
      '-hls_flags',
      'independent_segments',
    ],
    ...['-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', 'init.mp4'],
    ...['-hls_segment_filename', `${out}/v%v/%05d.m4s`, '-master_pl_name', playlistName],
    ...['-var_stream_map', variants.join(' '), '-progress', 'pipe:1', `${out}/v%v/${playlistName}`],
  ];
  try {
    await runProgram({ program: 'ffmpeg', args, cwd, signal, timeoutMs, onLine: followProgress(progress) });
  } catch (error) {
    if (error instanceof ProgramError && !error.killed) throw new MakingRefused('damaged', error);
    throw error;
  }
  return lengthOf(await readFile(join(cwd, out, 'v0', playlistName), 'utf8'));
}

/** Every rendition from one decoding; the sound in two passes, so that it is only made louder or quieter as a whole. */
function graphOf(renditions: readonly Rendition[], sound: boolean, loudness: Loudness | null): string {
  const chains: string[] = [];
  if (renditions.length > 0) {
    const names = renditions.map((_, at) => `[p${at}]`).join('');
    chains.push(`[0:v:0]split=${renditions.length}${names}`);
    chains.push(
      ...renditions.map(
        ({ width, height }, at) => `[p${at}]scale=${width}:${height},setsar=1,format=yuv420p[v${at}]`,
      ),
    );
  }
  if (sound) {
    const count = Math.max(1, renditions.length);
    const names = Array.from({ length: count }, (_, at) => `[a${at}]`).join('');
    const normalise = loudness
      ? `loudnorm=${loudnessTarget}:linear=true:measured_I=${loudness.integrated}:measured_TP=${loudness.truePeak}` +
        `:measured_LRA=${loudness.range}:measured_thresh=${loudness.threshold}:offset=${loudness.offset},`
      : '';
    chains.push(`[0:a:0]${normalise}aresample=48000,asplit=${count}${names}`);
  }
  return chains.join(';\n');
}

/** What a playlist says that it plays, ms. */
export function lengthOf(playlist: string): number {
  const seconds = [...playlist.matchAll(/^#EXTINF:([\d.]+)/gm)].map(([, text]) => Number(text));
  return Math.round(seconds.reduce((sum, each) => sum + each, 0) * 1000);
}

const thumb = { width: 160, height: 90, columns: 10, rows: 10 };
const mostThumbs = 600;
const leastEveryMs = 2_000;

/** A poster, and small pictures for the seek bar with the places they belong to. False when there are none to be had. */
export async function drawPictures(file: string, durationMs: number, run: Run): Promise<boolean> {
  const { cwd, out, signal, timeoutMs, progress } = run;
  const everyMs = Math.max(leastEveryMs, Math.ceil(durationMs / mostThumbs / 1000) * 1000);
  const { width, height, columns, rows } = thumb;
  const fit = `scale=${width}:${height}:force_original_aspect_ratio=decrease`;
  const posterAt = Math.min(durationMs / 10, 5_000) / 1000;
  const draw = (args: readonly string[]) =>
    runProgram({
      program: 'ffmpeg',
      args: [...quietly, '-loglevel', 'error', ...args],
      ...{ cwd, signal, timeoutMs, onLine: followProgress(progress) },
    });
  try {
    await draw([
      ...['-ss', posterAt.toFixed(3), ...trustNothing, '-i', file, '-frames:v', '1'],
      ...['-vf', "scale='min(1280,iw)':-2", '-q:v', '4', `${out}/${posterName}`],
    ]);
    await draw([
      ...[...trustNothing, '-i', file, '-an', '-progress', 'pipe:1'],
      ...[
        '-vf',
        `fps=1000/${everyMs},${fit},pad=${width}:${height}:-1:-1:color=0x14171c,setsar=1,tile=${columns}x${rows}`,
      ],
      ...['-start_number', '0', '-q:v', '6', `${out}/thumb-%04d.jpg`],
    ]);
  } catch (error) {
    // Pictures that cannot be drawn cost the pictures, not the lesson.
    if (error instanceof ProgramError && !error.killed) return false;
    throw error;
  }
  const sheets = (await readdir(join(cwd, out))).filter((name) => /^thumb-\d{4}\.jpg$/.test(name)).length;
  const count = Math.min(sheets * columns * rows, Math.ceil(durationMs / everyMs));
  if (count === 0) return false;
  await writeFile(join(cwd, out, thumbsName), placesOf(count, everyMs, durationMs));
  return true;
}

function placesOf(count: number, everyMs: number, durationMs: number): string {
  const { width, height, columns, rows } = thumb;
  const cues = Array.from({ length: count }, (_, at) => {
    const place = at % (columns * rows);
    const sheet = thumbSheetName(Math.floor(at / (columns * rows)));
    const [x, y] = [(place % columns) * width, Math.floor(place / columns) * height];
    const until = Math.min(durationMs, (at + 1) * everyMs);
    return `${stamp(at * everyMs)} --> ${stamp(until)}\n${sheet}#xywh=${x},${y},${width},${height}\n`;
  });
  return `WEBVTT\n\n${cues.join('\n')}`;
}

/** `00:01:02.500`, as WebVTT writes it. */
function stamp(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}
