/** The recorder's way into a class: what is on its stage, and each stream as plain RTP. Who has the routers makes it. */
import type { MediaSource } from '@keshi/contract/domain';
import type { RtpCapabilitiesJson, RtpParametersJson } from '@keshi/contract/media';
import { mediaCodecs } from '@keshi/contract/media-codecs';

export interface StageStreamInfo {
  /** Stays the same while the stream lives, and never comes again. */
  id: string;
  userId: string;
  source: MediaSource;
  kind: 'audio' | 'video';
  paused: boolean;
  isHost: boolean;
}

export interface TappedStream {
  /** Of the consumer: payload types, SSRC, codec, header extensions. */
  rtpParameters: RtpParametersJson;
  requestKeyFrame(): Promise<void>;
  /** Resolves when the stream has ended: its producer closed, or its worker died. */
  closed: Promise<void>;
  /** Idempotent. */
  close(): void;
}

export interface StageTap {
  streams(): StageStreamInfo[];
  /** Called after any of it changed. Returns how to stop listening. */
  onChange(listener: () => void): () => void;
  /** Of simulcast the best layer. Rejects when the stream is not there any more. */
  open(streamId: string, sink: { ip: string; port: number }): Promise<TappedStream>;
}

const orientation = { uri: 'urn:3gpp:video-orientation', preferredId: 8, preferredEncrypt: false } as const;

/**
 * What a recorder receives, for whoever consumes on its behalf. No bandwidth estimation: it gets no feedback over
 * loopback, would probe, and would hold back the best layer.
 */
export const recordedRtpCapabilities = {
  codecs: mediaCodecs.map((codec) => ({
    ...codec,
    rtcpFeedback: codec.kind === 'video' ? [{ type: 'nack', parameter: 'pli' }] : [],
  })),
  headerExtensions: [{ kind: 'video', ...orientation, direction: 'sendrecv' }],
} satisfies RtpCapabilitiesJson;
