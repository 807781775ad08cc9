/**
 * How a recorded class lies in the media store. The recorder writes these names, web/server reads them, and nothing
 * else about a recording is needed to play it: times and lengths stand in the names.
 *
 *     recordings/<classId>/<view>/<take>.init.mp4                      stored before the take's first segment
 *     recordings/<classId>/<view>/<startMs>-<durationMs>-<take>.m4s
 *     recordings/<classId>/preview/<nnnn>.jpg                          seek previews, made after the end
 *     recordings/<classId>/preview/index.json                          stored after all of its sheets
 */
import { z } from 'zod';
import { durationMs, id, instant } from './domain.ts';

/**
 * `main` always has picture and sound: the screen while one is shared, else the host. `camera` exists only while a
 * screen is the main picture. Both share one time line.
 */
export const recordingView = z.enum(['main', 'camera']);
export type RecordingView = z.infer<typeof recordingView>;

/** One unbroken run of an encoder: its segments share one initialisation segment and one time line of the media. */
export const recordingTake = z.string().regex(/^[a-z0-9]{8}$/);

const segment = z.object({
  classId: id,
  view: recordingView,
  /** Server time of the first sample, ms since the epoch, 13 digits, so that names sort by time. */
  startMs: instant.min(1_000_000_000_000).max(9_999_999_999_999),
  durationMs: durationMs.positive().max(60_000),
  take: recordingTake,
});
export type RecordingSegment = z.infer<typeof segment>;

/** Where everything of one class's recording is; with the slash at its end. */
export function recordingPrefix(classId: string): string {
  return `recordings/${id.parse(classId)}/`;
}

/** Where the segments of one view are; with the slash at its end. */
export function viewPrefix(classId: string, view: RecordingView): string {
  return `${recordingPrefix(classId)}${recordingView.parse(view)}/`;
}

/** Throws a ZodError when a part is out of its bounds: a name is never made from anything else. */
export function segmentName(parts: RecordingSegment): string {
  const { classId, view, startMs, durationMs: length, take } = segment.parse(parts);
  return `${viewPrefix(classId, view)}${startMs}-${length}-${take}.m4s`;
}

/** Null for any other name. */
export function parseSegmentName(name: string): RecordingSegment | null {
  const match = /^recordings\/([^/]+)\/([^/]+)\/([1-9]\d{12})-([1-9]\d{0,4})-([^/.]+)\.m4s$/.exec(name);
  if (!match) return null;
  const [, classId, view, startMs, length, take] = match;
  const parsed = segment.safeParse({
    classId,
    view,
    startMs: Number(startMs),
    durationMs: Number(length),
    take,
  });
  return parsed.success ? parsed.data : null;
}

/** Segments of one view may meet within this of each other: they are cut at frames, not at milliseconds. */
const meetsMs = 250;

/**
 * What plays of one view, in the order of its time. Two nodes may have recorded the same moments while one of them
 * could not be reached: what is covered already is left out, so that no moment plays twice.
 */
export function playable(segments: readonly RecordingSegment[]): RecordingSegment[] {
  const chosen: RecordingSegment[] = [];
  let until = -Infinity;
  for (const segment of [...segments].sort((a, b) => a.startMs - b.startMs)) {
    if (segment.startMs < until - meetsMs) continue;
    chosen.push(segment);
    until = segment.startMs + segment.durationMs;
  }
  return chosen;
}

/** The take's initialisation segment. Throws a ZodError when a part is out of its bounds. */
export function initName(parts: Pick<RecordingSegment, 'classId' | 'view' | 'take'>): string {
  return `${viewPrefix(parts.classId, parts.view)}${recordingTake.parse(parts.take)}.init.mp4`;
}

/** Sheet `index` from 0. */
export function previewSheetName(classId: string, index: number): string {
  return `${recordingPrefix(classId)}preview/${String(z.int().min(0).max(9_999).parse(index)).padStart(4, '0')}.jpg`;
}

export function previewIndexName(classId: string): string {
  return `${recordingPrefix(classId)}preview/index.json`;
}

/**
 * One small picture for every `everyMs` of the recording (pauses do not count), in reading order over sheets of
 * `columns` × `rows` pictures of `width` × `height` pixels. `sheets` are file names beside the index.
 */
export const previewIndex = z.object({
  everyMs: z.int().min(100),
  width: z.int().min(1).max(1_920),
  height: z.int().min(1).max(1_080),
  columns: z.int().min(1).max(50),
  rows: z.int().min(1).max(50),
  sheets: z.array(z.string().regex(/^\d{4}\.jpg$/)).max(10_000),
});
export type PreviewIndex = z.infer<typeof previewIndex>;
