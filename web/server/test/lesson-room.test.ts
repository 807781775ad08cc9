/** [C10] A disk that is full while a lesson is made of an upload. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { appoint, clip, coded, lessonAt, makerOf, moving, newLesson, tone, upload } from './lesson-steps.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let dir: string;
let web: RunningWeb;
let teacher: string;
beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'keshi-room-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dir]);
  web = await runWeb({ mediaStore: { kind: 'folder', dir } });
  await appoint(web, 'teacher');
  teacher = await tokenOf(web, 'teacher');
});
afterAll(async () => {
  await web?.close();
  execFileSync('umount', [dir]);
  rmSync(dir, { recursive: true });
});

it('keeps the upload, says what it waits for, and goes on by itself once there is room', async () => {
  const id = await newLesson(web, teacher);
  await upload(web, teacher, id, await clip([...moving(4), ...tone(4), ...coded]));
  const filler = path.join(dir, 'filler');
  const { bavail, bsize } = statfsSync(dir);
  writeFileSync(filler, Buffer.alloc(bavail * bsize - 8 * 1024));
  const maker = makerOf(web);
  const revision = async () => (await lessonAt(web, teacher, id)).revision;

  // More often than a lesson whose workers die is taken up.
  for (let turn = 0; turn < 4; turn += 1) {
    await maker.sweep();
    expect(await revision()).toMatchObject({ state: 'waiting', reason: 'storage-full', step: null });
    web.pass(61_000);
  }
  // Nothing more can be uploaded either, and that is said too.
  const other = await newLesson(web, teacher, 'video', '另一课');
  await expect(upload(web, teacher, other, Buffer.alloc(2_000_000))).rejects.toThrow('unavailable');

  rmSync(filler);
  await maker.sweep();
  await maker.close();
  expect(await revision()).toMatchObject({ state: 'ready', reason: null });
  expect((await call(web, 'me', { token: teacher })).status).toBe(200);
});
