/** The face detector's weights as face-api.js packs them: bytes that stand for numbers, one layer after the other. */
import manifest from 'face-api.js/model/tiny_face_detector_model-weights_manifest.json' with { type: 'json' };

export interface Weight {
  /** Height, width, in, out; of biases the length alone. */
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type Weights = ReadonlyMap<string, Weight>;

/** Throws when the bytes are not as many as the layers need: half a file must not become a blind network. */
export function readWeights(packed: Uint8Array): Weights {
  const weights = new Map<string, Weight>();
  let at = 0;
  for (const { name, shape, quantization } of manifest.flatMap((part) => part.weights)) {
    const count = shape.reduce((product, size) => product * size, 1);
    const bytes = packed.subarray(at, at + count);
    // In double precision, which is what JavaScript computes in: nothing is converted while the network runs.
    const data = Float64Array.from(bytes, (byte) => byte * quantization.scale + quantization.min);
    weights.set(name, { shape, data });
    at += count;
  }
  if (at !== packed.length) throw new Error(`the weights are ${packed.length} bytes instead of ${at}`);
  return weights;
}
