/** Where faces are. */
import { detectorModel } from '../graph/networks.ts';
import { readWeights } from '../graph/weights.ts';
import { overlap, type Box } from './geometry.ts';
import type { Picture } from './picture.ts';
import { openNetwork } from './session.ts';

export interface FoundFace extends Box {
  /** 0 to 1. */
  readonly score: number;
}

export interface Detector {
  /** In the picture's pixels, the surest first. */
  detect(picture: Picture, leastScore: number): Promise<FoundFace[]>;
  close(): Promise<void>;
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

export async function openDetector(): Promise<Detector> {
  const network = await openNetwork(detectorModel(await readWeights('tiny_face_detector')));

  return {
    async detect(picture, leastScore) {
      const width = Math.max(2, Math.ceil(picture.width / cell)) * cell;
      const height = Math.max(2, Math.ceil(picture.height / cell)) * cell;
      const out = await network.run(planes(picture, width, height), [1, 3, height, width]);
      const faces = decodeBoxes(out, width / cell, height / cell, leastScore);
      faces.sort((a, b) => b.score - a.score);
      const kept: FoundFace[] = [];
      for (const face of faces)
        if (kept.every((other) => overlap(face, other) <= sameFaceOverlap)) kept.push(face);
      return kept;
    },
    close: () => network.close(),
  };
}

/** A byte as the network wants it, for each colour. */
const scaled = means.map((mean) => Float32Array.from({ length: 256 }, (_, value) => (value - mean) / 255));

/** Colours apart, black where the picture is extended. */
function planes({ data, width, height }: Picture, toWidth: number, toHeight: number): Float32Array {
  const size = toWidth * toHeight;
  const out = new Float32Array(size * 3);
  for (const [channel, table] of scaled.entries()) {
    const plane = channel * size;
    if (width !== toWidth || height !== toHeight) out.fill(table[0] ?? 0, plane, plane + size);
    for (let y = 0; y < height; y++) {
      const end = plane + y * toWidth + width;
      for (let from = y * width * 3 + channel, to = end - width; to < end; from += 3, to++)
        out[to] = table[data[from] ?? 0] ?? 0;
    }
  }
  return out;
}

function decodeBoxes(out: Float32Array, columns: number, rows: number, leastScore: number): FoundFace[] {
  const size = columns * rows;
  const faces: FoundFace[] = [];
  for (const [anchor, [anchorWidth, anchorHeight]] of anchors.entries())
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const value = (k: number) => out[(anchor * valuesPerAnchor + k) * size + row * columns + column] ?? 0;
        const score = sigmoid(value(4));
        if (score <= leastScore) continue;
        const width = Math.exp(value(2)) * anchorWidth * cell;
        const height = Math.exp(value(3)) * anchorHeight * cell;
        const x = (column + sigmoid(value(0))) * cell - width / 2;
        const y = (row + sigmoid(value(1))) * cell - height / 2;
        faces.push({ x, y, width, height, score });
      }
  return faces;
}

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
