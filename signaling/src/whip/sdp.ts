/**
 * The offer of an encoder (RFC 9725): which of its streams we take, as producers of the SFU. Pure; what comes in is not
 * trusted, and what goes out fits the contract.
 */
import { rtpParameters as rtpParametersSchema } from '@keshi/contract/media';
import type { DtlsParametersJson, RtpParametersJson } from '@keshi/contract/media';
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';
import { parse, type MediaDescription, type SessionDescription } from 'sdp-transform';
import { chooseCodec, type ChosenCodec } from './codecs.ts';
import { malformed, notAcceptable } from './refusal.ts';
import { offeredLayers } from './simulcast.ts';

export interface WhipTrack {
  kind: 'audio' | 'video';
  source: 'mic' | 'camera';
  /** Which m-line it is, counted from 0. */
  line: number;
  mid: string;
  chosen: ChosenCodec;
  rtpParameters: RtpParametersJson;
}

export interface IceCredentials {
  usernameFragment: string;
  password: string;
}

export interface WhipOffer {
  session: SessionDescription;
  /** At least one; at most one of each kind. */
  tracks: WhipTrack[];
  ice: IceCredentials;
  /** `role` is the encoder's own: `client` unless it only listens. */
  dtls: DtlsParametersJson & { role: 'client' | 'server' };
}

/** Longer lines are in no offer, and would only keep the parser busy. */
const lineLength = 2_000;
const maxLines = 2_000;
const maxMedia = 16;

/**
 * Throws WhipRefusal: 400 for what is no offer, or one that breaks a MUST of WebRTC (BUNDLE, rtcp-mux, DTLS, full ICE);
 * 406 for an offer whose streams we cannot take all (no codec of ours, two cameras).
 */
export function readOffer(text: string): WhipOffer {
  const session = readSession(text);
  const tracks = session.media.flatMap((media, line) => {
    const kind = sendingKind(media, session);
    return kind ? [{ kind, media, line }] : [];
  });
  if (tracks.length === 0) throw notAcceptable('the offer sends neither sound nor picture');
  for (const kind of ['audio', 'video'] as const)
    if (tracks.filter((track) => track.kind === kind).length > 1)
      throw notAcceptable(`the offer sends more than one ${kind} stream`);
  refuseUnlessBundled(
    session,
    tracks.map(({ media }) => media),
  );
  const [first] = tracks;
  if (!first) throw malformed('no media');
  return {
    session,
    tracks: tracks.map(({ kind, media, line }) => readTrack(media, kind, line)),
    ice: readIce(session, first.media),
    dtls: readDtls(session, first.media),
  };
}

function readSession(text: string): SessionDescription {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines[0]?.trim() !== 'v=0') throw malformed('this is not SDP: it must begin with v=0');
  if (lines.length > maxLines || lines.some((line) => line.length > lineLength))
    throw malformed('the SDP is too long');
  const session = parse(text);
  if (session.media.length === 0) throw malformed('the SDP has no media');
  if (session.media.length > maxMedia) throw malformed('the SDP has too many media');
  if (session.icelite !== undefined) throw malformed('the encoder must use full ICE');
  return session;
}

/** Null for a line that is switched off, only receives or carries data: it is refused in the answer and does no harm. */
function sendingKind(media: MediaDescription, session: SessionDescription): 'audio' | 'video' | null {
  const { type } = media;
  if (type !== 'audio' && type !== 'video') return null;
  if (media.port === 0 && media.bundleOnly === undefined) return null;
  const direction = media.direction ?? session.direction ?? 'sendrecv';
  return direction === 'sendonly' || direction === 'sendrecv' ? type : null;
}

function refuseUnlessBundled(session: SessionDescription, media: readonly MediaDescription[]): void {
  for (const { protocol, mid, rtcpMux } of media) {
    if (!/^(UDP|TCP)\/TLS\/RTP\/SAVPF$/.test(protocol)) throw malformed('media must be DTLS-SRTP (SAVPF)');
    if (mid === undefined) throw malformed('every media line needs a mid');
    if (rtcpMux === undefined) throw malformed('RTCP must be multiplexed (rtcp-mux)');
  }
  const mids = media.map(({ mid }) => String(mid));
  if (new Set(mids).size !== mids.length) throw malformed('a mid is there twice');
  const bundles = (session.groups ?? []).filter(({ type }) => type === 'BUNDLE');
  const together = bundles.some((group) => {
    const members = String(group.mids).split(' ');
    return mids.every((mid) => members.includes(mid));
  });
  if (!together && mids.length > 1) throw malformed('all media must be in one BUNDLE group');
}

function readIce(session: SessionDescription, media: MediaDescription): IceCredentials {
  // Of a bundle only one line need carry them, and that may be one we refuse.
  const bearer = media.iceUfrag === undefined ? session.media.find(({ iceUfrag }) => iceUfrag) : media;
  const usernameFragment = String(bearer?.iceUfrag ?? session.iceUfrag ?? '');
  const password = String(bearer?.icePwd ?? session.icePwd ?? '');
  if (!isIceCredential(usernameFragment, 4) || !isIceCredential(password, 22))
    throw malformed('the ICE user name or password is missing or wrong');
  return { usernameFragment, password };
}

/** RFC 8839, 5.4: ice-char, at most 256 of them. */
export function isIceCredential(value: string, least: number): boolean {
  return value.length >= least && value.length <= 256 && /^[A-Za-z0-9+/]+$/.test(value);
}

function readDtls(session: SessionDescription, media: MediaDescription): WhipOffer['dtls'] {
  const fingerprint =
    media.fingerprint ?? session.fingerprint ?? session.media.find((one) => one.fingerprint)?.fingerprint;
  const value = String(fingerprint?.hash ?? '').toUpperCase();
  const algorithm = String(fingerprint?.type ?? '').toLowerCase();
  if (!/^sha-(1|224|256|384|512)$/.test(algorithm) || !/^[0-9A-F]{2}(:[0-9A-F]{2}){19,63}$/.test(value))
    throw malformed('the DTLS fingerprint is missing or wrong');
  const setup = String(media.setup ?? session.setup ?? 'actpass');
  if (setup !== 'actpass' && setup !== 'active' && setup !== 'passive')
    throw malformed('the DTLS setup role must be actpass, active or passive');
  return {
    // Given the choice, the encoder begins: it knows first that there is an answer.
    role: setup === 'passive' ? 'server' : 'client',
    fingerprints: [{ algorithm, value }],
  };
}

function readTrack(media: MediaDescription, kind: 'audio' | 'video', line: number): WhipTrack {
  const offered = chooseCodec(media, kind);
  const mid = String(media.mid);
  const layers = offeredLayers(media);
  const encodings = layers.length > 0 ? layers.map((rid) => ({ rid })) : [encodingBySsrc(media)];
  const resends = encodings.some((one) => 'rid' in one || 'rtx' in one);
  const chosen = resends ? offered : { ...offered, rtx: null };
  const cname = (media.ssrcs ?? []).find(({ attribute }) => attribute === 'cname')?.value;
  const given = rtpParametersSchema.safeParse({
    mid,
    codecs: chosen.rtx ? [chosen.codec, chosen.rtx] : [chosen.codec],
    headerExtensions: headerExtensions(media, kind),
    encodings,
    rtcp: {
      ...(cname === undefined ? {} : { cname: String(cname) }),
      reducedSize: media.rtcpRsize !== undefined,
      mux: true,
    },
  });
  if (!given.success) throw malformed(`the ${kind} line cannot be read`);
  return {
    kind,
    source: kind === 'audio' ? 'mic' : 'camera',
    line,
    mid,
    chosen,
    rtpParameters: given.data,
  };
}

/** By the first SSRC and the one that resends it; by nothing where the offer names none, then the mid has to tell. */
function encodingBySsrc(media: MediaDescription) {
  for (const { semantics, ssrcs } of media.ssrcGroups ?? []) {
    const [ssrc, resending] = String(ssrcs).split(' ').map(Number);
    if (semantics === 'FID') return { ssrc: readSsrc(ssrc), rtx: { ssrc: readSsrc(resending) } };
  }
  const ssrc = media.ssrcs?.[0]?.id;
  return ssrc === undefined ? {} : { ssrc: readSsrc(Number(ssrc)) };
}

function readSsrc(ssrc: number | undefined): number {
  if (ssrc === undefined || !Number.isInteger(ssrc) || ssrc < 1 || ssrc > 0xffff_ffff)
    throw malformed('an SSRC is wrong');
  return ssrc;
}

/** Those our routers know, under the offer's own numbers. */
function headerExtensions(media: MediaDescription, kind: 'audio' | 'video') {
  const ours = new Set(
    routerRtpCapabilities.headerExtensions.filter((one) => one.kind === kind).map(({ uri }) => uri),
  );
  const taken = new Map<string, number>();
  for (const { uri, value, direction } of media.ext ?? [])
    if (
      ours.has(uri) &&
      value >= 1 &&
      value <= 255 &&
      !taken.has(uri) &&
      direction !== 'recvonly' &&
      direction !== 'inactive'
    )
      taken.set(uri, value);
  return [...taken].map(([uri, id]) => ({ uri, id }));
}
