import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine } from '@keshi/proctor/engine/engine';
import { portrait } from '@keshi/proctor/testing/samples';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../src/faces.ts';
import { readFaceSet } from '../src/faces/face-set.ts';
import { playHonestHours } from '../src/faces/honest.ts';
import { sittingsOf, type Sitting } from '../src/faces/moments.ts';
import { createRandom } from '../src/simulate/random.ts';

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
  const figures = await run({ rounds: 1, viewers: 12, set: folder });
  const of = (name: string) => figures.find(({ figure }) => figure === name);
  // How much faster is for the bench to say: tests run beside each other.
  expect(of('checks_per_core_s')?.ratio).toBeGreaterThan(0);
  for (const stage of ['decode', 'detect', 'landmarks', 'descriptor'])
    expect(of(`${stage}_ms`)?.value).toBeGreaterThan(0);
  expect([of('missed')?.value, of('refused')?.value]).toEqual([0, 1]);
  for (const suffix of ['', '_three_check', '_three'])
    expect([of(`eer${suffix}`)?.value, of(`frr${suffix}`)?.value, of(`far${suffix}`)?.value]).toEqual([
      0, 0, 0,
    ]);
  // Through the services as they run: every question has exactly one end, at any load.
  for (const suffix of ['', '_at_5x']) {
    expect(of(`verdict_p95_ms${suffix}`)?.value).toBeGreaterThan(0);
    const ends = ['judged', 'error', 'refused', 'lost'].map((end) => of(`checks_${end}${suffix}`));
    const asked = Number(/^of (\d+) checks/.exec(ends[0]?.unit ?? '')?.[1]);
    expect(ends.reduce((sum, end) => sum + (end?.value ?? NaN), 0)).toBe(asked);
    expect(of(`checks_lost${suffix}`)?.value).toBe(0);
  }
  expect(of('incidents_per_1000_learner_hours')?.value).toBe(0);
  expect(of('incidents_about_the_person_per_1000_learner_hours_in_spells')?.value).toBe(0);
}, 240_000);

test('[PR4] the simulation of honest hours finds what is wrong: another person, and light that never comes', async () => {
  const engine = await createEngine();
  try {
    const set = await readFaceSet(folder);
    const first = set.images.filter(({ file }) => /^(plain|other)_0/.test(file));
    const sittings = await sittingsOf(engine, { ...set, images: first }, createRandom(1));
    const one = sittings.find(({ person }) => person === 'plain');
    const other = sittings.find(({ person }) => person === 'other');
    if (!one || !other) throw new Error('no two people');
    const play = (sitting: Sitting) =>
      playHonestHours([sitting, { ...one, file: 'reference.jpg' }], {
        hours: 40,
        weather: 'spells',
        random: createRandom(2),
      });
    // Half of them sit there as themselves.
    const swapped = play({ ...one, moments: other.moments });
    expect(swapped.openedBy.get('mismatch')).toBeGreaterThan(5);
    expect(swapped.looks).toBeGreaterThan(5);
    const { dark } = one.moments;
    const lightless = play({ ...one, moments: { clear: dark, dark, blurred: dark, turned: dark } });
    expect(lightless.openedBy.get('too-dark')).toBeGreaterThan(5);
    expect([...play(one).openedBy.keys()]).not.toContain('mismatch');
  } finally {
    await engine.close();
  }
}, 120_000);

test('a set whose tables are not of their form is refused', async () => {
  await writeFile(join(folder, 'pairs.csv'), 'file_a,file_b,same\n../../etc/passwd,b.jpg,1');
  await expect(readFaceSet(folder)).rejects.toThrow();
  await expect(readFaceSet(join(folder, 'absent'))).rejects.toThrow();
});
