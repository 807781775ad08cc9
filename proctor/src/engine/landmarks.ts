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
  const size = side * side;
  const out = new Float32Array(size * 3);
  for (const [channel, mean] of means.entries()) out.fill(-mean / 255, channel * size, (channel + 1) * size);
  const step = crop.size / side;
  const [red, green, blue] = means;
  for (let row = 0; row < side; row++) {
    const y = crop.y + row * step;
    const top = Math.floor(y);
    if (top < crop.top || top >= crop.bottom) continue;
    const down = y - top;
    const rowAt = top * width;
    const belowAt = Math.min(top + 1, crop.bottom - 1) * width;
    for (let column = 0; column < side; column++) {
      const x = crop.x + column * step;
      const left = Math.floor(x);
      if (left < crop.left || left >= crop.right) continue;
      const across = x - left;
      const right = Math.min(left + 1, crop.right - 1);
      const [a, b, c, d] = [
        (1 - across) * (1 - down),
        across * (1 - down),
        (1 - across) * down,
        across * down,
      ];
      const p = (rowAt + left) * 3;
      const q = (rowAt + right) * 3;
      const r = (belowAt + left) * 3;
      const t = (belowAt + right) * 3;
      const to = row * side + column;
      const mixed = (channel: number) =>
        (data[p + channel] ?? 0) * a +
        (data[q + channel] ?? 0) * b +
        (data[r + channel] ?? 0) * c +
        (data[t + channel] ?? 0) * d;
      out[to] = (mixed(0) - red) / 255;
      out[to + size] = (mixed(1) - green) / 255;
      out[to + 2 * size] = (mixed(2) - blue) / 255;
    }
  }
  return out;
}
