/** Our answer to an encoder's offer: we receive, on one ICE-lite transport whose candidates are all in here. */
import type { TransportOptions } from '@keshi/contract/media';
import { write, type MediaDescription, type SessionDescription } from 'sdp-transform';
import type { WhipOffer, WhipTrack } from './sdp.ts';

type Mixed = Pick<SessionDescription, 'extmapAllowMixed'>;

/**
 * `id` distinguishes this session from the encoder's others in the origin line. Lines that were not taken are answered
 * with port 0, as RFC 3264 wants: an answer has the offer's lines in the offer's order.
 */
export function writeAnswer(
  { session, tracks, dtls }: WhipOffer,
  transport: TransportOptions,
  id: number,
): string {
  const mixed: Mixed =
    session.extmapAllowMixed === undefined ? {} : { extmapAllowMixed: 'extmap-allow-mixed' };
  const answer: SessionDescription = {
    version: 0,
    origin: { username: '-', sessionId: id, sessionVersion: 1, netType: 'IN', ipVer: 4, address: '0.0.0.0' },
    name: '-',
    timing: { start: 0, stop: 0 },
    icelite: 'ice-lite',
    groups: [{ type: 'BUNDLE', mids: tracks.map(({ mid }) => mid).join(' ') }],
    msidSemantic: { semantic: 'WMS', token: '*' },
    ...mixed,
    media: session.media.map((offered, line) => {
      const track = tracks.find((one) => one.line === line);
      return track ? accepted(offered, track, transport, dtls.role, mixed) : refused(offered);
    }),
  };
  return write(answer);
}

function accepted(
  offered: MediaDescription,
  { chosen, mid, rtpParameters }: WhipTrack,
  { iceParameters, iceCandidates, dtlsParameters }: TransportOptions,
  encoderRole: 'client' | 'server',
  mixed: Mixed,
): MediaDescription {
  const { codec, rtx, fmtp } = chosen;
  const codecs = rtx ? [codec, rtx] : [codec];
  const fingerprint =
    dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256') ??
    dtlsParameters.fingerprints[0];
  return {
    type: offered.type,
    // Not where we listen: candidates tell that. Only 0 would mean something here.
    port: 9,
    protocol: offered.protocol,
    payloads: codecs.map(({ payloadType }) => payloadType).join(' '),
    connection: { version: 4, ip: '0.0.0.0' },
    mid,
    direction: 'recvonly',
    ...mixed,
    iceUfrag: iceParameters.usernameFragment,
    icePwd: iceParameters.password,
    candidates: candidatesOf(iceCandidates),
    endOfCandidates: 'end-of-candidates',
    ...(fingerprint ? { fingerprint: { type: fingerprint.algorithm, hash: fingerprint.value } } : {}),
    setup: encoderRole === 'client' ? 'passive' : 'active',
    rtcpMux: 'rtcp-mux',
    ...(rtpParameters.rtcp?.reducedSize ? { rtcpRsize: 'rtcp-rsize' } : {}),
    ext: (rtpParameters.headerExtensions ?? []).map(({ id, uri }) => ({ value: id, uri })),
    rtp: codecs.map(({ payloadType, mimeType, clockRate, channels }) => ({
      payload: payloadType,
      codec: mimeType.split('/')[1] ?? '',
      rate: clockRate,
      ...(channels !== undefined && channels > 1 ? { encoding: channels } : {}),
    })),
    fmtp: [
      ...(fmtp ? [{ payload: codec.payloadType, config: fmtp }] : []),
      ...(rtx ? [{ payload: rtx.payloadType, config: `apt=${codec.payloadType}` }] : []),
    ],
    rtcpFb: (codec.rtcpFeedback ?? []).map(({ type, parameter }) => ({
      payload: codec.payloadType,
      type,
      ...(parameter ? { subtype: parameter } : {}),
    })),
    ...layersOf(offered, rtpParameters.encodings),
  };
}

/** The layers we take, in the order they were offered. */
function layersOf(
  offered: MediaDescription,
  encodings: WhipTrack['rtpParameters']['encodings'] = [],
): Pick<MediaDescription, 'rids' | 'simulcast'> {
  const taken = encodings.flatMap(({ rid }) => (rid === undefined ? [] : [rid]));
  const rids = (offered.rids ?? []).map(({ id }) => String(id)).filter((rid) => taken.includes(rid));
  if (rids.length === 0) return {};
  return {
    rids: rids.map((id) => ({ id, direction: 'recv' })),
    simulcast: { dir1: 'recv', list1: rids.join(';') },
  };
}

function candidatesOf(candidates: TransportOptions['iceCandidates']): MediaDescription['candidates'] {
  return candidates.map(({ foundation, protocol, priority, address, port, type, tcpType }) => ({
    foundation,
    component: 1,
    transport: protocol,
    priority,
    ip: address,
    port,
    type,
    ...(tcpType ? { tcptype: tcpType } : {}),
  }));
}

function refused({ type, protocol, payloads, mid }: MediaDescription): MediaDescription {
  return {
    type,
    port: 0,
    protocol,
    payloads: String(payloads ?? '0'),
    connection: { version: 4, ip: '0.0.0.0' },
    ...(mid === undefined ? {} : { mid: String(mid) }),
    direction: 'inactive',
    rtp: [],
    fmtp: [],
  };
}

/** Our ICE credentials after a restart, as RFC 8840 has them; candidates stay where they are. */
export function writeFragment({ usernameFragment, password }: TransportOptions['iceParameters']): string {
  return `a=ice-lite\r\na=ice-ufrag:${usernameFragment}\r\na=ice-pwd:${password}\r\n`;
}
