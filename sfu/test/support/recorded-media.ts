/** Reads recordings as a player would, and looks into them. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import {
  initName,
  parseSegmentName,
  viewPrefix,
  type RecordingSegment,
  type RecordingView,
} from '@keshi/contract/recordings';
import { createMediaStore, type MediaStore } from '@keshi/runtime/media-store/media-store';
import { log } from './node.ts';

const run = promisify(execFile);

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'keshi-recording-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export async function openStore(dir: string): Promise<MediaStore> {
  const store = await createMediaStore({ kind: 'folder', dir }, log);
  onTestFinished(() => store.close());
  return store;
}

/** In the order of their time. */
export async function segmentsOf(
  store: MediaStore,
  classId: string,
  view: RecordingView = 'main',
): Promise<RecordingSegment[]> {
  const names = await store.list(viewPrefix(classId, view));
  return names.map(({ name }) => parseSegmentName(name)).filter((segment) => segment !== null);
}

export interface RecordedTake {
  id: string;
  segments: RecordingSegment[];
  /** Its initialisation segment and its segments, as one file. */
  file: string;
}

/** Every take as a file of its own, in the order of their time. */
export async function takesOf(
  store: MediaStore,
  dir: string,
  classId: string,
  view: RecordingView = 'main',
): Promise<RecordedTake[]> {
  const segments = await segmentsOf(store, classId, view);
  const takes: RecordedTake[] = [];
  for (const id of new Set(segments.map(({ take }) => take))) {
    const own = segments.filter(({ take }) => take === id);
    const names = [initName({ classId, view, take: id }), ...own.map((segment) => nameOf(segment))];
    const parts: Buffer[] = [];
    for (const name of names) {
      const stored = await store.get(name);
      if (!stored) throw new Error(`not stored: ${name}`);
      parts.push(await buffer(stored.body));
    }
    const file = join(dir, `${view}-${id}.mp4`);
    await writeFile(file, Buffer.concat(parts));
    takes.push({ id, segments: own, file });
  }
  return takes;
}

const nameOf = ({ classId, view, startMs, durationMs, take }: RecordingSegment): string =>
  `${viewPrefix(classId, view)}${startMs}-${durationMs}-${take}.m4s`;

/** Where a segment does not begin where the one before ended: by how many ms, negative for an overlap. */
export function holes(segments: readonly RecordingSegment[]): number[] {
  return segments
    .slice(1)
    .map(({ startMs }, at) => startMs - (segments[at]?.startMs ?? 0) - (segments[at]?.durationMs ?? 0))
    .filter((hole) => hole !== 0);
}

export const lengthOf = (segments: readonly RecordingSegment[]): number =>
  segments.reduce((sum, { durationMs }) => sum + durationMs, 0);

const probed = z.object({
  streams: z.array(
    z.object({
      codec_name: z.string(),
      profile: z.string().optional(),
      width: z.number().optional(),
      height: z.number().optional(),
      /** Degrees against the clock by which a player turns it. */
      side_data_list: z.array(z.looseObject({ rotation: z.number().optional() })).optional(),
    }),
  ),
  format: z.object({ duration: z.coerce.number(), start_time: z.coerce.number() }),
});

export async function probe(file: string) {
  const show = ['-show_streams', '-show_format', '-of', 'json'];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...show, file]);
  return probed.parse(JSON.parse(stdout));
}

/** MD5 of each coded picture. */
export async function pictureHashes(file: string): Promise<string[]> {
  const { stdout } = await run(
    'ffprobe',
    ['-v', 'error', '-select_streams', 'v', '-show_packets', '-show_data_hash', 'md5', '-of', 'json', file],
    { maxBuffer: 64 << 20 },
  );
  const { packets } = z
    .object({ packets: z.array(z.object({ data_hash: z.string() })) })
    .parse(JSON.parse(stdout));
  return packets.map(({ data_hash }) => data_hash.replace(/^MD5:/i, '').toLowerCase());
}

/** Decodes everything; returns what ffmpeg had to complain about. */
export async function complaints(file: string): Promise<string> {
  const { stderr } = await run(
    'ffmpeg',
    ['-v', 'warning', '-i', file, '-f', 'framemd5', '-fps_mode', 'passthrough', '/dev/null', '-y'],
    {
      maxBuffer: 16 << 20,
    },
  );
  return stderr;
}

/** The sound as 16 bit mono at 8 kHz. */
export async function soundOf(file: string): Promise<Int16Array> {
  const { stdout } = await run(
    'ffmpeg',
    ['-v', 'error', '-i', file, '-vn', '-ac', '1', '-ar', '8000', '-f', 's16le', 'pipe:1'],
    { encoding: 'buffer', maxBuffer: 64 << 20 },
  );
  return new Int16Array(stdout.buffer, stdout.byteOffset, Math.floor(stdout.length / 2));
}

/** How strong a tone is in it: 1 for a sine of full scale (Goertzel's algorithm). */
export function toneIn(sound: Int16Array, hertz: number, rate = 8000): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / rate);
  let before = 0;
  let last = 0;
  for (const value of sound) [before, last] = [last, value / 32_768 + turn * last - before];
  const power = last ** 2 + before ** 2 - turn * last * before;
  return (2 * Math.sqrt(Math.max(0, power))) / sound.length;
}

/** Ids of this process's descendants whose command line contains the word. */
export async function descendants(word: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const rows = await Promise.all(pids.map(readProcess));
  const family = new Set([process.pid]);
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const row of rows) if (row && family.has(row.parent)) family.add(row.pid);
  }
  family.delete(process.pid);
  return rows
    .filter((row) => row && family.has(row.pid) && row.args.includes(word))
    .map((row) => row?.pid ?? 0);
}

/** Null when it has ended; one that has ended and is not waited for yet has no arguments. */
async function readProcess(pid: number): Promise<{ pid: number; parent: number; args: string } | null> {
  try {
    const [stat, args] = await Promise.all(
      ['stat', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
    );
    const parent = /\) \S (\d+)/.exec(stat ?? '')?.[1];
    return { pid, parent: Number(parent), args: args ?? '' };
  } catch {
    return null;
  }
}
