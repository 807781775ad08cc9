/** What is left to do when a recorded class is over: what there is of it, and its seek preview. */
import {
  parseSegmentName,
  playable,
  recordingPrefix,
  type RecordingSegment,
  type RecordingView,
} from '@keshi/contract/recordings';
import type { Logger } from '@keshi/runtime/log';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { FfmpegError, FfmpegMissingError } from './ffmpeg.ts';
import { makePreview } from './preview.ts';

export interface FinishedRecording {
  /** Server time of its first and after its last sample, ms. */
  from: number;
  to: number;
  /** Of what was recorded: pauses do not count. */
  durationMs: number;
  /** In this order: main, camera. */
  views: RecordingView[];
  /** Of everything stored, the preview included. */
  bytes: number;
  /** False where pictures could not be made: the recording plays without. */
  hasPreview: boolean;
}

export interface FinishDeps {
  store: MediaStore;
  classId: string;
  log: Logger;
  signal?: AbortSignal;
}

/**
 * From the stored names alone, so that any node can do it, again and again. Null when nothing was recorded. Rejects
 * with a MediaStoreError, or with the signal's reason.
 */
export async function finishRecording(deps: FinishDeps): Promise<FinishedRecording | null> {
  const { store, classId, log, signal } = deps;
  const recorded = await list(store, classId);
  const main = playable(recorded.segments.filter(({ view }) => view === 'main'));
  const first = main[0];
  const last = main.at(-1);
  if (!first || !last) return null;
  let hasPreview = false;
  try {
    await makePreview({ ...deps, segments: main });
    hasPreview = true;
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof FfmpegError || error instanceof FfmpegMissingError || error instanceof TypeError))
      throw error;
    log.warn({ err: error, classId }, 'no seek preview could be made');
  }
  const { bytes } = await list(store, classId);
  const finished: FinishedRecording = {
    from: first.startMs,
    to: last.startMs + last.durationMs,
    durationMs: main.reduce((sum, { durationMs }) => sum + durationMs, 0),
    views: recorded.segments.some(({ view }) => view === 'camera') ? ['main', 'camera'] : ['main'],
    bytes,
    hasPreview,
  };
  log.info({ classId, ...finished }, 'recording finished');
  return finished;
}

async function list(
  store: MediaStore,
  classId: string,
): Promise<{ segments: RecordingSegment[]; bytes: number }> {
  const segments: RecordingSegment[] = [];
  let bytes = 0;
  for (const { name, size } of await store.list(recordingPrefix(classId))) {
    bytes += size;
    const segment = parseSegmentName(name);
    if (segment) segments.push(segment);
  }
  return { segments, bytes };
}
