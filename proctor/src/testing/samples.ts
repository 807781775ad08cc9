/** Pictures of real people that come with the package of the weights, and pictures made from them. Not for production code. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const folder = join(dirname(createRequire(import.meta.url).resolve('face-api.js/package.json')), 'demo');

export const sampleNames = ['sample1', 'sample2', 'sample3', 'sample4', 'sample5', 'sample6'] as const;
type SampleName = (typeof sampleNames)[number];

export const sample = (name: SampleName): Promise<Buffer> => readFile(join(folder, `${name}.jpg`));

const portraits = {
  plain: { name: 'sample1', left: 0.567, top: 0, width: 0.433, height: 0.595 },
  other: { name: 'sample5', left: 0, top: 0.453, width: 0.577, height: 0.547 },
  turned: { name: 'sample3', left: 0.608, top: 0.099, width: 0.392, height: 0.484 },
} as const;

/** One person alone, as a camera would send it; three different people. */
export async function portrait(who: keyof typeof portraits = 'plain'): Promise<Buffer> {
  const { name, ...part } = portraits[who];
  const picture = sharp(await sample(name));
  const { width, height } = await picture.metadata();
  return picture
    .extract({
      left: Math.floor(part.left * width),
      top: Math.floor(part.top * height),
      width: Math.floor(part.width * width),
      height: Math.floor(part.height * height),
    })
    .resize(640, 480, { fit: 'inside' })
    .jpeg({ quality: 85 })
    .toBuffer();
}

/** The same before a wall, as RGB, three bytes a pixel. */
export async function portraitPixels(
  who: keyof typeof portraits,
  size: { width: number; height: number },
): Promise<Buffer> {
  return sharp(await portrait(who))
    .resize({ ...size, fit: 'contain', background: '#888' })
    .removeAlpha()
    .raw()
    .toBuffer();
}
