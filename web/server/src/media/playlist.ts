import { initName, type RecordingSegment, recordingPrefix, segmentName } from '@keshi/contract/recordings';

interface Options {
  /** The recording is complete: nothing will be added to it. */
  ended: boolean;
  /** Only the newest stretch, for viewers of a class in progress. */
  live?: boolean;
}

/** How much of the newest stretch a live playlist holds; at least three segments, so that players can start. */
const liveWindowMs = 10_000;
const liveSegments = 3;
/** Recorders cut segments of up to this length; it must not change while a playlist grows. */
const usualTargetSeconds = 2;
/** A hole of this size between two segments of a take is a lost segment, not rounding. */
const holeMs = 500;

/**
 * An HLS media playlist (RFC 8216, version 7, fMP4) of segments in the order of their time, one view's or the mixture
 * of two. Addresses are relative to the folder of the class, `recordings/<classId>/`. Every take has its own
 * initialisation and begins a discontinuity with its server time; so does what follows a lost segment. While the class
 * runs it is an EVENT playlist (it only grows), afterwards VOD; with `live` a sliding window whose sequence numbers
 * continue from one answer to the next.
 */
export function buildPlaylist(
  segments: readonly RecordingSegment[],
  { ended, live = false }: Options,
): string {
  const first = live ? windowStart(segments) : 0;
  const longestMs = segments.reduce((most, { durationMs }) => Math.max(most, durationMs), 0);
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${Math.max(usualTargetSeconds, Math.ceil(longestMs / 1000))}`,
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
  ];
  if (live) lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitiesUpTo(segments, first)}`);
  else lines.push(`#EXT-X-PLAYLIST-TYPE:${ended ? 'VOD' : 'EVENT'}`);
  lines.push('#EXT-X-INDEPENDENT-SEGMENTS');

  for (let at = first; at < segments.length; at += 1) {
    const segment = segments[at];
    if (!segment) continue;
    const previous = segments[at - 1];
    const begins = at === first;
    const breaks = previous !== undefined && isBreak(previous, segment);
    if (breaks && !begins) lines.push('#EXT-X-DISCONTINUITY');
    if (begins || !previous || !isSameTake(previous, segment))
      lines.push(`#EXT-X-MAP:URI="${relative(segment, initName(segment))}"`);
    if (begins || breaks) lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.startMs).toISOString()}`);
    lines.push(`#EXTINF:${(segment.durationMs / 1000).toFixed(3)},`, relative(segment, segmentName(segment)));
  }
  if (ended) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}

function windowStart(segments: readonly RecordingSegment[]): number {
  let length = 0;
  let first = segments.length;
  while (first > 0 && (length < liveWindowMs || segments.length - first < liveSegments)) {
    first -= 1;
    length += segments[first]?.durationMs ?? 0;
  }
  return first;
}

/** The number that the segment at `index` has when the discontinuities of the whole recording are counted. */
function discontinuitiesUpTo(segments: readonly RecordingSegment[], index: number): number {
  let count = 0;
  for (let at = 1; at <= index; at += 1) {
    const [previous, segment] = [segments[at - 1], segments[at]];
    if (previous && segment && isBreak(previous, segment)) count += 1;
  }
  return count;
}

function isBreak(previous: RecordingSegment, next: RecordingSegment): boolean {
  const hole = next.startMs - (previous.startMs + previous.durationMs);
  return !isSameTake(previous, next) || Math.abs(hole) > holeMs;
}

function isSameTake(one: RecordingSegment, other: RecordingSegment): boolean {
  return one.take === other.take && one.view === other.view;
}

function relative({ classId }: RecordingSegment, name: string): string {
  return name.slice(recordingPrefix(classId).length);
}
