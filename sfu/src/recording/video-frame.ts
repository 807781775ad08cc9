/** Pictures as the recorder handles them between RTP and the container. */
import type { ArrivedPacket } from './reorder-buffer.ts';

/** How a picture is coded. */
export type PictureCoding = { width: number; height: number } & (
  | {
      codec: 'h264';
      /** AVCDecoderConfigurationRecord (ISO 14496-15), from the stream's own parameter sets. */
      description: Buffer;
    }
  | { codec: 'vp8' }
);

/** Degrees clockwise by which a picture must be turned to stand upright: a telephone that is held upright sends 90. */
export type Rotation = 0 | 90 | 180 | 270;

/** What a container must know before the first picture; a change of it begins a new take. */
export type PictureFormat = PictureCoding & { rotation: Rotation };

export interface VideoFrame {
  timestamp: number;
  arrivedMs: number;
  /** Of a key frame, which needs nothing before it; null for all others. */
  coding: PictureCoding | null;
  /** H.264: NAL units with four bytes of length before each, without parameter sets. VP8: the frame. */
  data: Buffer;
}

/** Packets of one stream, in order, to whole frames. A frame that lacks a packet never comes out. */
export interface Depacketiser {
  push(packet: ArrivedPacket, lost: number): void;
}

export interface FrameListener {
  frame(frame: VideoFrame): void;
  /** Something was lost: what follows cannot be shown before the next key frame. */
  broken(): void;
}

export function sameFormat(a: PictureFormat, b: PictureFormat): boolean {
  if (a.width !== b.width || a.height !== b.height || a.rotation !== b.rotation) return false;
  if (a.codec === 'h264') return b.codec === 'h264' && a.description.equals(b.description);
  return a.codec === b.codec;
}
