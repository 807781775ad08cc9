/** The 68 points of a face: jaw, brows, nose, eyes, mouth. */
import { landmarksModel } from '../graph/networks.ts';
import { readWeights } from '../graph/weights.ts';
import type { Box, Point } from './geometry.ts';
import type { Picture } from './picture.ts';
import { openNetwork } from './session.ts';

export interface Landmarks {
  /** In the picture's pixels. */
  find(picture: Picture, box: Box): Promise<Point[]>;
  close(): Promise<void>;
}

const side = 112;
const pointCount = 68;
const means = [122.782, 117.001, 104.298] as const;

/** The square the network sees: the face's box within the picture, in its middle, black around it. */
interface Crop {
  left: number;
  top: number;
  right: number;
  bottom: number;
  x: number;
  y: number;
  size: number;
}

export async function openLandmarks(): Promise<Landmarks> {
  const network = await openNetwork(landmarksModel(await readWeights('face_landmark_68')));

  return {
    async find(picture, box) {
      const crop = cropOf(picture, box);
      const out = await network.run(planes(picture, crop), [1, 3, side, side]);
      return Array.from({ length: pointCount }, (_, index) => ({
        x: crop.x + (out[2 * index] ?? 0) * crop.size,
        y: crop.y + (out[2 * index + 1] ?? 0) * crop.size,
      }));
    },
    close: () => network.close(),
  };
}

function cropOf(picture: Picture, box: Box): Crop {
  const [boxX, boxY] = [Math.floor(box.x), Math.floor(box.y)];
  const left = Math.min(picture.width - 1, Math.max(0, boxX));
  const top = Math.min(picture.height - 1, Math.max(0, boxY));
  const right = Math.max(left + 1, Math.min(picture.width, boxX + Math.floor(box.width)));
  const bottom = Math.max(top + 1, Math.min(picture.height, boxY + Math.floor(box.height)));
  const [width, height] = [right - left, bottom - top];
  const size = Math.max(width, height);
  return { left, top, right, bottom, x: left - (size - width) / 2, y: top - (size - height) / 2, size };
}

function planes({ data, width }: Picture, crop: Crop): Float32Array {
  const out = new Float32Array(side * side * 3);
  const step = crop.size / side;
  for (const [channel, mean] of means.entries())
    for (let row = 0; row < side; row++) {
      const y = crop.y + row * step;
      const top = Math.floor(y);
      const bottom = Math.min(top + 1, crop.bottom - 1);
      const down = y - top;
      for (let column = 0; column < side; column++) {
        const x = crop.x + column * step;
        const left = Math.floor(x);
        const to = (channel * side + row) * side + column;
        if (left < crop.left || top < crop.top || left >= crop.right || top >= crop.bottom) {
          out[to] = -mean / 255;
          continue;
        }
        const right = Math.min(left + 1, crop.right - 1);
        const across = x - left;
        const pixel = (px: number, py: number) => data[(py * width + px) * 3 + channel] ?? 0;
        const above = pixel(left, top) * (1 - across) + pixel(right, top) * across;
        const below = pixel(left, bottom) * (1 - across) + pixel(right, bottom) * across;
        out[to] = (above * (1 - down) + below * down - mean) / 255;
      }
    }
  return out;
}
