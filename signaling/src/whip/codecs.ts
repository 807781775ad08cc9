/** Which of the codecs an encoder offers we take, and how its producer is described to the SFU. */
import { mediaCodecs, type MediaCodec } from '@keshi/contract/media-codecs';
import type { RtpParametersJson } from '@keshi/contract/media';
import type { MediaDescription } from 'sdp-transform';
import { notAcceptable } from './refusal.ts';

type CodecParameters = RtpParametersJson['codecs'][number];

export interface ChosenCodec {
  /** The codec as the SFU knows it, with the offer's payload type. */
  codec: CodecParameters;
  /** Retransmission of it, where the encoder offers that. */
  rtx: CodecParameters | null;
  /** For the answer, as RFC 6184 and 7587 want it there; empty for none. */
  fmtp: string;
}

interface Offered {
  mimeType: string;
  payloadType: number;
  clockRate: number;
  channels: number;
  parameters: ReadonlyMap<string, string>;
}

/**
 * H.264 before VP8, because it is recorded without transcoding; of H.264 the profile every browser decodes first.
 * Throws 406 when nothing on the line is a codec of ours.
 */
export function chooseCodec(media: MediaDescription, kind: 'audio' | 'video'): ChosenCodec {
  const offered = offeredCodecs(media, kind);
  for (const ours of mediaCodecs) {
    if (ours.kind !== kind) continue;
    const [best] = offered
      .filter((one) => fits(one, ours))
      .sort((a, b) => profileRank(a) - profileRank(b) || offered.indexOf(a) - offered.indexOf(b));
    if (best) return describe(best, ours, media, offered);
  }
  throw notAcceptable(
    kind === 'audio'
      ? 'the sound must be Opus'
      : 'the picture must be H.264 (packetization-mode=1) or VP8: choose an H.264 encoder',
  );
}

function offeredCodecs(media: MediaDescription, kind: 'audio' | 'video'): Offered[] {
  const numbered = media.rtp.filter(({ payload }) => payload >= 0 && payload <= 127);
  return numbered.map(({ payload, codec, rate, encoding }) => {
    const fmtp = String(media.fmtp.find((line) => line.payload === payload)?.config ?? '');
    return {
      mimeType: `${kind}/${codec}`,
      payloadType: payload,
      clockRate: Number(rate),
      channels: Number(encoding ?? 1),
      parameters: parametersOf(fmtp),
    };
  });
}

function parametersOf(fmtp: string): ReadonlyMap<string, string> {
  const pairs = fmtp.split(';').map((part) => {
    const [name = '', value = ''] = part.split('=', 2);
    return [name.trim().toLowerCase(), value.trim()] as const;
  });
  return new Map(pairs);
}

const sameName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

function fits(offered: Offered, ours: MediaCodec): boolean {
  if (!sameName(offered.mimeType, ours.mimeType) || offered.clockRate !== ours.clockRate) return false;
  if (ours.channels !== undefined && offered.channels !== ours.channels) return false;
  // Mode 0 cannot carry a picture larger than a packet.
  return !isH264(offered) || offered.parameters.get('packetization-mode') === '1';
}

const isH264 = ({ mimeType }: { mimeType: string }) => sameName(mimeType, 'video/H264');

/** 0 for Constrained Baseline (RFC 6184, 8.1: profile_idc 66 with constraint_set1), 1 for Baseline, 2 for the rest. */
function profileRank(offered: Offered): number {
  if (!isH264(offered)) return 0;
  // Without it Baseline is meant.
  const id = offered.parameters.get('profile-level-id') ?? '420010';
  if (!id.startsWith('42')) return 2;
  return (Number.parseInt(id.slice(2, 4), 16) & 0x40) === 0 ? 1 : 0;
}

function describe(
  best: Offered,
  ours: MediaCodec,
  media: MediaDescription,
  offered: readonly Offered[],
): ChosenCodec {
  const { payloadType, clockRate } = best;
  const rtcpFeedback = ours.rtcpFeedback.filter(({ type, parameter }) =>
    (media.rtcpFb ?? []).some(
      (line) =>
        (String(line.payload) === '*' || Number(line.payload) === payloadType) &&
        line.type === type &&
        (line.subtype ?? '') === (parameter ?? ''),
    ),
  );
  const resending = offered.find(
    ({ mimeType, parameters }) =>
      mimeType.toLowerCase().endsWith('/rtx') && parameters.get('apt') === String(payloadType),
  );
  return {
    codec: {
      mimeType: ours.mimeType,
      payloadType,
      clockRate,
      ...(ours.channels === undefined ? {} : { channels: ours.channels }),
      parameters: producerParameters(best, ours),
      rtcpFeedback,
    },
    rtx: resending
      ? {
          mimeType: `${ours.kind}/rtx`,
          payloadType: resending.payloadType,
          clockRate,
          parameters: { apt: payloadType },
          rtcpFeedback: [],
        }
      : null,
    fmtp: ours.kind === 'audio' ? opusAnswer(best) : isH264(best) ? h264Answer(best) : '',
  };
}

/**
 * Encoders that send Main or High profile are described as the one profile our routers have: that is what encoders
 * themselves announce whatever they send (OBS does), and every browser decodes all three.
 */
function producerParameters(best: Offered, ours: MediaCodec): Record<string, unknown> {
  if (ours.kind === 'video') return { ...ours.parameters };
  const stereo = isStereo(best) ? { stereo: 1, 'sprop-stereo': 1 } : {};
  return { minptime: 10, useinbandfec: 1, ...stereo };
}

const isStereo = ({ parameters }: Offered) =>
  parameters.get('stereo') === '1' || parameters.get('sprop-stereo') === '1';

/** The profile is the encoder's (RFC 6184, 8.2.2: an answer does not change it). */
function h264Answer({ parameters }: Offered): string {
  const id = parameters.get('profile-level-id');
  return `level-asymmetry-allowed=1;packetization-mode=1${id ? `;profile-level-id=${id}` : ''}`;
}

/** Asks for what hides a lost packet; music stays in stereo where it is offered so. */
function opusAnswer(best: Offered): string {
  return `minptime=10;useinbandfec=1${isStereo(best) ? ';stereo=1' : ''}`;
}
