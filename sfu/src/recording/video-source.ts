/**
 * One video stream of the stage: RTP packets to pictures with their times. Keeps what has come since the last key
 * frame, asks for key frames, and holds the last one when nothing comes any more, so that the recording has a
 * picture whatever the network does.
 */
import type { RtpParametersJson } from '@keshi/contract/media';
import { createH264Depacketiser } from './h264.ts';
import type { Picture, PictureSource } from './picture-source.ts';
import { createReorderBuffer } from './reorder-buffer.ts';
import { parseRtp, readExtension } from './rtp-packet.ts';
import { createStreamClock } from './stream-clock.ts';
import { sameFormat, type PictureFormat, type Rotation, type VideoFrame } from './video-frame.ts';
import { createVp8Depacketiser } from './vp8.ts';

export interface VideoSource extends PictureSource {
  push(message: Buffer, arrivedMs: number): void;
  /** To be called often: gives up lost packets, holds the picture, asks for key frames. */
  tick(nowMs: number): void;
  /** Nothing that was shown before is recorded: waits for a new key frame. */
  forget(): void;
}

export interface VideoSourceOptions {
  rtp: RtpParametersJson;
  askForKeyFrame: () => void;
}

/** As long as mediasoup may still get a lost packet sent again by the page. */
const waitMs = 200;
const toleranceMs = 80;
/** A segment begins with a key frame: one comes at least so often. */
const keyFrameMs = 2_000;
const askAgainMs = 500;
/** A page that shares a still screen sends a picture a second at least. */
const holdAfterMs = 2_000;
const holdEveryMs = 1_000;
/** More than this since the last key frame is not kept: the next key frame is waited for instead. */
const maxPictures = 600;
const maxBytes = 16 << 20;

const orientationUri = 'urn:3gpp:video-orientation';
const rotations: readonly Rotation[] = [0, 90, 180, 270];

/** Null for a codec that is not recorded. */
export function createVideoSource({ rtp, askForKeyFrame }: VideoSourceOptions): VideoSource | null {
  const codec = rtp.codecs[0];
  const ssrc = rtp.encodings?.[0]?.ssrc;
  const orientation = rtp.headerExtensions?.find(({ uri }) => uri === orientationUri)?.id ?? null;
  const mimeType = codec?.mimeType.toLowerCase();
  if (!codec || (mimeType !== 'video/h264' && mimeType !== 'video/vp8')) return null;

  const listeners = new Set<Parameters<PictureSource['onPicture']>[0]>();
  const clock = createStreamClock({ clockRate: codec.clockRate, toleranceMs });
  let rotation: Rotation = 0;
  let format: PictureFormat | null = null;
  /** Since the last key frame; null when they became too many. */
  let pictures: Picture[] | null = null;
  let bytes = 0;
  let key: Picture | null = null;
  let isHeld = false;
  /** What follows a loss, or a picture that was held, cannot be shown before the next key frame. */
  let waitsForKey = true;
  let lastAtMs = -Infinity;
  let keyAtMs = -Infinity;
  let askedAtMs = -Infinity;

  function show(picture: Picture, shown: PictureFormat): void {
    format = shown;
    lastAtMs = picture.atMs;
    if (picture.isKey) {
      key = picture;
      pictures = [];
      bytes = 0;
    }
    pictures?.push(picture);
    bytes += picture.data.length;
    if (bytes > maxBytes || (pictures?.length ?? 0) > maxPictures) pictures = null;
    for (const listener of listeners) listener(picture, shown);
  }

  function takeFrame({ timestamp, arrivedMs, coding, data }: VideoFrame): void {
    const atMs = Math.max(clock.at(timestamp, arrivedMs), lastAtMs + 1);
    if (coding) {
      waitsForKey = false;
      isHeld = false;
      keyAtMs = arrivedMs;
      const told: PictureFormat = { ...coding, rotation };
      // The same object while it is the same format, so that a change is seen by identity.
      show({ atMs, isKey: true, data }, format && sameFormat(format, told) ? format : told);
    } else if (!waitsForKey && format) show({ atMs, isKey: false, data }, format);
  }

  const listener = {
    frame: takeFrame,
    broken() {
      waitsForKey = true;
    },
  };
  const depacketiser =
    mimeType === 'video/h264' ? createH264Depacketiser(listener) : createVp8Depacketiser(listener);
  const buffer = createReorderBuffer({
    waitMs,
    deliver(packet, lost) {
      const turn = orientation === null ? null : readExtension(packet, orientation);
      if (turn?.length) rotation = rotations[turn.readUInt8(0) & 3] ?? 0;
      depacketiser.push(packet, lost);
    },
  });

  function hold(nowMs: number): void {
    if (!key || !format || nowMs - lastAtMs < (isHeld ? holdEveryMs : holdAfterMs)) return;
    isHeld = true;
    waitsForKey = true;
    show({ atMs: nowMs, isKey: true, data: key.data }, format);
  }

  return {
    get current() {
      return format && pictures ? { format, pictures } : null;
    },
    forget() {
      pictures = null;
      key = null;
      waitsForKey = true;
    },
    onPicture(added) {
      listeners.add(added);
      return () => listeners.delete(added);
    },
    push(message, arrivedMs) {
      const packet = parseRtp(message);
      if (packet?.payloadType !== codec.payloadType || (ssrc !== undefined && packet.ssrc !== ssrc)) return;
      buffer.push({ ...packet, arrivedMs });
    },
    tick(nowMs) {
      buffer.tick(nowMs);
      hold(nowMs);
      const isDue = waitsForKey || nowMs - keyAtMs >= keyFrameMs;
      if (!isDue || nowMs - askedAtMs < askAgainMs) return;
      askedAtMs = nowMs;
      askForKeyFrame();
    },
  };
}
