/** A class on a real stage, recorded by real processes, and what is in the store afterwards. */
import { createHash, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  previewIndex,
  previewIndexName,
  previewSheetName,
  recordingPrefix,
  type RecordingView,
} from '@keshi/contract/recordings';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { finishRecording } from '../src/recording/finish.ts';
import { createRecording, type Recording, type RecordingState } from '../src/recording/recording.ts';
import { openRtpSocket } from '../src/recording/rtp-sockets.ts';
import { createVideoSource } from '../src/recording/video-source.ts';
import { log } from './support/node.ts';
import {
  complaints,
  descendants,
  holes,
  lengthOf,
  openStore,
  pictureHashes,
  probe,
  segmentsOf,
  soundOf,
  takesOf,
  temporaryFolder,
  toneIn,
} from './support/recorded-media.ts';
import { createRecordedStage, h264, tone, vp8, type RecordedStage } from './support/recorded-stage.ts';

/** Recordings last as long as what they record, and encoders are slow on a busy machine. */
const timeout = 180_000;

let stage: RecordedStage;
let dir: string;
let store: MediaStore;
let classId: string;
let recording: Recording;
let states: RecordingState[];

beforeEach(async () => {
  stage = await createRecordedStage();
  dir = await temporaryFolder();
  store = await openStore(`${dir}/media`);
  classId = randomUUID();
  states = [];
  recording = createRecording({
    classId,
    tap: stage,
    store: { kind: 'folder', dir: `${dir}/media` },
    log,
    onState: (state) => states.push(state),
  });
});

afterEach(async () => {
  recording.close();
  await stage.close();
  // Neither the recorder nor an encoder outlives its class.
  await expect.poll(() => descendants('ffmpeg'), { timeout: 20_000 }).toEqual([]);
  await expect.poll(() => descendants('recorder-process'), { timeout: 20_000 }).toEqual([]);
});

const takes = (view: RecordingView = 'main') => takesOf(store, dir, classId, view);
const segments = (view: RecordingView = 'main') => segmentsOf(store, classId, view);
const count = async (view: RecordingView = 'main') => (await segments(view)).length;
const untilSegments = (least: number, view: RecordingView = 'main') =>
  expect
    .poll(() => count(view), { timeout: 90_000, interval: 50, message: `${least} segments of ${view}` })
    .toBeGreaterThanOrEqual(least);

async function expectPlayable(): Promise<void> {
  for (const view of ['main', 'camera'] as const)
    for (const take of await takes(view)) {
      expect(await complaints(take.file), `${view} ${take.id}`).toBe('');
      const { streams } = await probe(take.file);
      expect(streams.map(({ codec_name }) => codec_name)).toEqual(['h264', 'aac']);
    }
}

/** MD5 of every picture that the router sends, seen on a tap of the test's own. */
async function watchPictures(streamId: string): Promise<Set<string>> {
  const hashes = new Set<string>();
  let push: (message: Buffer) => void = () => undefined;
  const socket = await openRtpSocket((message) => push(message));
  const tapped = await stage.open(streamId, { ip: '127.0.0.1', port: socket.port });
  const source = createVideoSource({ rtp: tapped.rtpParameters, askForKeyFrame: () => undefined });
  source?.onPicture(({ data }) => hashes.add(createHash('md5').update(data).digest('hex')));
  push = (message) => source?.push(message, performance.now());
  onTestFinished(() => {
    tapped.close();
    socket.close();
  });
  return hashes;
}

describe('a recorded class', { timeout }, () => {
  it('is copied as it was sent, in H.264, with picture and sound from the first second', async () => {
    const camera = await stage.publish({ source: 'camera', media: h264(), codec: 'h264' });
    await stage.publish({ source: 'mic', media: tone(440), codec: 'opus' });
    const sent = await watchPictures(camera.id);
    await recording.start();
    const from = Date.now();
    await untilSegments(3);
    const length = Date.now() - from;
    await recording.stop();

    const [take, ...others] = await takes();
    if (!take) throw new Error('no take');
    expect(others).toEqual([]);
    expect(holes(take.segments)).toEqual([]);
    expect(Math.abs(lengthOf(take.segments) - length)).toBeLessThan(500);
    expect(Math.abs((take.segments[0]?.startMs ?? 0) - from)).toBeLessThan(500);
    const { streams, format } = await probe(take.file);
    expect(streams[0]).toMatchObject({ codec_name: 'h264', profile: 'Constrained Baseline', width: 320 });
    expect(Math.abs(1000 * format.duration - lengthOf(take.segments))).toBeLessThan(50);
    const recorded = await pictureHashes(take.file);
    expect(recorded.length).toBeGreaterThan(60);
    expect(recorded.filter((hash) => !sent.has(hash))).toEqual([]);
    const sound = await soundOf(take.file);
    expect(toneIn(sound, 440)).toBeGreaterThan(0.05);
    expect(toneIn(sound, 700)).toBeLessThan(0.01);
    await expectPlayable();
    expect(states.map(({ state }) => state)).toEqual(['recording', 'stopped']);
    expect(stage.taps).toBe(1);
  });

  it('is coded anew from VP8, and follows its size', async () => {
    const camera = await stage.publish({ source: 'camera', media: vp8(), codec: 'vp8' });
    await recording.start();
    await untilSegments(2);
    await camera.close();
    await stage.publish({ source: 'camera', media: vp8('426x240'), codec: 'vp8' });
    await expect.poll(async () => (await takes()).length, { timeout: 90_000 }).toBeGreaterThanOrEqual(2);
    await untilSegments((await count()) + 1);
    await recording.stop();
    expect(holes(await segments())).toEqual([]);
    const sizes = await Promise.all((await takes()).map(async ({ file }) => (await probe(file)).streams[0]));
    expect(sizes.at(0)).toMatchObject({ codec_name: 'h264', width: 320, height: 180 });
    expect(sizes.at(-1)).toMatchObject({ codec_name: 'h264', width: 426, height: 240 });
    await expectPlayable();
  });

  it('has all voices of the stage, whoever comes and goes, in one take', async () => {
    await stage.publish({ source: 'camera', media: h264(), codec: 'h264' });
    const host = await stage.publish({ source: 'mic', media: tone(440), codec: 'opus' });
    await recording.start();
    await untilSegments(1);
    await stage.publish({ source: 'mic', isHost: false, media: tone(1200), codec: 'opus' });
    await untilSegments(3);
    await host.pause();
    await untilSegments(5);
    await recording.stop();
    const [take, ...others] = await takes();
    if (!take) throw new Error('no take');
    expect(others).toEqual([]);
    const sound = await soundOf(take.file);
    const [first, middle, last] = [0, sound.length / 2 - 2000, sound.length - 8000].map((at) =>
      sound.subarray(at, at + 4000),
    );
    if (!first || !middle || !last) throw new Error('too short');
    expect(toneIn(first, 1200)).toBeLessThan(0.005);
    expect(toneIn(middle, 440)).toBeGreaterThan(0.05);
    expect(toneIn(middle, 1200)).toBeGreaterThan(0.05);
    expect(toneIn(last, 440)).toBeLessThan(0.005);
    expect(toneIn(last, 1200)).toBeGreaterThan(0.05);
  });

  it('shows the screen while one is shared, and the host’s camera beside it', async () => {
    await stage.publish({ source: 'camera', media: h264(), codec: 'h264' });
    await stage.publish({ source: 'mic', media: tone(440), codec: 'opus' });
    await recording.start();
    const from = Date.now();
    await untilSegments(2);
    const screen = await stage.publish({ source: 'screen', media: h264('640x360', 10), codec: 'h264' });
    await untilSegments(2, 'camera');
    await screen.close();
    const { length } = await segments();
    await untilSegments(length + 2);
    const time = Date.now() - from;
    await recording.stop();

    const main = await takes();
    const widths = await Promise.all(main.map(async ({ file }) => (await probe(file)).streams[0]?.width));
    expect(widths).toEqual([320, 640, 320]);
    expect(holes(await segments())).toEqual([]);
    expect(Math.abs(lengthOf(await segments()) - time)).toBeLessThan(500);
    const [camera, ...others] = await takes('camera');
    expect(others).toEqual([]);
    const shared = main[1]?.segments ?? [];
    // Both views share their cuts.
    expect(camera?.segments[0]?.startMs).toBe(shared[0]?.startMs);
    expect(lengthOf(camera?.segments ?? [])).toBe(lengthOf(shared));
    await expectPlayable();

    const finished = await finishRecording({ store, classId, log });
    expect(finished).toMatchObject({
      from: main[0]?.segments[0]?.startMs,
      durationMs: lengthOf(await segments()),
      views: ['main', 'camera'],
      hasPreview: true,
    });
    expect(await finishRecording({ store, classId, log })).toEqual(finished);
    const stored = await store.get(previewIndexName(classId));
    const index = previewIndex.parse(stored && JSON.parse((await buffer(stored.body)).toString()));
    expect(index).toMatchObject({ everyMs: 2000, sheets: ['0000.jpg'] });
    const sheet = await store.get(previewSheetName(classId, 0));
    expect(sheet && (await buffer(sheet.body)).subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
    const sizes = (await store.list(recordingPrefix(classId))).map(({ size }) => size);
    expect(finished?.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });

  it('leaves pauses out', async () => {
    await stage.publish({ source: 'camera', media: h264(), codec: 'h264' });
    await recording.start();
    const from = Date.now();
    await untilSegments(2);
    const pausedAt = Date.now();
    await recording.pause();
    const before = await segments();
    expect(states.at(-1)).toEqual({ state: 'paused', reason: null });
    // Time passes: the stage goes on, as another tap sees.
    const seen = await watchPictures(stage.streams()[0]?.id ?? '');
    await expect.poll(() => seen.size, { timeout: 60_000 }).toBeGreaterThan(30);
    expect(await segments()).toEqual(before);
    await recording.resume();
    const resumedAt = Date.now();
    await untilSegments(before.length + 2);
    const stoppedAt = Date.now();
    await recording.stop();

    const all = await segments();
    expect(Math.abs(lengthOf(all) - (pausedAt - from) - (stoppedAt - resumedAt))).toBeLessThan(500);
    const inPause = all.filter(
      ({ startMs, durationMs }) => startMs < resumedAt - 500 && startMs + durationMs > pausedAt + 100,
    );
    expect(inPause).toEqual([]);
    expect(states.map(({ state }) => state)).toEqual(['recording', 'paused', 'recording', 'stopped']);
    await expectPlayable();
  });

  it('has a picture while nobody shows one', async () => {
    await stage.publish({ source: 'mic', media: tone(440), codec: 'opus' });
    await recording.start();
    await untilSegments(2);
    await stage.publish({ source: 'camera', isHost: false, media: h264(), codec: 'h264' });
    await expect.poll(async () => (await takes()).length, { timeout: 60_000 }).toBe(2);
    await recording.stop();
    const [slate, guest] = await takes();
    expect(slate && (await probe(slate.file)).streams[0]?.width).toBe(1280);
    expect(guest && (await probe(guest.file)).streams[0]?.width).toBe(320);
    expect(slate && toneIn(await soundOf(slate.file), 440)).toBeGreaterThan(0.05);
    expect(holes(await segments())).toEqual([]);
    await expectPlayable();
  });

  it('that nobody recorded has nothing to finish', async () => {
    expect(await finishRecording({ store, classId, log })).toBeNull();
  });
});
