/** Pictures of people with what is known about them. They stay where they are: nothing of them enters a report. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export interface FaceSet {
  images: { file: string; person: string; faces: number; note: string }[];
  pairs: { a: string; b: string; same: boolean }[];
  read(file: string): Promise<Buffer>;
}

const fileName = z.string().regex(/^[\w.-]+$/);
const image = z
  .tuple([fileName, z.string(), z.coerce.number().int().min(0), z.string().default('')])
  .rest(z.string())
  .transform(([file, person, faces, note]) => ({ file, person, faces, note }));
const pair = z
  .tuple([fileName, fileName, z.enum(['0', '1'])])
  .rest(z.string())
  .transform(([a, b, same]) => ({ a, b, same: same === '1' }));

/** Rejects when a table is missing or has a line that is not of its form. */
export async function readFaceSet(folder: string): Promise<FaceSet> {
  const table = async (name: string) =>
    (await readFile(join(folder, name), 'utf8'))
      .split(/\r?\n/)
      .slice(1)
      .filter((line) => line.trim())
      .map((line) => line.split(','));
  return {
    images: z.array(image).parse(await table('images.csv')),
    pairs: z.array(pair).parse(await table('pairs.csv')),
    read: (file) => readFile(join(folder, 'images', file)),
  };
}
