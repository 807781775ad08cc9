/** Offers as encoders really make them, and what no encoder makes. */
import { readFileSync } from 'node:fs';
import { parse } from 'sdp-transform';
import { describe, expect, test } from 'vitest';
import type { TransportOptions } from '@keshi/contract/media';
import { writeAnswer } from '../src/whip/answer.ts';
import { readFragment } from '../src/whip/ice-fragment.ts';
import { WhipRefusal } from '../src/whip/refusal.ts';
import { readOffer } from '../src/whip/sdp.ts';

const offer = (name: string) => readFileSync(new URL(`offers/${name}.sdp`, import.meta.url), 'utf8');

const transport: TransportOptions = {
  id: 'a transport',
  iceParameters: { usernameFragment: 'ourfragment', password: 'ourpasswordourpassword', iceLite: true },
  iceCandidates: [
    {
      foundation: 'udpcandidate',
      priority: 1_076_558_079,
      ip: '192.0.2.1',
      address: '192.0.2.1',
      protocol: 'udp',
      port: 20_000,
      type: 'host',
    },
    {
      foundation: 'tcpcandidate',
      priority: 1_076_302_079,
      ip: '192.0.2.1',
      address: '192.0.2.1',
      protocol: 'tcp',
      port: 20_000,
      type: 'host',
      tcpType: 'passive',
    },
  ],
  dtlsParameters: {
    role: 'auto',
    fingerprints: [
      { algorithm: 'sha-1', value: 'AA:BB' },
      { algorithm: 'sha-256', value: 'CC:DD' },
    ],
  },
};

function refusal(text: string): { status: number; message: string } | null {
  try {
    readOffer(text);
    return null;
  } catch (error) {
    if (error instanceof WhipRefusal) return { status: error.status, message: error.message };
    throw error;
  }
}
const statusOf = (text: string) => refusal(text)?.status ?? null;

describe('an offer', () => {
  test('of OBS 30 becomes a microphone in Opus and a camera in H.264', () => {
    const { tracks, ice, dtls } = readOffer(offer('obs-30'));
    expect(ice).toEqual({ usernameFragment: 'JLvv', password: 'AVQo+aTrh2UHIfcZiaNfD9' });
    expect(dtls.role).toBe('client');
    expect(tracks.map(({ kind, source, mid }) => [kind, source, mid])).toEqual([
      ['audio', 'mic', '0'],
      ['video', 'camera', '1'],
    ]);
    expect(tracks[0]?.rtpParameters).toMatchObject({
      codecs: [{ mimeType: 'audio/opus', payloadType: 111, channels: 2, parameters: { stereo: 1 } }],
      encodings: [{ ssrc: 3_957_928_345 }],
      rtcp: { cname: 'sURF2wTOmwqWwFdX', reducedSize: false },
    });
    expect(tracks[1]?.rtpParameters.codecs).toEqual([
      {
        mimeType: 'video/H264',
        payloadType: 96,
        clockRate: 90_000,
        parameters: { 'level-asymmetry-allowed': 1, 'packetization-mode': 1, 'profile-level-id': '42e01f' },
        rtcpFeedback: [
          { type: 'nack', parameter: '' },
          { type: 'nack', parameter: 'pli' },
          { type: 'goog-remb', parameter: '' },
        ],
      },
    ]);
  });

  test('of OBS 32 with simulcast has its layers turned round: OBS puts the largest first', () => {
    const { rtpParameters } = readOffer(offer('obs-32-simulcast')).tracks[1] ?? {};
    expect(rtpParameters?.encodings).toEqual([{ rid: '2' }, { rid: '1' }, { rid: '0' }]);
    expect(rtpParameters?.headerExtensions?.map(({ id }) => id)).toEqual([1, 2]);
  });

  test('of GStreamer is taken with its own names for lines and codecs, the bundled one by port 0 as well', () => {
    const { tracks } = readOffer(offer('gstreamer-1.22'));
    expect(tracks.map(({ kind, mid }) => [kind, mid])).toEqual([
      ['video', 'video0'],
      ['audio', 'audio1'],
    ]);
    expect(tracks[0]?.rtpParameters.encodings).toEqual([{ ssrc: 2_532_252_899 }]);
  });

  test('of Chromium: H.264 in the profile all decode, with retransmission; the extensions our routers know', () => {
    const { tracks } = readOffer(offer('chromium'));
    const video = tracks[1]?.rtpParameters;
    expect(video?.codecs.map(({ mimeType, payloadType }) => [mimeType, payloadType])).toEqual([
      ['video/H264', 108],
      ['video/rtx', 109],
    ]);
    expect(video?.encodings).toEqual([{ ssrc: 3_644_483_330, rtx: { ssrc: 710_554_708 } }]);
    expect(video?.headerExtensions?.map(({ uri }) => uri)).not.toContain(
      'http://www.webrtc.org/experiments/rtp-hdrext/video-timing',
    );
  });

  test('of Chromium with simulcast: layers by name, smallest first, no more than viewers choose among', () => {
    const simulcast = offer('chromium-simulcast');
    expect(readOffer(simulcast).tracks[1]?.rtpParameters.encodings).toEqual([
      { rid: 'l' },
      { rid: 'm' },
      { rid: 'h' },
    ]);
    const ascending = simulcast.replace('a=simulcast:send h;m;l', 'a=simulcast:send l;m;h');
    expect(readOffer(ascending).tracks[1]?.rtpParameters.encodings).toEqual([
      { rid: 'l' },
      { rid: 'm' },
      { rid: 'h' },
    ]);
    const four = simulcast.replace('a=simulcast:send h;m;l', 'a=rid:x send\r\na=simulcast:send x;h;m;l');
    expect(readOffer(four).tracks[1]?.rtpParameters.encodings).toEqual([
      { rid: 'l' },
      { rid: 'm' },
      { rid: 'x' },
    ]);
  });

  test('without H.264 is taken in VP8', () => {
    const vp8 = offer('chromium').replaceAll(/H264\/90000/g, 'X264/90000');
    expect(readOffer(vp8).tracks[1]?.rtpParameters.codecs[0]).toMatchObject({
      mimeType: 'video/VP8',
      payloadType: 96,
    });
  });

  test('with a data channel beside sound and picture is taken, and the channel refused', () => {
    const data = `${offer('obs-30')}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\na=sctp-port:5000\r\n`;
    const answer = parse(writeAnswer(readOffer(data), transport, 1));
    expect(answer.media.map(({ type, port }) => [type, port])).toEqual([
      ['audio', 9],
      ['video', 9],
      ['application', 0],
    ]);
  });
});

describe('an offer that is refused', () => {
  test('for its codec: 406 that says which to choose', () => {
    expect(refusal(offer('obs-30-av1'))).toEqual({ status: 406, message: expect.stringContaining('H.264') });
    expect(statusOf(offer('obs-30').replace('opus/48000/2', 'PCMU/8000'))).toBe(406);
    expect(statusOf(offer('obs-30').replace('packetization-mode=1', 'packetization-mode=0'))).toBe(406);
  });

  test('for more than we show of one person, or nothing at all: 406', () => {
    const [head = '', audio = '', video = ''] = offer('obs-30').split(/(?=m=)/);
    const second = video.replace('a=mid:1', 'a=mid:2');
    expect(statusOf(head.replace('BUNDLE 0 1', 'BUNDLE 0 1 2') + audio + video + second)).toBe(406);
    expect(statusOf(offer('obs-30').replaceAll('a=sendonly', 'a=recvonly'))).toBe(406);
    expect(statusOf(offer('obs-30').replaceAll('a=sendonly', 'a=inactive'))).toBe(406);
  });

  test.each([
    ['is not SDP', 'hello'],
    ['is JSON', '{"type":"offer","sdp":"v=0"}'],
    ['is empty', ''],
    ['has no media', 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n'],
    ['is cut', offer('obs-30').slice(0, 500)],
    ['is bytes', `v=0\r\n${'\u0000\u0001\u0007'.repeat(400)}`],
    ['has a line without end', `v=0\r\na=${'x'.repeat(60_000)}`],
    ['has lines without end', `v=0\r\n${'a=x\r\n'.repeat(10_000)}`],
    ['has media without end', `v=0\r\n${'m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n'.repeat(100)}`],
    ['has no DTLS fingerprint', offer('obs-30').replace(/a=fingerprint.*\r\n/, '')],
    ['has a wrong fingerprint', offer('obs-30').replace('44:42', 'hello')],
    ['has no ICE password', offer('obs-30').replace(/a=ice-pwd.*\r\n/, '')],
    ['is ICE-lite itself', offer('obs-30').replace('t=0 0', 't=0 0\r\na=ice-lite')],
    ['does not bundle', offer('obs-30').replace('a=group:BUNDLE 0 1\r\n', '')],
    ['bundles something else', offer('obs-30').replace('a=group:BUNDLE 0 1', 'a=group:BUNDLE 0 7')],
    ['does not multiplex RTCP', offer('obs-30').replaceAll('a=rtcp-mux\r\n', '')],
    ['is not encrypted', offer('obs-30').replaceAll('UDP/TLS/RTP/SAVPF', 'RTP/AVP')],
    ['names a mid twice', offer('obs-30').replace('a=mid:1', 'a=mid:0')],
    [
      'has an impossible SSRC',
      offer('obs-30').replaceAll('a=ssrc:3957928346 ', 'a=ssrc:99999999999999999999 '),
    ],
    ['has an SSRC beyond 32 bits', offer('obs-30').replaceAll('a=ssrc:3957928346 ', 'a=ssrc:4294967296 ')],
    ['has a name too long for a line', offer('obs-30').replaceAll(/(mid:|BUNDLE )0/g, `$1${'0'.repeat(40)}`)],
  ])('because it %s: 400', (_, text) => {
    expect(statusOf(text)).toBe(400);
  });
});

describe('an answer', () => {
  test('receives on one ICE-lite transport, with every candidate and the codecs taken alone', () => {
    const answer = parse(writeAnswer(readOffer(offer('chromium')), transport, 7));
    expect(answer).toMatchObject({
      icelite: 'ice-lite',
      groups: [{ type: 'BUNDLE', mids: '0 1' }],
      extmapAllowMixed: 'extmap-allow-mixed',
    });
    const video = answer.media[1];
    expect(video).toMatchObject({
      port: 9,
      payloads: '108 109',
      direction: 'recvonly',
      setup: 'passive',
      iceUfrag: 'ourfragment',
      fingerprint: { type: 'sha-256', hash: 'CC:DD' },
      rtcpMux: 'rtcp-mux',
      rtcpRsize: 'rtcp-rsize',
      fmtp: [
        { payload: 108, config: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f' },
        { payload: 109, config: 'apt=108' },
      ],
    });
    expect(video?.candidates?.map(({ transport: over, tcptype }) => [over, tcptype])).toEqual([
      ['udp', undefined],
      ['tcp', 'passive'],
    ]);
  });

  test('accepts simulcast layers in the order they were offered', () => {
    const answer = parse(writeAnswer(readOffer(offer('obs-32-simulcast')), transport, 7));
    expect(answer.media[1]).toMatchObject({
      simulcast: { dir1: 'recv', list1: '0;1;2' },
      rids: [{ direction: 'recv' }, { direction: 'recv' }, { direction: 'recv' }],
    });
  });

  test('takes the DTLS role an encoder leaves to us', () => {
    const listening = readOffer(offer('obs-30').replace('setup:actpass', 'setup:passive'));
    expect(listening.dtls.role).toBe('server');
    expect(parse(writeAnswer(listening, transport, 7)).media[0]?.setup).toBe('active');
  });
});

test('a fragment tells the ICE session it belongs to, or is refused', () => {
  const fragment =
    'a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n';
  expect(readFragment(fragment)).toEqual({
    usernameFragment: 'EsAw',
    password: 'P2uYro0UCOQ4zxjKXaWCBui1',
  });
  expect(() => readFragment('a=candidate:1 1 udp 1 192.0.2.1 9 typ host')).toThrow(WhipRefusal);
});
