/** The weights that come with the face-api.js package: read from the installed package, never from the network. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';

export interface Weight {
  /** As TensorFlow orders them: height, width, in, out. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Weights {
  /** Throws when the network has no weight of that name and number of dimensions. */
  get(name: string, dimensions: number): Weight;
}

export type NetworkName = 'tiny_face_detector' | 'face_landmark_68' | 'face_recognition';

const manifest = z.tuple([
  z.object({
    paths: z.tuple([z.string()]),
    weights: z.array(
      z.object({
        name: z.string(),
        shape: z.array(z.int().positive()),
        dtype: z.literal('float32'),
        /** A byte b stands for b · scale + min. */
        quantization: z.object({ dtype: z.literal('uint8'), scale: z.number(), min: z.number() }).optional(),
      }),
    ),
  }),
]);

export const modelFolder = join(
  dirname(createRequire(import.meta.url).resolve('face-api.js/package.json')),
  'model',
);

/** Rejects when the package's files are missing or are not what its manifest says. */
export async function readWeights(network: NetworkName): Promise<Weights> {
  const text = await readFile(join(modelFolder, `${network}_model-weights_manifest.json`), 'utf8');
  const [{ paths, weights }] = manifest.parse(JSON.parse(text));
  const bytes = await readFile(join(modelFolder, paths[0]));
  const all = new Map<string, Weight>();
  let at = 0;
  for (const { name, shape, quantization } of weights) {
    const count = shape.reduce((product, size) => product * size, 1);
    const data = new Float32Array(count);
    const width = quantization ? 1 : 4;
    if (at + count * width > bytes.length) throw new Error(`${network}: the file ends within ${name}`);
    for (let index = 0; index < count; index++)
      data[index] = quantization
        ? bytes.readUInt8(at + index) * quantization.scale + quantization.min
        : bytes.readFloatLE(at + index * 4);
    at += count * width;
    all.set(name, { shape, data });
  }
  if (at !== bytes.length) throw new Error(`${network}: the file is longer than its manifest says`);
  return {
    get(name, dimensions) {
      const weight = all.get(name);
      if (weight?.shape.length !== dimensions)
        throw new Error(`${network}: no ${name} of ${dimensions} dimensions`);
      return weight;
    },
  };
}
