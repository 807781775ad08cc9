/** The picture where the stage has none: a plain dark one, coded once and shown again every second. */
import { createH264Depacketiser } from './h264.ts';
import { runFfmpeg, FfmpegError } from './ffmpeg.ts';
import type { PictureSource } from './picture-source.ts';
import type { PictureFormat, VideoFrame } from './video-frame.ts';

export interface Slate extends PictureSource {
  /** To be called often. */
  tick(nowMs: number): void;
}

const everyMs = 1_000;
/** The stage's own colour, dark in both themes. */
const colour = '0x14171c';

/** Rejects with FfmpegMissingError where there is no ffmpeg: nothing can be recorded there. */
export async function createSlate(): Promise<Slate> {
  const bytes = await runFfmpeg({
    args: [
      ...['-f', 'lavfi', '-i', `color=c=${colour}:s=1280x720:r=1`, '-frames:v', '1'],
      ...['-c:v', 'libx264', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-threads', '1'],
      ...['-f', 'h264', 'pipe:1'],
    ],
    timeoutMs: 20_000,
  });
  const frame = readPicture(bytes);
  if (!frame?.coding) throw new FfmpegError('ffmpeg made no picture');
  const format: PictureFormat = { ...frame.coding, rotation: 0 };
  const { data } = frame;
  const listeners = new Set<Parameters<PictureSource['onPicture']>[0]>();
  let shownMs = -Infinity;

  return {
    // Always there, whenever a take begins.
    current: { format, pictures: [{ atMs: -Infinity, isKey: true, data }] },
    onPicture(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tick(nowMs) {
      if (nowMs - shownMs < everyMs) return;
      shownMs = nowMs;
      for (const listener of listeners) listener({ atMs: nowMs, isKey: true, data }, format);
    },
  };
}

/** From an elementary stream of one picture: each unit goes through the depacketiser as if it had come alone. */
function readPicture(bytes: Buffer): VideoFrame | null {
  let frame: VideoFrame | null = null;
  const depacketiser = createH264Depacketiser({
    frame(whole) {
      frame = whole;
    },
    broken: () => undefined,
  });
  const units = splitUnits(bytes);
  for (const [sequence, payload] of units.entries()) {
    const marker = sequence === units.length - 1;
    const rest = { payloadType: 0, timestamp: 0, ssrc: 0, extensions: null, arrivedMs: 0 };
    depacketiser.push({ ...rest, sequence, marker, payload }, 0);
  }
  return frame;
}

/** Of a byte stream (ITU-T H.264, annex B). */
function splitUnits(bytes: Buffer): Buffer[] {
  const startCode = Buffer.from([0, 0, 1]);
  const units: Buffer[] = [];
  for (let at = bytes.indexOf(startCode); at >= 0;) {
    const next = bytes.indexOf(startCode, at + 3);
    let end = next < 0 ? bytes.length : next;
    while (end > at + 3 && bytes[end - 1] === 0) end -= 1;
    units.push(bytes.subarray(at + 3, end));
    at = next;
  }
  return units;
}
