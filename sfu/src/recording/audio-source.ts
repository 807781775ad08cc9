/**
 * One sound stream of the stage: Opus packets, decoded and laid where they belong on the recorder's time line. What
 * does not come is silence there; nothing waits for it.
 */
import { OpusDecoder } from 'opus-decoder';
import type { RtpParametersJson } from '@keshi/contract/media';
import { channels, sampleRate } from './matroska.ts';
import { createReorderBuffer, type ArrivedPacket } from './reorder-buffer.ts';
import { parseRtp } from './rtp-packet.ts';
import { createStreamClock } from './stream-clock.ts';

export interface AudioSource {
  push(message: Buffer, arrivedMs: number): void;
  tick(nowMs: number): void;
  /** Adds this stream's samples from `fromSample` on (samples since the clock's zero) to `out`, interleaved. */
  mixInto(out: Float32Array, fromSample: number): void;
  close(): void;
}

const waitMs = 60;
const toleranceMs = 60;
const ringSamples = 2 * sampleRate;
/** A loss up to this long is filled with the last sound, fading; beyond it is silence. Samples. */
const maxConcealed = sampleRate / 10;
const samplesPerMs = sampleRate / 1000;

/** Null for a codec that is not recorded. Rejects when the decoder cannot be made. */
export async function createAudioSource(rtp: RtpParametersJson): Promise<AudioSource | null> {
  const codec = rtp.codecs[0];
  const ssrc = rtp.encodings?.[0]?.ssrc;
  if (codec?.mimeType.toLowerCase() !== 'audio/opus') return null;
  const decoder = new OpusDecoder({ sampleRate, channels });
  await decoder.ready;

  const clock = createStreamClock({ clockRate: codec.clockRate, toleranceMs });
  const ring = new Float32Array(ringSamples * channels);
  /** Everything before it has been mixed: what comes later than that is too late. */
  let mixedTo = -Infinity;
  let writtenTo = -Infinity;
  let lastSound: Float32Array[] | null = null;
  let closed = false;

  function write(sound: readonly Float32Array[], from: number, gain: number): void {
    const [left, right = left] = sound;
    if (!left || !right) return;
    const first = Math.max(0, Math.ceil(mixedTo - from), Math.ceil(writtenTo - from));
    for (let at = first; at < left.length; at++) {
      const slot = ((from + at) % ringSamples) * channels;
      ring[slot] = (left[at] ?? 0) * gain;
      ring[slot + 1] = (right[at] ?? 0) * gain;
    }
    writtenTo = Math.max(writtenTo, from + left.length);
  }

  function conceal(to: number): void {
    const length = lastSound?.[0]?.length ?? 0;
    if (!lastSound || length === 0 || to - writtenTo > maxConcealed) return;
    for (let gain = 0.5; to - writtenTo > 0 && gain > 0.05; gain /= 2) {
      const missing = Math.min(length, to - writtenTo);
      write(
        lastSound.map((channel) => channel.subarray(0, missing)),
        writtenTo,
        gain,
      );
    }
  }

  function take({ payload, timestamp, arrivedMs }: ArrivedPacket, lost: number): void {
    if (payload.length === 0 || closed) return;
    let from = Math.round(clock.at(timestamp, arrivedMs) * samplesPerMs);
    // Far ahead of what is being mixed there is no room; the stream's clock will be set anew.
    if (mixedTo !== -Infinity && from - mixedTo > ringSamples - sampleRate / 5) return;
    const { channelData, samplesDecoded } = decoder.decodeFrame(payload);
    if (samplesDecoded === 0) return;
    // Rounding must not open or close a gap of one sample between packets that follow each other.
    if (Math.abs(from - writtenTo) <= 2) from = writtenTo;
    if (lost > 0 && from > writtenTo) conceal(from);
    write(channelData, from, 1);
    lastSound = channelData;
  }

  const buffer = createReorderBuffer({ waitMs, deliver: take });

  return {
    push(message, arrivedMs) {
      const packet = parseRtp(message);
      if (packet?.payloadType !== codec.payloadType || (ssrc !== undefined && packet.ssrc !== ssrc)) return;
      buffer.push({ ...packet, arrivedMs });
    },
    tick: (nowMs) => buffer.tick(nowMs),
    mixInto(out, fromSample) {
      const count = out.length / channels;
      mixedTo = fromSample + count;
      for (let at = 0; at < count; at++) {
        const slot = ((fromSample + at) % ringSamples) * channels;
        out[at * channels] = (out[at * channels] ?? 0) + (ring[slot] ?? 0);
        out[at * channels + 1] = (out[at * channels + 1] ?? 0) + (ring[slot + 1] ?? 0);
        ring[slot] = 0;
        ring[slot + 1] = 0;
      }
    },
    close() {
      if (closed) return;
      closed = true;
      decoder.free();
    },
  };
}
