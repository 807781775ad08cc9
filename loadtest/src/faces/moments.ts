/**
 * What a camera may show of an honest learner: clearly, in the dark, blurred, or turned away; each moment made from a
 * picture of that person and analysed by the product's own engine, plain and mirrored, because checks use both.
 */
import type { FrameAnalysis } from '@keshi/contract/proctor';
import type { Engine } from '@keshi/proctor/engine/engine';
import { frameVerdict } from '@keshi/rules/identity';
import { defaultIdentityPolicy as policy } from '@keshi/rules/identity-policy';
import sharp from 'sharp';
import type { Random } from '../simulate/random.ts';
import type { FaceSet } from './face-set.ts';

export const conditions = ['clear', 'dark', 'blurred', 'turned'] as const;
export type Condition = (typeof conditions)[number];

export interface Moment {
  plain: FrameAnalysis;
  mirrored: FrameAnalysis;
}

/** One picture of somebody as a camera would have shown it, at several moments of each kind. */
export interface Sitting {
  person: string;
  file: string;
  moments: Readonly<Record<Condition, readonly Moment[]>>;
  /** As a reference is taken: mirrored, from the picture as it is. */
  reference: string;
}

const size = { width: 640, height: 480 };
/** Of each kind: enough that a burst does not show the same one three times. */
const momentsEach = 3;
/** Luma left in the dark; a lens out of focus, in pixels; a head turned by some 40°, as the width that is left of it. */
const [darkness, blur, foreshortened] = [0.06, 8, 0.76];

/** Of every picture that can be compared at all; pictures that cannot are no sitting of anybody. */
export async function sittingsOf(engine: Engine, set: FaceSet, random: Random): Promise<Sitting[]> {
  const sittings: Sitting[] = [];
  for (const { file, person, faces, note } of set.images) {
    if (faces !== 1 || note !== '') continue;
    const picture = await set.read(file);
    const reference = descriptorIn(await analysed(engine, await shown(picture, 'clear', null), true));
    if (reference === null) continue;
    const momentsOf = async (condition: Condition) => {
      const moments: Moment[] = [];
      for (let n = 0; n < momentsEach; n++) {
        const jpeg = await shown(picture, condition, random);
        moments.push({
          plain: await analysed(engine, jpeg, false),
          mirrored: await analysed(engine, jpeg, true),
        });
      }
      return moments;
    };
    const moments = {
      clear: await momentsOf('clear'),
      dark: await momentsOf('dark'),
      blurred: await momentsOf('blurred'),
      turned: await momentsOf('turned'),
    };
    sittings.push({ person, file, moments, reference });
  }
  return sittings;
}

const analysed = async (engine: Engine, jpeg: Buffer, mirrored: boolean) =>
  (await engine.analyse(jpeg, { mirrored })).analysis;

/** Null where the product would not take the picture for a reference. */
function descriptorIn(analysis: FrameAnalysis): string | null {
  const descriptor = analysis.problem === null ? (analysis.detail?.descriptor ?? null) : null;
  if (descriptor === null) return null;
  const { verdict } = frameVerdict(analysis, [{ id: 'itself', descriptor }], policy);
  return verdict === 'match' ? descriptor : null;
}

/** The picture before a wall, nearer or farther and a little aside each time, in a little more or less light. */
async function shown(picture: Buffer, condition: Condition, random: Random | null): Promise<Buffer> {
  const part = (least: number, most: number) => least + (random?.next() ?? 0.5) * (most - least);
  const scale = part(0.82, 1);
  const squeezed = condition === 'turned' ? foreshortened : 1;
  let person = sharp(picture).resize({
    width: Math.round(size.width * scale),
    height: Math.round(size.height * scale),
    fit: 'inside',
  });
  const { data, info } = await person
    .modulate({ brightness: part(0.85, 1.15) })
    .toBuffer({ resolveWithObject: true });
  const width = Math.max(1, Math.round(info.width * squeezed));
  person = sharp(data).resize({ width, height: info.height, fit: 'fill' });
  const left = Math.round((size.width - width) * part(0.3, 0.7));
  const top = Math.round((size.height - info.height) * part(0.3, 0.7));
  const wall = sharp({ create: { ...size, channels: 3, background: '#888' } });
  const frame = sharp(
    await wall
      .composite([{ input: await person.toBuffer(), left, top }])
      .png()
      .toBuffer(),
  );
  if (condition === 'dark') frame.linear(darkness, 0);
  if (condition === 'blurred') frame.blur(blur);
  return frame.jpeg({ quality: 88 }).toBuffer();
}
