/**
 * Where faces are in a picture: the tiny face detector of face-api.js, from its own weights, in plain TypeScript. It is
 * small enough for that, needs neither WebAssembly, which our pages forbid, nor a graphics card, and agrees with the
 * server's detector.
 */
import { convolve3, dense, depthwise3, leakyRelu, maxPool2, type Planes, pointwise } from './layers.ts';
import type { Pixels } from './pixels.ts';
import type { Weight, Weights } from './weights.ts';

export interface Face {
  /** In the picture's pixels. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** How sure the network is, 0 to 1. */
  readonly score: number;
}

export interface FaceNetwork {
  /** The surest first; none that is less sure than `leastScore`. Pictures are at least 64 pixels each way. */
  find(picture: Pixels, leastScore: number): Face[];
}

const cell = 32;
/** The network's fixed shapes of faces, in cells. */
const anchors = [
  [1.603231, 2.094468],
  [6.041143, 7.080126],
  [2.882459, 3.518061],
  [4.266906, 5.178857],
  [9.041765, 10.66308],
] as const;
const valuesPerAnchor = 5;
const means = [117.001, 114.697, 97.404] as const;
/** Two boxes that share more than this are one face. */
const sameFaceOverlap = 0.4;

/** Throws when a layer's weights are missing. */
export function createFaceNetwork(weights: Weights): FaceNetwork {
  const get = (name: string): Weight => {
    const weight = weights.get(name);
    if (!weight) throw new Error(`no weights of ${name}`);
    return weight;
  };
  const layerOf = (filters: string, bias: string) => dense(get(filters).data, get(bias).data);
  const first = layerOf('conv0/filters', 'conv0/bias');
  const separable = [1, 2, 3, 4, 5].map((layer) => ({
    each: get(`conv${layer}/depthwise_filter`).data,
    mix: layerOf(`conv${layer}/pointwise_filter`, `conv${layer}/bias`),
  }));
  const last = layerOf('conv8/filters', 'conv8/bias');

  return {
    find(picture, leastScore) {
      // What is largest before the activation is largest after it: it is applied to a quarter of the values.
      let planes = leakyRelu(maxPool2(convolve3(inputOf(picture), first), 2));
      for (const [index, { each, mix }] of separable.entries()) {
        const stride = index === separable.length - 1 ? 1 : 2;
        planes = leakyRelu(maxPool2(pointwise(depthwise3(planes, each), mix), stride));
      }
      const faces = decode(pointwise(planes, last), leastScore);
      faces.sort((a, b) => b.score - a.score);
      const kept: Face[] = [];
      for (const face of faces)
        if (kept.every((other) => overlap(face, other) <= sameFaceOverlap)) kept.push(face);
      return kept;
    },
  };
}

/** A byte as the network wants it, for each colour. */
const scaled = means.map((mean) => Float64Array.from({ length: 256 }, (_, value) => (value - mean) / 255));

function inputOf({ data, width, height }: Pixels): Planes {
  const input = new Float64Array(width * height * 3);
  for (const [colour, table] of scaled.entries())
    for (let from = colour, to = colour; to < input.length; from += 4, to += 3)
      input[to] = table[data[from] ?? 0] ?? 0;
  return { width, height, channels: 3, data: input };
}

function decode({ width, height, channels, data }: Planes, leastScore: number): Face[] {
  const faces: Face[] = [];
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1)
      for (const [anchor, [anchorWidth, anchorHeight]] of anchors.entries()) {
        const at = (row * width + column) * channels + anchor * valuesPerAnchor;
        const value = (k: number) => data[at + k] ?? 0;
        const score = sigmoid(value(4));
        if (score <= leastScore) continue;
        const size = {
          width: Math.exp(value(2)) * anchorWidth * cell,
          height: Math.exp(value(3)) * anchorHeight * cell,
        };
        faces.push({
          x: (column + sigmoid(value(0))) * cell - size.width / 2,
          y: (row + sigmoid(value(1))) * cell - size.height / 2,
          ...size,
          score,
        });
      }
  return faces;
}

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/** How much two boxes share, 0 to 1. */
function overlap(a: Face, b: Face): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}
