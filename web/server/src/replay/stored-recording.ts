import { buffer } from 'node:stream/consumers';
import {
  parseSegmentName,
  playable,
  previewIndex,
  previewIndexName,
  type PreviewIndex,
  recordingPrefix,
  type RecordingView,
  viewPrefix,
} from '@keshi/contract/recordings';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { createTimeline, type Segment, spansOn, type Timeline } from './timeline.ts';

/** A finished recording as it lies in the media store. */
export interface StoredReplay {
  timeline: Timeline;
  /** Where the camera has a picture of its own. */
  cameraSpans: { from: number; to: number }[];
  preview: PreviewIndex | null;
}

/** A finished recording does not change; it is only removed, by retention, which need not show within the second. */
const keptMs = 60_000;
const keptClasses = 64;

export interface StoredReplays {
  /** Null when there is nothing of it in the store. Rejects with `unavailable` while the store does not answer. */
  of(classId: string, has: { camera: boolean; preview: boolean }): Promise<StoredReplay | null>;
}

/** Reads where a recording's segments lie, once for everybody who watches it. */
export function createStoredReplays({ store, clock }: { store: MediaStore; clock: Clock }): StoredReplays {
  const known = new Map<string, { at: number; replay: Promise<StoredReplay | null> }>();

  async function segmentsOf(classId: string, view: RecordingView): Promise<Segment[]> {
    const stored = await store.list(viewPrefix(classId, view));
    return playable(stored.flatMap(({ name }) => parseSegmentName(name) ?? []));
  }

  async function previewOf(classId: string): Promise<PreviewIndex | null> {
    const stored = await store.get(previewIndexName(classId));
    if (!stored) return null;
    const text = (await buffer(stored.body)).toString('utf8');
    // A preview that cannot be read costs its pictures, not the replay.
    return previewIndex.nullable().catch(null).parse(jsonOrNull(text));
  }

  async function read(
    classId: string,
    has: { camera: boolean; preview: boolean },
  ): Promise<StoredReplay | null> {
    try {
      const [main, camera, preview] = await Promise.all([
        segmentsOf(classId, 'main'),
        has.camera ? segmentsOf(classId, 'camera') : [],
        has.preview ? previewOf(classId) : null,
      ]);
      const timeline = createTimeline(main);
      return timeline && { timeline, cameraSpans: spansOn(timeline, camera), preview };
    } catch (error) {
      throw new AppError('unavailable', { cause: error, retryMs: 2_000 });
    }
  }

  return {
    async of(classId, has) {
      const now = clock();
      const key = `${recordingPrefix(classId)}${has.camera ? 'c' : ''}${has.preview ? 'p' : ''}`;
      const fresh = known.get(key);
      if (fresh && now - fresh.at < keptMs) return fresh.replay;
      const replay = read(classId, has);
      known.delete(key);
      known.set(key, { at: now, replay });
      const [oldest] = known.keys();
      if (known.size > keptClasses && oldest !== undefined) known.delete(oldest);
      // A failure is not kept: the next one who asks tries again.
      replay.catch(() => known.get(key)?.replay === replay && known.delete(key));
      return replay;
    },
  };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
