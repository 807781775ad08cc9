/** 128 numbers that are near each other for one person and far apart for two. */
import { descriptorModel } from '../graph/networks.ts';
import { readWeights } from '../graph/weights.ts';
import { chipSide } from './chip.ts';
import type { Picture } from './picture.ts';
import { openNetwork } from './session.ts';

export interface Descriptor {
  /** Of a chip; with `mirrored` the mean of the chip and its mirror image, steadier for twice the price. */
  describe(chip: Picture, mirrored: boolean): Promise<Float32Array>;
  close(): Promise<void>;
}

export const descriptorSize = 128;
const means = [122.782, 117.001, 104.298] as const;
const chipValues = chipSide * chipSide * 3;

export async function openDescriptor(): Promise<Descriptor> {
  const network = await openNetwork(descriptorModel(await readWeights('face_recognition')));

  return {
    async describe(chip, mirrored) {
      const count = mirrored ? 2 : 1;
      const input = new Float32Array(count * chipValues);
      for (let copy = 0; copy < count; copy++) writePlanes(chip, input, copy * chipValues, copy === 1);
      const out = await network.run(input, [count, 3, chipSide, chipSide]);
      const plain = out.slice(0, descriptorSize);
      return mirrored ? plain.map((value, index) => (value + (out[descriptorSize + index] ?? 0)) / 2) : plain;
    },
    close: () => network.close(),
  };
}

/** A byte as the network wants it, for each colour. */
const scaled = means.map((mean) => Float32Array.from({ length: 256 }, (_, value) => (value - mean) / 255));

function writePlanes({ data }: Picture, input: Float32Array, offset: number, mirrored: boolean): void {
  let to = offset;
  for (const [channel, table] of scaled.entries())
    for (let y = 0; y < chipSide; y++)
      for (let x = 0; x < chipSide; x++, to++) {
        const column = mirrored ? chipSide - 1 - x : x;
        input[to] = table[data[(y * chipSide + column) * 3 + channel] ?? 0] ?? 0;
      }
}
