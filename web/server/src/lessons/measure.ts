/** [C11] One pass over a media file that measures sound and picture; nothing of it is kept but the figures. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { MediaFile } from './inspect.ts';
import { MakingRefused } from './making-refused.ts';
import { followProgress, ProgramError, quietly, runProgram, trustNothing } from './media-program.ts';

/** Levels of one second of sound, dBFS; −Infinity for digital silence. */
export interface SecondOfSound {
  peak: number;
  level: number;
  /** How long equal samples stood at the peak: what a clipped wave looks like. */
  flatness: number;
}

export interface Span {
  fromMs: number;
  toMs: number;
}

/** What loudnorm found, and wants to be told when it normalises. */
export interface Loudness {
  integrated: number;
  truePeak: number;
  range: number;
  threshold: number;
  offset: number;
}

export interface Measured {
  durationMs: number;
  seconds: SecondOfSound[];
  /** Energy around 50 Hz, and in the bands below and above it, by the second. */
  hum: { at50: number; below: number; above: number }[];
  loudness: Loudness | null;
  black: Span[];
  frozen: Span[];
  silent: Span[];
}

/** EBU R 128, as it is used for speech that is listened to on telephones. */
export const loudnessTarget = 'I=-16:TP=-1.5:LRA=11';

const level = 'astats=metadata=1:reset=1:measure_perchannel=none:measure_overall';
const everySecond = 'aresample=48000,asetnsamples=n=48000:p=0';

const band = (hertz: number, file: string) =>
  `aformat=channel_layouts=mono,bandpass=f=${hertz}:width_type=h:width=8,bandpass=f=${hertz}:width_type=h:width=8,` +
  `${everySecond},${level}=RMS_level,ametadata=mode=print:file=${file},anullsink`;

function graphOf({ video, audio }: MediaFile): string {
  const chains: string[] = [];
  if (video)
    chains.push(
      '[0:v:0]fps=5,scale=w=320:h=-2,blackdetect=d=2:pix_th=0.1,freezedetect=n=-60dB:d=10[picture]',
    );
  if (audio)
    chains.push(
      '[0:a:0]asplit=6[a1][a2][a3][a4][a5][a6]',
      `[a1]loudnorm=${loudnessTarget}:print_format=json[sound]`,
      '[a2]silencedetect=n=-50dB:d=5,anullsink',
      `[a3]${everySecond},${level}=Peak_level+RMS_level+Flat_factor,ametadata=mode=print:file=levels.txt,anullsink`,
      `[a4]${band(50, 'at50.txt')}`,
      `[a5]${band(35, 'below.txt')}`,
      `[a6]${band(72, 'above.txt')}`,
    );
  return chains.join(';\n');
}

/** Rejects with MakingRefused `damaged` when the file cannot be worked through to its end. */
export async function measureMedia(
  file: string,
  media: MediaFile,
  options: { cwd: string; signal: AbortSignal; timeoutMs: number; progress: (ms: number) => void },
): Promise<Measured> {
  const { cwd, signal, timeoutMs, progress } = options;
  await writeFile(join(cwd, 'measure.txt'), graphOf(media));
  let durationMs = 0;
  const args = [
    ...quietly,
    ...['-loglevel', 'info', ...trustNothing, '-i', file, '-filter_complex_script', 'measure.txt'],
    ...(media.video ? ['-map', '[picture]'] : []),
    ...(media.audio ? ['-map', '[sound]'] : []),
    ...['-progress', 'pipe:1', '-f', 'null', '-'],
  ];
  const onLine = followProgress((ms) => {
    durationMs = Math.max(durationMs, Math.round(ms));
    progress(ms);
  });
  let words: string;
  try {
    ({ words } = await runProgram({ program: 'ffmpeg', args, cwd, signal, timeoutMs, onLine }));
  } catch (error) {
    if (error instanceof ProgramError && !error.killed) throw new MakingRefused('damaged', error);
    throw error;
  }
  const { audio } = media;
  const [levels, at50, below, above] = await Promise.all(
    ['levels.txt', 'at50.txt', 'below.txt', 'above.txt'].map((name) =>
      audio ? framesIn(join(cwd, name)) : Promise.resolve([]),
    ),
  );
  return {
    durationMs,
    seconds: (levels ?? []).map((frame) => ({
      peak: valueOf(frame, 'Peak_level'),
      level: valueOf(frame, 'RMS_level'),
      flatness: valueOf(frame, 'Flat_factor'),
    })),
    hum: (at50 ?? []).map((frame, at) => ({
      at50: valueOf(frame, 'RMS_level'),
      below: valueOf(below?.[at] ?? new Map(), 'RMS_level'),
      above: valueOf(above?.[at] ?? new Map(), 'RMS_level'),
    })),
    loudness: audio ? loudnessIn(words) : null,
    black: spansIn(words, /black_start:(-?[\d.]+)/g, /black_end:(-?[\d.]+)/g, durationMs),
    frozen: spansIn(words, /freeze_start: (-?[\d.]+)/g, /freeze_end: (-?[\d.]+)/g, durationMs),
    silent: spansIn(words, /silence_start: (-?[\d.]+)/g, /silence_end: (-?[\d.]+)/g, durationMs),
  };
}

type Frame = Map<string, number>;

/** Of what `ametadata` printed: one map of figures for each second. */
async function framesIn(path: string): Promise<Frame[]> {
  const frames: Frame[] = [];
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    if (line.startsWith('frame:')) frames.push(new Map());
    const [, name, value] = /^lavfi\.astats\.Overall\.(\w+)=(\S+)$/.exec(line) ?? [];
    if (name && value) frames.at(-1)?.set(name, value === '-inf' ? -Infinity : Number(value));
  }
  return frames;
}

function valueOf(frame: Frame, name: string): number {
  const value = frame.get(name) ?? -Infinity;
  return Number.isNaN(value) ? -Infinity : value;
}

/** What begins and does not end goes on to the end. */
function spansIn(words: string, starts: RegExp, ends: RegExp, durationMs: number): Span[] {
  const times = (pattern: RegExp) =>
    [...words.matchAll(pattern)].map(([, text]) => Math.round(Number(text) * 1000));
  const ended = times(ends);
  return times(starts).map((fromMs, at) => ({
    fromMs: Math.max(0, fromMs),
    toMs: Math.min(Math.max(ended[at] ?? durationMs, fromMs), Math.max(durationMs, fromMs)),
  }));
}

const figure = z.coerce.number();
const printed = z.object({
  input_i: figure,
  input_tp: figure,
  input_lra: figure,
  input_thresh: figure,
  target_offset: figure,
});

/** Null for silence, whose loudness is none. */
function loudnessIn(words: string): Loudness | null {
  const text = /\{[^{}]*"input_i"[^{}]*\}/.exec(words)?.[0];
  const parsed = text === undefined ? null : printed.safeParse(JSON.parse(text));
  if (!parsed?.success) return null;
  const { input_i, input_tp, input_lra, input_thresh, target_offset } = parsed.data;
  const found = {
    integrated: input_i,
    truePeak: input_tp,
    range: input_lra,
    threshold: input_thresh,
    offset: target_offset,
  };
  return Object.values(found).every(Number.isFinite) && input_i > -70 ? found : null;
}
