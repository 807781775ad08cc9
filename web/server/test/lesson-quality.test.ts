import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { QualityReport } from '@keshi/contract/lessons';
import { takeMakingJob } from '@keshi/db/lesson-revisions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renditionsOf } from '../src/lessons/renditions.ts';
import { cuesOf } from '../src/lessons/captions.ts';
import { appoint, clip, coded, lessonAt, makerOf, moving, newLesson, tone, upload } from './lesson-steps.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
let teacher: string;
beforeAll(async () => {
  web = await runWeb();
  await appoint(web, 'teacher');
  teacher = await tokenOf(web, 'teacher');
});
afterAll(() => web?.close());

async function reportOf(bytes: Buffer, kind: 'video' | 'audio' = 'video'): Promise<QualityReport> {
  const id = await newLesson(web, teacher, kind);
  await upload(web, teacher, id, bytes, kind === 'audio' ? 'sound.wav' : 'film.mp4');
  const maker = makerOf(web);
  await maker.sweep();
  await maker.close();
  const { quality, revision } = await lessonAt(web, teacher, id);
  if (!quality) throw new Error(`not measured: ${revision?.reason}`);
  return quality;
}
const kindsOf = ({ findings }: QualityReport) => [...new Set(findings.map(({ kind }) => kind))].sort();
const placeOf = (report: QualityReport, kind: string) => {
  const found = report.findings.find((each) => each.kind === kind);
  return found && [Math.round(found.fromMs / 1000), Math.round(found.toMs / 1000)];
};
const noise = (seconds: number, volume: number) =>
  `anoisesrc=duration=${seconds}:amplitude=${volume}:seed=7:sample_rate=48000`;

describe('[C11] sound and picture', () => {
  it('that are good are found to be good', async () => {
    const report = await reportOf(await clip([...moving(8, '640x480'), ...tone(8, 0.9), ...coded]));
    expect(report).toMatchObject({ width: 640, height: 480, framesPerSecond: 10, findings: [] });
    expect(Math.abs(report.durationMs - 8_000)).toBeLessThan(200);
    expect(report.loudness).toBeGreaterThan(-30);
  });

  it('black, still and silent stretches are found where they are', async () => {
    const parts =
      'testsrc2=size=640x480:rate=10:duration=4[a];color=black:size=640x480:rate=10:duration=4[b];' +
      'smptebars=size=640x480:rate=10:duration=13[c];[a][b][c]concat=n=3[v];' +
      'sine=frequency=440:duration=12,volume=0.9[s];anullsrc=sample_rate=44100,atrim=duration=9[q];[s][q]concat=n=2:v=0:a=1[w]';
    const film = await clip(['-filter_complex', parts, '-map', '[v]', '-map', '[w]', ...coded]);
    const report = await reportOf(film);
    expect(kindsOf(report)).toEqual(['black', 'frozen', 'silence']);
    expect([placeOf(report, 'black'), placeOf(report, 'silence'), placeOf(report, 'frozen')]).toEqual([
      [4, 8],
      [12, 21],
      [8, 21],
    ]);
  });

  it('clipping and the hum of the mains are found, by the second', async () => {
    const clipped = `sine=frequency=440:duration=6,volume=12:eval=frame:enable='between(t,2,3.9)'`;
    const loud = await reportOf(await clip(['-f', 'lavfi', '-i', clipped], 'wav'), 'audio');
    expect(placeOf(loud, 'clipping')).toEqual([2, 4]);
    const hum = `${noise(8, 0.01)}[n];sine=frequency=50:duration=8,volume=0.5[h];[n][h]amix=inputs=2:duration=first[o]`;
    const mains = await reportOf(await clip(['-filter_complex', hum, '-map', '[o]'], 'wav'), 'audio');
    expect(kindsOf(mains)).toContain('hum');
    expect(kindsOf(loud)).not.toContain('hum');
    const plain = await reportOf(await clip(['-f', 'lavfi', '-i', noise(8, 0.3)], 'wav'), 'audio');
    expect(kindsOf(plain)).not.toContain('hum');
  });

  it('sound that is too quiet is made louder, and one that comes late is told', async () => {
    const quiet = await reportOf(await clip(tone(5, 0.05), 'wav'), 'audio');
    expect(kindsOf(quiet)).toEqual(['too-quiet']);
    const late = [
      '-itsoffset',
      '0.4',
      ...tone(6, 0.9),
      ...moving(6, '640x480'),
      '-map',
      '1:v',
      '-map',
      '0:a',
    ];
    const report = await reportOf(await clip([...late, ...coded], 'mkv'));
    expect(report.syncMs).toBeGreaterThan(300);
    expect(kindsOf(report)).toEqual(['out-of-sync']);
    const none = await reportOf(await clip([...moving(3, '640x480'), ...coded]));
    expect(kindsOf(none)).toEqual(['no-sound']);
  });
});

describe('[C10] a job', () => {
  it('whose ffmpeg is killed is taken again, and one whose worker died by another', async () => {
    const id = await newLesson(web, teacher);
    await upload(web, teacher, id, await clip([...moving(15, '640x360'), ...tone(15), ...coded]));
    const maker = makerOf(web);
    const sweeping = maker.sweep();
    const pid = await encoderPid();
    process.kill(pid, 'SIGKILL');
    await sweeping;
    expect((await lessonAt(web, teacher, id)).revision).toMatchObject({ state: 'working' });
    expect(web.lines.some((line) => line.includes('a lesson could not be made'))).toBe(true);

    // Another one takes it and dies over it, as by a power cut: it says nothing any more.
    web.pass(60_000);
    const now = web.clock();
    const dead = await takeMakingJob(web.db, { worker: 'dead', now, silentSince: now - 20_000 });
    expect(dead?.attempt).toBe(2);
    await maker.sweep();
    expect((await lessonAt(web, teacher, id)).revision?.state).toBe('working');
    web.pass(60_000);
    await maker.sweep();
    await maker.close();
    teacher = await tokenOf(web, 'teacher');
    expect((await lessonAt(web, teacher, id)).revision).toMatchObject({ state: 'ready', reason: null });
  });

  it('that kills its workers is given up at last', async () => {
    const id = await newLesson(web, teacher);
    await upload(web, teacher, id, await clip([...moving(1), ...coded]));
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const now = web.clock();
      expect((await takeMakingJob(web.db, { worker: 'w', now, silentSince: now - 20_000 }))?.attempt).toBe(
        attempt,
      );
      web.pass(30_000);
    }
    const maker = makerOf(web);
    await maker.sweep();
    await maker.close();
    expect((await lessonAt(web, teacher, id)).revision).toMatchObject({
      state: 'failed',
      reason: 'interrupted',
    });
  });

  /** Of an ffmpeg that this process started and that is at work. */
  async function encoderPid(): Promise<number> {
    let found: number | undefined;
    await expect
      .poll(
        async () => {
          const { stdout } = await promisify(execFile)('ps', [
            '-o',
            'pid=,comm=',
            '--ppid',
            String(process.pid),
          ]);
          const [, pid] = /(\d+) ffmpeg$/m.exec(stdout) ?? [];
          found = pid === undefined ? undefined : Number(pid);
          return found;
        },
        { timeout: 30_000, interval: 20 },
      )
      .toBeDefined();
    return found ?? 0;
  }
});

describe('captions', () => {
  const put = (id: string, text: string | Buffer) =>
    call(web, 'putCaptions', {
      token: teacher,
      params: { id, language: 'zh-CN' },
      upload: new Blob([new Uint8Array(Buffer.from(text))]),
    });

  it('are taken when they are captions, and replaced by others', async () => {
    const id = await newLesson(web, teacher);
    const wrong = [
      '1\n00:00:01,000 --> 00:00:02,000\nSRT',
      'WEBVTT\n\n00:02.000 --> 00:01.000\nx',
      'WEBVTTX\n',
      Buffer.from([0xff]),
    ];
    for (const text of wrong) expect((await put(id, text)).error?.code).toBe('invalid-input');
    expect((await put(id, 'WEBVTT\n\n00:01.000 --> 00:02.000\n甲\n')).body).toEqual({ cues: 1 });
    await put(id, '\uFEFFWEBVTT - x\r\n\r\nintro\r\n00:01.000 --> 01:00:02.000 align:start\r\n乙\r\n');
    const { captions } = await lessonAt(web, teacher, id);
    expect(captions.map(({ language }) => language)).toEqual(['zh-CN']);
    const answer = await fetch(web.url + captions[0]?.url);
    expect([answer.headers.get('content-type'), (await answer.text()).includes('乙')]).toEqual([
      'text/vtt',
      true,
    ]);
    expect(await web.mediaStore.list(`lessons/${id}/captions/`)).toHaveLength(1);
  });

  it('count their cues', () => {
    expect(cuesOf(Buffer.from('WEBVTT\n'))).toBe(0);
    expect(cuesOf(Buffer.from('WEBVTT\n\n00:61.000 --> 01:00.000\n'))).toBeNull();
  });
});

it('sizes are at most three, none larger than the source, each edge even', () => {
  const sizes = (width: number, height: number) =>
    renditionsOf({ width, height, framesPerSecond: 25 }).map((size) => `${size.width}×${size.height}`);
  expect(sizes(1920, 1080)).toEqual(['1920×1080', '1280×720', '852×480']);
  expect(sizes(3840, 2160)).toEqual(['1920×1080', '1280×720', '852×480']);
  expect(sizes(1080, 1920)).toEqual(['1080×1920', '720×1280', '480×852']);
  expect(sizes(640, 360)).toEqual(['640×360', '426×240', '256×144']);
  expect(sizes(101, 75)).toEqual(['100×74']);
});
