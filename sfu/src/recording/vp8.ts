/** VP8 from RTP (RFC 7741) to whole frames. */
import type { ArrivedPacket } from './reorder-buffer.ts';
import type { Depacketiser, FrameListener, PictureCoding } from './video-frame.ts';

export function createVp8Depacketiser(listener: FrameListener): Depacketiser {
  let parts: Buffer[] | null = null;
  let timestamp = 0;
  let arrivedMs = 0;

  function finishFrame(): void {
    if (!parts) return;
    const data = Buffer.concat(parts);
    parts = null;
    if (data.length === 0) return;
    const isKey = ((data[0] ?? 1) & 1) === 0;
    const coding = isKey ? codingOf(data) : null;
    if (isKey && !coding) return listener.broken();
    listener.frame({ timestamp, arrivedMs, coding, data });
  }

  return {
    push(packet: ArrivedPacket, lost: number) {
      if (lost > 0) {
        parts = null;
        listener.broken();
      } else if (parts && timestamp !== packet.timestamp) finishFrame();
      const payload = withoutDescriptor(packet.payload);
      if (!payload) return;
      if (payload.beginsFrame) {
        parts = [];
        timestamp = packet.timestamp;
        arrivedMs = packet.arrivedMs;
      }
      // The beginning was lost.
      if (!parts) return;
      parts.push(payload.data);
      if (packet.marker) finishFrame();
    },
  };
}

/** Null for what holds no picture. */
function withoutDescriptor(payload: Buffer): { beginsFrame: boolean; data: Buffer } | null {
  const first = payload[0];
  if (first === undefined) return null;
  let at = 1;
  if (first & 0x80) {
    const extensions = payload[at++] ?? 0;
    if (extensions & 0x80) at += (payload[at] ?? 0) & 0x80 ? 2 : 1;
    if (extensions & 0x40) at += 1;
    if (extensions & 0x30) at += 1;
  }
  if (at >= payload.length) return null;
  return { beginsFrame: (first & 0x17) === 0x10, data: payload.subarray(at) };
}

/** Of a key frame (RFC 6386, 9.1); null when it is none. */
function codingOf(frame: Buffer): PictureCoding | null {
  if (frame.length < 10 || frame.readUIntBE(3, 3) !== 0x9d012a) return null;
  const width = frame.readUInt16LE(6) & 0x3fff;
  const height = frame.readUInt16LE(8) & 0x3fff;
  return width > 0 && height > 0 ? { codec: 'vp8', width, height } : null;
}
