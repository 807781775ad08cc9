/** What goes wrong around a recording, and what that costs it: at most one segment, and never the class. */
import { execFile, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { createRecording, type Recording, type RecordingState } from '../src/recording/recording.ts';
import { log } from './support/node.ts';
import {
  complaints,
  descendants,
  holes,
  lengthOf,
  openStore,
  segmentsOf,
  takesOf,
  temporaryFolder,
} from './support/recorded-media.ts';
import { createRecordedStage, h264, tone, vp8, type RecordedStage } from './support/recorded-stage.ts';

const run = promisify(execFile);
/** Recordings last as long as what they record, and encoders are slow on a busy machine. */
const timeout = 180_000;

let stage: RecordedStage;
let dir: string;
let media: string;
let store: MediaStore;
let classId: string;
let recording: Recording;
let states: RecordingState[];

beforeEach(async () => {
  stage = await createRecordedStage();
  dir = await temporaryFolder();
  media = `${dir}/media`;
  await mkdir(media);
  store = await openStore(media);
  classId = randomUUID();
  states = [];
  recording = createRecording({
    classId,
    tap: stage,
    store: { kind: 'folder', dir: media },
    log,
    onState: (state) => states.push(state),
  });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  recording.close();
  await stage.close();
  await expect.poll(() => descendants('ffmpeg'), { timeout: 20_000 }).toEqual([]);
  await expect.poll(() => descendants('recorder-process'), { timeout: 20_000 }).toEqual([]);
});

const segments = () => segmentsOf(store, classId);
const count = async () => (await segments()).length;
const untilSegments = (least: number) =>
  expect
    .poll(count, { timeout: 90_000, interval: 50, message: `${least} segments` })
    .toBeGreaterThanOrEqual(least);
const reasons = () => states.map(({ state, reason }) => reason ?? state);

async function begin(media = h264(), codec: 'h264' | 'vp8' = 'h264', loss = 0) {
  const camera = await stage.publish({ source: 'camera', media, codec, loss });
  await stage.publish({ source: 'mic', media: tone(440), codec: 'opus', loss });
  await recording.start();
  return { camera, from: Date.now() };
}

async function expectPlayable(): Promise<void> {
  for (const take of await takesOf(store, dir, classId))
    expect(await complaints(take.file), take.id).toBe('');
}

/** Those of the recording, not the publishers'. */
const encoders = () => descendants('matroska');
async function kill(find: () => Promise<number[]>): Promise<void> {
  const pids = await find();
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

describe('a recording goes on', { timeout }, () => {
  it.each(['h264', 'vp8'] as const)('without a hole when its ffmpeg is killed (%s)', async (codec) => {
    await begin(codec === 'h264' ? h264() : vp8(), codec);
    await untilSegments(1);
    await kill(encoders);
    await untilSegments(3);
    await kill(encoders);
    await untilSegments(5);
    await recording.stop();
    expect(holes(await segments())).toEqual([]);
    expect((await takesOf(store, dir, classId)).length).toBe(3);
    expect(reasons()).toEqual(['recording', 'stopped']);
    await expectPlayable();
  });

  it('by itself when the recorder is killed, and loses a segment at most', async () => {
    await begin();
    await untilSegments(2);
    await kill(() => descendants('recorder-process'));
    await untilSegments(5);
    const to = Date.now();
    await recording.stop();
    const all = await segments();
    const [hole = 0, ...others] = holes(all);
    expect(others).toEqual([]);
    // What was under way (up to two seconds), and the time a process takes to start on a busy machine.
    expect(hole).toBeGreaterThan(0);
    expect(hole).toBeLessThan(6_000);
    // The time line is the server's, before and after.
    expect(Math.abs((all.at(-1)?.startMs ?? 0) + (all.at(-1)?.durationMs ?? 0) - to)).toBeLessThan(500);
    expect(reasons()).toEqual(['recording', 'recorder-restarted', 'recording', 'stopped']);
    expect(stage.taps).toBe(0);
    await expectPlayable();
  });

  it.each(['h264', 'vp8'] as const)('while packets get lost (%s)', async (codec) => {
    const { from } = await begin(codec === 'h264' ? h264() : vp8(), codec, 0.05);
    await untilSegments(4);
    const length = Date.now() - from;
    await recording.stop();
    expect(holes(await segments())).toEqual([]);
    expect(Math.abs(lengthOf(await segments()) - length)).toBeLessThan(500);
    expect(reasons()).toEqual(['recording', 'stopped']);
    await expectPlayable();
  });

  it('with the last picture when the page sends nothing any more', async () => {
    const { camera } = await begin();
    await untilSegments(1);
    await camera.freeze();
    await untilSegments(5);
    await recording.stop();
    expect(holes(await segments())).toEqual([]);
    expect((await takesOf(store, dir, classId)).length).toBe(1);
    await expectPlayable();
  });

  it('when the disk was full, and misses nothing', async () => {
    const disk = `${dir}/disk`;
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]);
    onTestFinished(async () => {
      await run('umount', ['-l', disk]);
    });
    store = await openStore(`${disk}/media`);
    recording = createRecording({
      classId,
      tap: stage,
      store: { kind: 'folder', dir: `${disk}/media` },
      log,
      onState: (state) => states.push(state),
    });
    await writeFile(`${disk}/ballast`, Buffer.alloc(2_700_000));
    await stage.publish({ source: 'camera', media: h264(), codec: 'h264' });
    await recording.start();
    const from = Date.now();
    await expect.poll(reasons, { timeout: 90_000 }).toEqual(['recording', 'storage-full']);
    await rm(`${disk}/ballast`);
    await expect.poll(reasons, { timeout: 60_000 }).toEqual(['recording', 'storage-full', 'recording']);
    const length = Date.now() - from;
    await recording.stop();
    expect(Math.abs(lengthOf(await segments()) - length)).toBeLessThan(500);
    expect(holes(await segments())).toEqual([]);
  });
});

describe('a recorder', { timeout }, () => {
  it('puts away what it has when its node is gone', async () => {
    const program = fileURLToPath(new URL('../src/recording/recorder-process.ts', import.meta.url));
    const child = fork(program, [], { execArgv: [] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const heard: unknown[] = [];
    child.on('message', (message) => heard.push(message));
    child.send({ type: 'configure', classId, store: { kind: 'folder', dir: media } });
    await expect.poll(() => heard, { timeout: 60_000 }).toContainEqual({ type: 'up' });
    child.send({ type: 'roll' });
    await untilSegments(1);
    const ended = once(child, 'exit');
    child.disconnect();
    expect(await ended).toEqual([0, null]);
    const all = await segments();
    expect(all.length).toBeGreaterThanOrEqual(2);
    expect(holes(all)).toEqual([]);
  });

  it('refuses with what to do about it where there is no ffmpeg', async () => {
    vi.stubEnv('PATH', '/nowhere');
    await expect(recording.start()).rejects.toThrow('apt-get install ffmpeg');
    expect(states).toEqual([{ state: 'trouble', reason: 'ffmpeg-missing: apt-get install ffmpeg' }]);
    await recording.stop();
    expect(states.at(-1)).toEqual({ state: 'stopped', reason: null });
  });

  it('says when there is no place to store anything', async () => {
    await rm(media, { recursive: true });
    await writeFile(media, 'no folder');
    await expect(recording.start()).rejects.toThrow();
    expect(states.at(-1)).toEqual({ state: 'trouble', reason: 'storage-unavailable' });
    await rm(media);
    await expect.poll(reasons, { timeout: 60_000 }).toEqual(['storage-unavailable', 'recording']);
    await recording.stop();
  });

  it('leaves nothing behind when it is closed at once, at any moment', async () => {
    await stage.publish({ source: 'camera', media: h264(), codec: 'h264' });
    const starting = recording.start();
    recording.close();
    await expect(starting).rejects.toThrow();
    await expect.poll(() => descendants('recorder-process'), { timeout: 20_000 }).toEqual([]);
    expect(stage.taps).toBe(0);
    await expect(recording.resume()).rejects.toThrow();
    await recording.stop();
  });
});
