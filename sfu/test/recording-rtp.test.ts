/** From packets to pictures: what arrives in which state, and what must never come out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSequenceParameterSet } from '../src/recording/h264-parameters.ts';
import { createH264Depacketiser } from '../src/recording/h264.ts';
import { createReorderBuffer } from '../src/recording/reorder-buffer.ts';
import { parseRtp, readExtension } from '../src/recording/rtp-packet.ts';
import { createStreamClock } from '../src/recording/stream-clock.ts';
import { createVideoSource } from '../src/recording/video-source.ts';
import type { Depacketiser, FrameListener, VideoFrame } from '../src/recording/video-frame.ts';
import { createVp8Depacketiser } from '../src/recording/vp8.ts';
import { h264, vp8 } from './support/recorded-stage.ts';
import { encode, packet } from './support/rtp-packets.ts';

describe('packets', () => {
  const header = [0x80, 0xe0, 0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 7];

  it('are read with sources, extensions and padding', () => {
    const plain = parseRtp(Buffer.from([...header, 1, 2, 3]));
    expect(plain).toMatchObject({ payloadType: 96, marker: true, sequence: 0x1234, timestamp: 9, ssrc: 7 });
    expect(plain?.payload).toEqual(Buffer.from([1, 2, 3]));
    const full = [0xb1, ...header.slice(1), 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x80, 5, 0, 0, 42, 0, 0, 3];
    const read = parseRtp(Buffer.from(full));
    expect(read?.payload).toEqual(Buffer.from([42]));
    expect(read && readExtension(read, 8)).toEqual(Buffer.from([5]));
    expect(read && readExtension(read, 9)).toBeNull();
    const wide = parseRtp(Buffer.from([0x90, ...header.slice(1), 0x10, 0, 0, 1, 8, 1, 3, 0, 42]));
    expect(wide && readExtension(wide, 8)).toEqual(Buffer.from([3]));
  });

  it('are told from RTCP and from rubbish', () => {
    expect(parseRtp(Buffer.from([0x81, 200, ...header.slice(2)]))).toBeNull();
    expect(parseRtp(Buffer.from(header.slice(1)))).toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 1, max: 14 }), (bytes, id) => {
        const read = parseRtp(Buffer.from(bytes));
        if (read) readExtension(read, id);
      }),
    );
  });
});

describe('the reorder buffer', () => {
  function collect(waitMs = 50) {
    const delivered: [number, number][] = [];
    const buffer = createReorderBuffer({
      waitMs,
      deliver: ({ sequence }, lost) => delivered.push([sequence, lost]),
    });
    const push = (sequence: number, arrivedMs = 0) => buffer.push(packet({ sequence, arrivedMs }));
    return { delivered, push, tick: buffer.tick };
  }

  it('restores order across the wrap and drops what comes twice', () => {
    const { delivered, push } = collect();
    for (const sequence of [65_534, 0, 65_535, 0, 2, 65_534, 1]) push(sequence);
    expect(delivered).toEqual([65_534, 65_535, 0, 1, 2].map((sequence) => [sequence, 0]));
  });

  it('gives a hole up after the wait, and says how much is missing', () => {
    const { delivered, push, tick } = collect();
    push(10, 0);
    push(13, 5);
    push(15, 10);
    tick(54);
    expect(delivered).toEqual([[10, 0]]);
    tick(55);
    expect(delivered).toEqual([
      [10, 0],
      [13, 2],
    ]);
    tick(60);
    expect(delivered.at(-1)).toEqual([15, 1]);
    push(14, 61);
    expect(delivered).toHaveLength(3);
  });

  it('follows a stream that begins anew', () => {
    const { delivered, push } = collect();
    for (const sequence of [5, 6, 40_000, 40_001, 20, 21]) push(sequence);
    expect(delivered).toEqual([
      [5, 0],
      [6, 0],
      [40_000, 1],
      [40_001, 0],
      [20, 1],
      [21, 0],
    ]);
  });
});

describe('the clock of a stream', () => {
  const make = () => createStreamClock({ clockRate: 90_000, toleranceMs: 80 });

  it('does not show the jitter of the network, nor the wrap of timestamps', () => {
    const clock = make();
    const start = 0xffff_ffff - 90_000;
    for (let frame = 0; frame < 300; frame++) {
      const jitter = frame === 0 ? 0 : (frame * 37) % 60;
      const at = clock.at((start + frame * 3000) >>> 0, 1000 + (frame * 100) / 3 + jitter);
      expect(at).toBeCloseTo(1000 + (frame * 100) / 3, 3);
    }
  });

  it('follows a sender whose clock is slow, fast, silent for long, or set anew', () => {
    for (const speed of [0.99, 1.01]) {
      const clock = make();
      for (let frame = 0; frame < 6000; frame++) {
        const real = (frame * 100) / 3;
        const at = clock.at(Math.round(frame * 3000 * speed), real);
        expect(Math.abs(at - real)).toBeLessThan(130);
      }
    }
    const clock = make();
    clock.at(0, 1000);
    expect(clock.at(3000, 61_000)).toBe(61_000);
    expect(clock.at(90_000 * 500, 61_033)).toBe(61_033);
  });
});

interface Heard {
  frames: VideoFrame[];
  broken: number;
}

function listen(make: (listener: FrameListener) => Depacketiser): Heard & { depacketiser: Depacketiser } {
  const heard: Heard = { frames: [], broken: 0 };
  const depacketiser = make({
    frame: (frame) => heard.frames.push(frame),
    broken: () => {
      heard.broken += 1;
    },
  });
  return Object.assign(heard, { depacketiser });
}

const sps = Buffer.from('6742c01fd9005005bb011000000300100000030020f1832480', 'hex');
const pps = Buffer.from('68cb83cb20', 'hex');
const withLength = (unit: Buffer) =>
  Buffer.concat([Buffer.from([unit.length >> 8, unit.length & 0xff]), unit]);
const stapA = (...units: Buffer[]) => Buffer.concat([Buffer.from([24]), ...units.map(withLength)]);
const idr = Buffer.from([0x65, 1, 2, 3, 4, 5, 6, 7]);
const slice = Buffer.from([0x41, 9, 9, 9]);
const fragments = [
  Buffer.from([0x7c, 0x85, 1, 2]),
  Buffer.from([0x7c, 0x05, 3, 4]),
  Buffer.from([0x7c, 0x45, 5, 6, 7]),
];
const sample = (unit: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, unit.length]), unit]);

describe('H.264', () => {
  it('comes whole from aggregates, fragments and single units', () => {
    const { depacketiser, frames } = listen(createH264Depacketiser);
    depacketiser.push(packet({ timestamp: 1, payload: stapA(sps, pps) }), 0);
    for (const [at, payload] of fragments.entries())
      depacketiser.push(packet({ timestamp: 1, payload, marker: at === 2 }), 0);
    depacketiser.push(packet({ timestamp: 2, payload: slice, marker: true }), 0);
    expect(frames.map(({ data }) => data)).toEqual([sample(idr), sample(slice)]);
    expect(frames[0]?.coding).toMatchObject({ codec: 'h264', width: 1280, height: 720 });
    expect(frames[1]?.coding).toBeNull();
  });

  it('ends a picture with the next timestamp when its last packet carries no mark', () => {
    const { depacketiser, frames } = listen(createH264Depacketiser);
    depacketiser.push(packet({ timestamp: 1, payload: stapA(sps, pps, idr) }), 0);
    depacketiser.push(packet({ timestamp: 2, payload: slice, marker: true }), 0);
    expect(frames).toHaveLength(2);
  });

  it('never gives a picture that lacks a packet, wherever it was lost', () => {
    const stream = [
      ...[stapA(sps, pps), ...fragments].map((payload, at) => ({ payload, timestamp: 1, marker: at === 3 })),
      { payload: slice, timestamp: 2, marker: false },
      { payload: slice, timestamp: 2, marker: true },
      ...[stapA(sps, pps), ...fragments].map((payload, at) => ({ payload, timestamp: 3, marker: at === 3 })),
    ];
    const whole: Record<number, Buffer> = {
      1: sample(idr),
      2: Buffer.concat([sample(slice), sample(slice)]),
      3: sample(idr),
    };
    for (const lost of stream.keys()) {
      const { depacketiser, ...heard } = listen(createH264Depacketiser);
      for (const [at, fields] of stream.entries())
        if (at !== lost) depacketiser.push(packet(fields), at === lost + 1 ? 1 : 0);
      for (const { timestamp, data } of heard.frames) expect(data).toEqual(whole[timestamp]);
    }
  });

  it('shows no key frame whose parameter sets are not known', () => {
    const heard = listen(createH264Depacketiser);
    heard.depacketiser.push(packet({ payload: idr, marker: true }), 0);
    expect(heard).toMatchObject({ frames: [], broken: 1 });
  });

  it('tells the size of what real encoders make, and survives what none would', async () => {
    for (const size of ['320x180', '642x362', '1920x1080']) {
      const { depacketiser, frames } = listen(createH264Depacketiser);
      const { packets } = await encode([...h264(size), '-frames:v', '2']);
      for (const read of packets) depacketiser.push({ ...read, arrivedMs: 0 }, 0);
      const [width, height] = size.split('x').map(Number);
      expect(frames[0]?.coding).toMatchObject({ width, height });
    }
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (payloads) => {
        const { depacketiser } = listen(createH264Depacketiser);
        for (const payload of payloads)
          depacketiser.push(packet({ payload: Buffer.from(payload), marker: true }), payload.length % 2);
        readSequenceParameterSet(Buffer.from(payloads[0] ?? []));
      }),
    );
  });
});

describe('VP8', () => {
  const keyFrame = Buffer.from([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00, 7, 7]);
  const delta = Buffer.from([0x11, 0, 0, 5]);
  const first = (data: Buffer) => Buffer.concat([Buffer.from([0x90, 0xe0, 0x80, 1, 2, 3]), data]);
  const later = (data: Buffer) => Buffer.concat([Buffer.from([0x80, 0x80, 5]), data]);

  it('comes whole whatever the descriptor carries', () => {
    const { depacketiser, frames } = listen(createVp8Depacketiser);
    depacketiser.push(packet({ timestamp: 1, payload: first(keyFrame.subarray(0, 6)) }), 0);
    depacketiser.push(packet({ timestamp: 1, payload: later(keyFrame.subarray(6)), marker: true }), 0);
    depacketiser.push(packet({ timestamp: 2, payload: first(delta), marker: true }), 0);
    expect(frames.map(({ data }) => data)).toEqual([keyFrame, delta]);
    expect(frames[0]?.coding).toEqual({ codec: 'vp8', width: 320, height: 180 });
  });

  it('drops a frame that lacks its beginning or its middle', () => {
    const heard = listen(createVp8Depacketiser);
    heard.depacketiser.push(packet({ timestamp: 1, payload: first(keyFrame.subarray(0, 6)) }), 0);
    heard.depacketiser.push(packet({ timestamp: 1, payload: later(Buffer.from([1])), marker: true }), 1);
    heard.depacketiser.push(packet({ timestamp: 2, payload: later(delta), marker: true }), 1);
    expect(heard).toMatchObject({ frames: [], broken: 2 });
    heard.depacketiser.push(packet({ timestamp: 3, payload: first(keyFrame), marker: true }), 0);
    expect(heard.frames).toHaveLength(1);
  });
});

describe('a video stream', () => {
  const rtpOf = (mimeType: string, payloadType: number) => ({
    codecs: [{ mimeType, payloadType, clockRate: 90_000 }],
    headerExtensions: [{ uri: 'urn:3gpp:video-orientation', id: 8 }],
    encodings: [],
  });

  function watch(mimeType: string, payloadType = 96) {
    let asked = 0;
    const source = createVideoSource({
      rtp: rtpOf(mimeType, payloadType),
      askForKeyFrame: () => {
        asked += 1;
      },
    });
    if (!source) throw new Error('unreachable');
    const shown: { atMs: number; isKey: boolean }[] = [];
    source.onPicture(({ atMs, isKey }) => shown.push({ atMs, isKey }));
    return { source, shown, asked: () => asked };
  }

  it('waits for a key frame after a loss, asks for it, and holds the last when nothing comes', async () => {
    const { messages, packets } = await encode([...vp8('160x90', 10), '-frames:v', '25']);
    const { source, shown, asked } = watch('video/VP8');
    const isStart = (at: number) => packets[at]?.timestamp !== packets[at - 1]?.timestamp;
    const starts = messages.map((_, at) => at).filter(isStart);
    const lost = starts[4];
    for (const [at, message] of messages.entries()) {
      const frame = starts.filter((start) => start <= at).length - 1;
      if (at !== lost) source.push(message, 1000 + frame * 100);
      source.tick(1000 + frame * 100);
    }
    const keys = shown.filter(({ isKey }) => isKey).map(({ atMs }) => Math.round(atMs));
    expect(keys).toEqual([1000, 2000, 3000]);
    // Frames 5 to 9 refer to what was lost.
    expect(shown.map(({ atMs }) => Math.round(atMs)).filter((at) => at < 2000)).toEqual([
      1000, 1100, 1200, 1300,
    ]);
    expect(asked()).toBeGreaterThan(0);

    const { length } = shown;
    for (let nowMs = 3400; nowMs < 8500; nowMs += 20) source.tick(nowMs);
    const held = shown.slice(length);
    expect(held.map(({ isKey }) => isKey)).toEqual([true, true, true, true]);
    expect(held[0]?.atMs).toBeGreaterThanOrEqual(5400);
    expect(source.current?.pictures).toHaveLength(1);
  });

  it('tells how a telephone is held', () => {
    const { source } = watch('video/H264', 102);
    const payload = stapA(sps, pps, idr);
    const header = Buffer.from([0x90, 0xe6, 0, 1, 0, 0, 0, 9, 0, 0, 0, 7, 0xbe, 0xde, 0, 1, 0x80, 1, 0, 0]);
    source.push(Buffer.concat([header, payload]), 1000);
    expect(source.current?.format).toMatchObject({ width: 1280, height: 720, rotation: 90 });
  });

  it('is not recorded in a codec that the recorder does not know', () => {
    expect(createVideoSource({ rtp: rtpOf('video/AV1', 96), askForKeyFrame: () => undefined })).toBeNull();
  });
});
