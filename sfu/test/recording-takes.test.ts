/** The parts between packets and the store: sound, takes, what is shown, and segments that wait. */
import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { initName, recordingPrefix, segmentName } from '@keshi/contract/recordings';
import { createAudioSource, type AudioSource } from '../src/recording/audio-source.ts';
import { createMixer } from '../src/recording/mixer.ts';
import { createMp4Cutter } from '../src/recording/mp4-fragments.ts';
import { chooseScene } from '../src/recording/scene.ts';
import { createShelf, type ShelfTrouble } from '../src/recording/shelf.ts';
import { createSlate } from '../src/recording/slate.ts';
import type { StageStreamInfo } from '../src/recording/stage-tap.ts';
import { createTake, type TakenSegment, type Unsaved } from '../src/recording/take.ts';
import type { Rotation } from '../src/recording/video-frame.ts';
import { log } from './support/node.ts';
import { complaints, openStore, probe, temporaryFolder, toneIn } from './support/recorded-media.ts';
import { tone } from './support/recorded-stage.ts';
import { encode } from './support/rtp-packets.ts';

const startMs = 1_790_000_000_000;

describe('what is shown', () => {
  const stream = (id: string, source: StageStreamInfo['source'], rest: Partial<StageStreamInfo> = {}) => ({
    id,
    userId: id,
    source,
    kind: source === 'mic' || source === 'screen-audio' ? ('audio' as const) : ('video' as const),
    paused: false,
    isHost: false,
    ...rest,
  });
  const host = { isHost: true };

  it.each([
    ['nothing', [], null, null],
    ['only voices', [stream('m', 'mic', host)], null, null],
    ['the host', [stream('g', 'camera'), stream('h', 'camera', host)], 'h', null],
    ['a guest without the host', [stream('m', 'mic', host), stream('g', 'camera')], 'g', null],
    ['a screen beside the host', [stream('h', 'camera', host), stream('s', 'screen', host)], 's', 'h'],
    ['a guest beside a screen', [stream('g', 'camera'), stream('s', 'screen', host)], 's', null],
    ['the host’s of two screens', [stream('t', 'screen'), stream('s', 'screen', host)], 's', null],
    [
      'what is not paused',
      [
        stream('h', 'camera', { ...host, paused: true }),
        stream('s', 'screen', { paused: true }),
        stream('g', 'camera'),
      ],
      'g',
      null,
    ],
  ])('%s', (_what, streams, main, camera) => {
    expect(chooseScene(streams)).toEqual({ main, camera });
  });
});

describe('sound', () => {
  const rtp = { codecs: [{ mimeType: 'audio/opus', payloadType: 97, clockRate: 48_000, channels: 2 }] };
  const step = 20;

  async function open(): Promise<AudioSource> {
    const source = await createAudioSource(rtp);
    if (!source) throw new Error('unreachable');
    onTestFinished(() => source.close());
    return source;
  }

  /** Lets packets arrive with 20 ms between them, and mixes 120 ms behind. */
  function hear(source: AudioSource, packets: (Buffer | null)[], steps: number, jitter = (_: number) => 0) {
    const mixer = createMixer();
    const mixed: Buffer[] = [];
    const arrivals = packets.map((message, at) => ({ message, atMs: startMs + at * step + jitter(at) }));
    arrivals.sort((a, b) => a.atMs - b.atMs);
    for (let at = 0; at < steps + 7; at++) {
      const nowMs = startMs + at * step;
      while (arrivals[0] && arrivals[0].atMs <= nowMs) {
        const next = arrivals.shift();
        if (next?.message) source.push(next.message, next.atMs);
      }
      source.tick(nowMs);
      if (at >= 7) mixed.push(mixer.mix([source], startMs + (at - 7) * step));
    }
    const pcm = Buffer.concat(mixed);
    const left = new Int16Array(pcm.length / 4);
    for (const at of left.keys()) left[at] = pcm.readInt16LE(at * 4);
    return left;
  }

  it('is whole and at its place whatever the jitter and the order', async () => {
    const { messages } = await encode([...tone(1000), '-t', '2', '-payload_type', '97']);
    const still = hear(await open(), messages, 100);
    const shaken = hear(await open(), messages, 100, (at) => (at === 0 ? 0 : (at * 31) % 55));
    expect(toneIn(still.subarray(4800), 1000, 48_000)).toBeGreaterThan(0.1);
    expect(shaken).toEqual(still);
  });

  it('is silent where nothing came, and fades over a lost packet', async () => {
    const { messages } = await encode([...tone(1000), '-t', '2', '-payload_type', '97']);
    const gone = messages.map((message, at) => (at === 30 || (at >= 50 && at < 75) ? null : message));
    const sound = hear(await open(), gone, 100);
    const loudness = (step: number) =>
      Math.max(...sound.subarray(step * 960 + 400, (step + 1) * 960 - 400).map(Math.abs));
    expect(loudness(29)).toBeGreaterThan(1000);
    expect(loudness(30)).toBeGreaterThan(300);
    expect(loudness(31)).toBeGreaterThan(1000);
    for (let at = 56; at < 74; at++) expect(loudness(at)).toBe(0);
    expect(loudness(80)).toBeGreaterThan(1000);
  });

  it('of many never clips', () => {
    const loud = { mixInto: (out: Float32Array) => out.forEach((value, at) => (out[at] = value + 0.8)) };
    const source: AudioSource = {
      ...loud,
      push: () => undefined,
      tick: () => undefined,
      close: () => undefined,
    };
    const mixer = createMixer();
    for (let at = 0; at < 5; at++) {
      const pcm = mixer.mix([source, source, source], startMs + at * step);
      for (let sample = 0; sample < pcm.length; sample += 2)
        expect(Math.abs(pcm.readInt16LE(sample))).toBeLessThan(32_000);
    }
    const quiet = mixer.mix([source], startMs + 100).readInt16LE(0);
    expect(quiet / 32_767).toBeLessThan(0.5);
    expect(mixer.mix([], startMs + 120).every((byte) => byte === 0)).toBe(true);
  });

  it('in another codec is not recorded', async () => {
    const codecs = [{ mimeType: 'audio/PCMU', payloadType: 0, clockRate: 8_000 }];
    expect(await createAudioSource({ codecs })).toBeNull();
  });
});

describe('a take', () => {
  async function begin(rotation: Rotation = 0) {
    const slate = await createSlate();
    const inits: Buffer[] = [];
    const segments: TakenSegment[] = [];
    const failures: Unsaved[] = [];
    const { format, pictures } = slate.current ?? {};
    const key = pictures?.[0]?.data;
    if (!format || !key) throw new Error('unreachable');
    const take = createTake({
      format: { ...format, rotation },
      startMs,
      listener: {
        init: (_, bytes) => inits.push(bytes),
        segment: (_, segment) => segments.push(segment),
        failed: (_, unsaved) => failures.push(unsaved),
      },
    });
    onTestFinished(() => take.kill());
    /** A picture every half second, silence. */
    const feed = (from: number, to: number) => {
      for (let at = from; at < to; at += 20) {
        if (at % 500 === 0) take.picture({ atMs: startMs + at, isKey: true, data: key });
        take.sound({ atMs: startMs + at, toMs: startMs + at + 20, pcm: Buffer.alloc(3840) });
      }
    };
    return { take, feed, inits, segments, failures };
  }

  it('gives segments that follow each other exactly, up to its end', async () => {
    const { take, feed, inits, segments, failures } = await begin();
    feed(0, 5_340);
    await take.end(startMs + 5_333);
    expect(inits).toHaveLength(1);
    expect(segments.map(({ startMs: from, durationMs }) => [from - startMs, durationMs])).toEqual([
      [0, 1500],
      [1500, 1500],
      [3000, 1500],
      [4500, 833],
    ]);
    expect(failures).toEqual([]);
    const file = join(await temporaryFolder(), 'take.mp4');
    await writeFile(file, Buffer.concat([...inits, ...segments.map(({ bytes }) => bytes)]));
    const { streams, format } = await probe(file);
    expect(streams.map(({ codec_name }) => codec_name)).toEqual(['h264', 'aac']);
    expect(format.start_time + format.duration).toBeCloseTo(5.333, 1);
    expect(await complaints(file)).toBe('');
  });

  it('of a telephone held upright is turned by players', async () => {
    const { take, feed, inits, segments } = await begin(90);
    feed(0, 1_000);
    await take.end(startMs + 1_000);
    const file = join(await temporaryFolder(), 'take.mp4');
    await writeFile(file, Buffer.concat([...inits, ...segments.map(({ bytes }) => bytes)]));
    const [picture] = (await probe(file)).streams;
    expect(picture).toMatchObject({ width: 1280, height: 720, side_data_list: [{ rotation: -90 }] });
  });

  it('gives back what no segment holds when its ffmpeg is killed', async () => {
    const { take, feed, segments, failures } = await begin();
    feed(0, 2_600);
    await expect.poll(() => segments.length, { timeout: 10_000 }).toBe(1);
    if (take.pid) process.kill(take.pid, 'SIGKILL');
    await expect.poll(() => failures.length, { timeout: 10_000 }).toBe(1);
    const unsaved = failures[0];
    expect(unsaved?.fromMs).toBe(startMs + 1500);
    expect(unsaved?.pictures.map(({ atMs }) => atMs - startMs)).toEqual([1500, 2000, 2500]);
    expect(unsaved?.sounds.at(0)?.atMs).toBe(startMs + 1500);
    expect(unsaved?.sounds.at(-1)?.toMs).toBe(startMs + 2600);
  });

  it('that is cut out of nonsense says so', () => {
    const cutter = createMp4Cutter({ init: () => undefined, fragment: () => undefined });
    expect(() => cutter.push(Buffer.alloc(16))).toThrow(TypeError);
  });
});

describe('segments that wait for the store', () => {
  const classId = randomUUID();
  const init = {
    name: initName({ classId, view: 'main', take: 'aaaaaaaa' }),
    bytes: Buffer.alloc(100),
    isInit: true,
  };
  const segment = (at: number) => ({
    name: segmentName({
      classId,
      view: 'main',
      take: 'aaaaaaaa',
      startMs: startMs + at * 2000,
      durationMs: 2000,
    }),
    bytes: Buffer.alloc(1000, at),
    isInit: false,
  });

  it('are stored when it heals, the oldest given up beyond the bound', async () => {
    const dir = join(await temporaryFolder(), 'media');
    const store = await openStore(dir);
    const troubles: (ShelfTrouble | null)[] = [];
    const shelf = createShelf({ store, log, onTrouble: (reason) => troubles.push(reason), maxBytes: 3_500 });
    onTestFinished(() => shelf.close());
    // Like a disk that is not mounted.
    await rename(dir, `${dir}-away`);
    shelf.add(init);
    for (let at = 0; at < 6; at++) shelf.add(segment(at));
    await expect.poll(() => troubles).toEqual(['storage-unavailable']);
    expect(await shelf.settle(100)).toBe(4);
    await rename(`${dir}-away`, dir);
    expect(await shelf.settle(20_000)).toBe(0);
    expect(troubles).toEqual(['storage-unavailable', null]);
    const names = (await store.list(recordingPrefix(classId))).map(({ name }) => name);
    expect(new Set(names)).toEqual(
      new Set([init, segment(3), segment(4), segment(5)].map(({ name }) => name)),
    );
  });
});
