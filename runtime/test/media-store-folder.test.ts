import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMediaStore } from '../src/media-store/media-store.ts';
import { describeMediaStore } from './media-store.contract.ts';
import { createQuietLog } from './quiet-log.ts';

let dir: string;
const open = (at = dir) => createMediaStore({ kind: 'folder', dir: at }, createQuietLog());
const video = { contentType: 'video/iso.segment' };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keshi-media-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describeMediaStore('folder', {
  open: async () => ({ a: await open(), b: await open() }),
});

test('the folder is made, and leads nobody to another', async () => {
  const store = await open(join(dir, 'deep/er'));
  await store.put('recordings/x/1.m4s', Buffer.from('x'), video);
  expect(readdirSync(join(dir, 'deep/er'))).toEqual(['.tmp', 'recordings']);
  await store.removeAll('recordings/x/');
  expect(readdirSync(join(dir, 'deep/er'))).toEqual(['.tmp']);
  await store.close();
});

test('what a crash left unfinished is invisible, and swept by the next start once nobody can be writing it', async () => {
  const tmp = join(dir, '.tmp');
  mkdirSync(tmp);
  for (const name of ['old', 'new']) writeFileSync(join(tmp, name), 'half');
  const hourAgo = new Date(Date.now() - 3_600_000);
  utimesSync(join(tmp, 'old'), hourAgo, hourAgo);
  const store = await open();
  expect(readdirSync(tmp)).toEqual(['new']);
  expect(await store.list('')).toEqual([]);
  await store.close();
});

test('a disk that is full says so, leaves nothing half, and takes objects again when there is room', async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir]);
  try {
    const store = await open();
    await store.put('r/1.m4s', Buffer.alloc(600_000), video);
    await expect(store.put('r/2.m4s', Buffer.alloc(600_000), video)).rejects.toMatchObject({ code: 'full' });
    expect(readdirSync(join(dir, '.tmp'))).toEqual([]);
    expect(await store.list('')).toEqual([{ name: 'r/1.m4s', size: 600_000 }]);
    expect(await store.health()).toEqual({ status: 'degraded', reason: '0 MB left for recordings' });
    await store.remove('r/1.m4s');
    await store.put('r/2.m4s', Buffer.alloc(600_000), video);
    await store.close();
  } finally {
    execFileSync('umount', [dir]);
  }
});

test('a name cannot also be the folder of others', async () => {
  const store = await open();
  await store.put('r/x', Buffer.from('x'), video);
  await expect(store.put('r/x/1.m4s', Buffer.from('x'), video)).rejects.toMatchObject({ code: 'bad-name' });
  await expect(store.put('r', Buffer.from('x'), video)).rejects.toMatchObject({ code: 'bad-name' });
  expect(await store.list('')).toEqual([{ name: 'r/x', size: 1 }]);
  await store.close();
});

test('a folder that has gone is a failure, never an empty store', async () => {
  const store = await open();
  rmSync(dir, { recursive: true });
  await expect(store.put('r/1.m4s', Buffer.from('x'), video)).rejects.toMatchObject({ code: 'unavailable' });
  expect(await store.health()).toMatchObject({ status: 'down' });
  await expect(store.list('')).rejects.toMatchObject({ code: 'unavailable' });
  await expect(store.get('r/1.m4s')).rejects.toMatchObject({ code: 'unavailable' });
  await store.close();
});

test('a folder that cannot be made stops the start', async () => {
  writeFileSync(join(dir, 'file'), '');
  await expect(open(join(dir, 'file/media'))).rejects.toMatchObject({ code: 'unavailable' });
});
