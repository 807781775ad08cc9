/** A lesson with a time line, from the file as it was uploaded. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MadeMedia, MakingStep, QualityReport } from '@keshi/contract/lessons';
import { drawPictures, encodeStream } from './encode.ts';
import { inspectMedia } from './inspect.ts';
import { MakingRefused } from './making-refused.ts';
import { measureMedia } from './measure.ts';
import { qualityOf } from './quality.ts';
import { renditionsOf } from './renditions.ts';

export interface Making {
  /** A folder of the job's own, in which the upload is `source`. */
  dir: string;
  signal: AbortSignal;
  /** How much of the step is done, 0 to 1. */
  tell: (step: MakingStep, done: number) => void;
}

export interface Made {
  media: MadeMedia;
  durationMs: number | null;
  quality: QualityReport | null;
  /** A folder in `dir`: everything in it belongs to the lesson. */
  out: string;
}

/** What is shorter was a mistake of the camera. */
const shortestMs = 500;
const longestMs = 5 * 3_600_000;
/** A pass may take so much longer than what it works on. */
const patience = 8;
const leastMs = 5 * 60_000;

/** Rejects with MakingRefused, ProgramMissingError, or the signal's reason. */
export async function makeStream(
  wants: 'video' | 'audio',
  { dir: cwd, signal, tell }: Making,
): Promise<Made> {
  const file = 'source';
  const out = 'out';
  tell('inspect', 0);
  const media = await inspectMedia(file, { cwd, signal, wants });
  if ((media.durationMs ?? 0) > longestMs) throw new MakingRefused('too-long');
  const expectedMs = media.durationMs ?? longestMs;
  const timeoutMs = leastMs + patience * expectedMs;
  const share = (step: MakingStep) => (ms: number) => tell(step, Math.min(1, ms / Math.max(1, expectedMs)));

  const measured = await measureMedia(file, media, { cwd, signal, timeoutMs, progress: share('measure') });
  if (measured.durationMs < shortestMs) throw new MakingRefused('empty');
  if (measured.durationMs > longestMs) throw new MakingRefused('too-long');

  await mkdir(join(cwd, out), { recursive: true });
  const renditions = media.video ? renditionsOf(media.video) : [];
  const durationMs = await encodeStream(
    file,
    media,
    { renditions, loudness: measured.loudness },
    { cwd, out, signal, timeoutMs, progress: share('encode') },
  );
  const drawn = media.video
    ? await drawPictures(file, durationMs, { cwd, out, signal, timeoutMs, progress: share('pictures') })
    : false;
  return {
    media: {
      kind: 'stream',
      renditions: renditions.map(({ width, height }) => ({ width, height })),
      poster: drawn,
      thumbs: drawn,
    },
    durationMs,
    quality: qualityOf(media, measured),
    out,
  };
}
