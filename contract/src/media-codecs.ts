/**
 * What every router speaks. The capabilities are the deterministic result of mediasoup's own
 * negotiation of `mediaCodecs`; a test in sfu compares them with a real router's. Knowing them beforehand
 * spares the browser a round trip before it joins.
 */
import type { RtpCapabilitiesJson } from './media.ts';

/** A codec as a router is configured with it; every payload type is fixed so that the result never varies. */
export interface MediaCodec {
  kind: 'audio' | 'video';
  mimeType: string;
  preferredPayloadType: number;
  clockRate: number;
  channels?: number;
  parameters: Record<string, unknown>;
  rtcpFeedback: { type: string; parameter?: string }[];
}

const audioFeedback = [
  { type: 'nack', parameter: '' },
  { type: 'transport-cc', parameter: '' },
];

const videoFeedback = [
  { type: 'nack', parameter: '' },
  { type: 'nack', parameter: 'pli' },
  { type: 'ccm', parameter: 'fir' },
  { type: 'goog-remb', parameter: '' },
  { type: 'transport-cc', parameter: '' },
];

const opus: MediaCodec = {
  kind: 'audio',
  mimeType: 'audio/opus',
  preferredPayloadType: 100,
  clockRate: 48000,
  channels: 2,
  // In-band FEC hides single losses without a round trip; DTX costs nothing while nobody speaks.
  parameters: { useinbandfec: 1, usedtx: 1 },
  rtcpFeedback: audioFeedback,
};

const h264: MediaCodec = {
  kind: 'video',
  mimeType: 'video/H264',
  preferredPayloadType: 101,
  clockRate: 90000,
  parameters: { 'level-asymmetry-allowed': 1, 'packetization-mode': 1, 'profile-level-id': '42e01f' },
  rtcpFeedback: videoFeedback,
};

const vp8: MediaCodec = {
  kind: 'video',
  mimeType: 'video/VP8',
  preferredPayloadType: 103,
  clockRate: 90000,
  parameters: {},
  rtcpFeedback: videoFeedback,
};

/** In order of preference: a stage in H.264 is recorded without transcoding; VP8 is what every browser has. */
export const mediaCodecs: readonly MediaCodec[] = [opus, h264, vp8];

const retransmissionOf = (codec: MediaCodec) => ({
  kind: codec.kind,
  mimeType: `${codec.kind}/rtx`,
  preferredPayloadType: codec.preferredPayloadType + 1,
  clockRate: codec.clockRate,
  parameters: { apt: codec.preferredPayloadType },
  rtcpFeedback: [],
});

type Direction = 'sendrecv' | 'recvonly';
const headerExtension = (
  kind: 'audio' | 'video',
  uri: string,
  preferredId: number,
  direction: Direction,
) => ({
  kind,
  uri,
  preferredId,
  preferredEncrypt: false,
  direction,
});

/** `router.rtpCapabilities` of any router of ours. */
export const routerRtpCapabilities = {
  codecs: [opus, h264, retransmissionOf(h264), vp8, retransmissionOf(vp8)],
  headerExtensions: [
    headerExtension('audio', 'urn:ietf:params:rtp-hdrext:sdes:mid', 1, 'sendrecv'),
    headerExtension('video', 'urn:ietf:params:rtp-hdrext:sdes:mid', 1, 'sendrecv'),
    headerExtension('video', 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id', 2, 'recvonly'),
    headerExtension('video', 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id', 3, 'recvonly'),
    headerExtension('audio', 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time', 4, 'sendrecv'),
    headerExtension('video', 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time', 4, 'sendrecv'),
    headerExtension(
      'audio',
      'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
      5,
      'recvonly',
    ),
    headerExtension(
      'video',
      'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
      5,
      'sendrecv',
    ),
    headerExtension('audio', 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', 6, 'sendrecv'),
    headerExtension(
      'video',
      'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
      7,
      'recvonly',
    ),
    headerExtension('video', 'urn:3gpp:video-orientation', 8, 'sendrecv'),
    headerExtension('video', 'urn:ietf:params:rtp-hdrext:toffset', 9, 'sendrecv'),
    headerExtension('audio', 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time', 10, 'sendrecv'),
    headerExtension('video', 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time', 10, 'sendrecv'),
    headerExtension('audio', 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay', 11, 'sendrecv'),
    headerExtension('video', 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay', 11, 'sendrecv'),
    headerExtension('audio', 'urn:mediasoup:params:rtp-hdrext:packet-id', 12, 'sendrecv'),
    headerExtension('video', 'urn:mediasoup:params:rtp-hdrext:packet-id', 12, 'sendrecv'),
  ],
} satisfies RtpCapabilitiesJson;
