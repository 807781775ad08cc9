import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portrait } from '@keshi/proctor/testing/samples';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../src/faces.ts';
import { readFaceSet } from '../src/faces/face-set.ts';

let folder: string;
const people = ['plain', 'other', 'turned'] as const;
const variants = 4;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keshi-faces-'));
  await mkdir(join(folder, 'images'));
  const images = ['file,person,faces,note'];
  const pairs = ['file_a,file_b,same,note'];
  for (const person of people)
    for (let variant = 0; variant < variants; variant++) {
      const file = `${person}_${variant}.jpg`;
      const light = 0.75 + variant * 0.1;
      await sharp(await portrait(person))
        .modulate({ brightness: light })
        .jpeg({ quality: 60 + variant * 10 })
        .toFile(join(folder, 'images', file));
      images.push(`${file},${person},1,`);
      pairs.push(`${person}_0.jpg,${file},1,`);
      for (const other of people) if (other !== person) pairs.push(`${other}_0.jpg,${file},0,`);
    }
  await sharp(await portrait('plain'))
    .linear(0.05, 0)
    .jpeg()
    .toFile(join(folder, 'images', 'dark.jpg'));
  images.push('dark.jpg,plain,1,dark');
  await writeFile(join(folder, 'images.csv'), images.join('\n'));
  await writeFile(join(folder, 'pairs.csv'), pairs.join('\n'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a small run says what a check costs against the stock library, and how often it is wrong', async () => {
  const figures = await run({ rounds: 1, viewers: null, set: folder });
  const of = (name: string) => figures.find(({ figure }) => figure === name);
  // On a busy machine; the goal is five.
  expect(of('checks_per_core_s')?.ratio).toBeGreaterThan(2.5);
  for (const stage of ['decode', 'detect', 'landmarks', 'descriptor'])
    expect(of(`${stage}_ms`)?.value).toBeGreaterThan(0);
  expect([of('missed')?.value, of('refused')?.value]).toEqual([0, 1]);
  for (const suffix of ['', '_three_check', '_three'])
    expect([of(`eer${suffix}`)?.value, of(`frr${suffix}`)?.value, of(`far${suffix}`)?.value]).toEqual([
      0, 0, 0,
    ]);
});

test('a set whose tables are not of their form is refused', async () => {
  await writeFile(join(folder, 'pairs.csv'), 'file_a,file_b,same\n../../etc/passwd,b.jpg,1');
  await expect(readFaceSet(folder)).rejects.toThrow();
  await expect(readFaceSet(join(folder, 'absent'))).rejects.toThrow();
});
