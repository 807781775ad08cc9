/** The face as the descriptor network wants it: upright, 150 × 150, eyes and mouth where dlib's mean face has them. */
import { pointAt, similarity, type Point } from './geometry.ts';
import { laplacianVariance, lumaOf, type Picture } from './picture.ts';

export const chipSide = 150;

/** dlib's mean face: landmarks 27 to 54 and 60 to 67, without brows and lower lip, which move too much. */
const meanFace: readonly (readonly [point: number, x: number, y: number])[] = [
  [27, 0.490127, 0.203352],
  [28, 0.490127, 0.307009],
  [29, 0.490127, 0.409805],
  [30, 0.490127, 0.515625],
  [31, 0.36688, 0.587326],
  [32, 0.426036, 0.609345],
  [33, 0.490127, 0.628106],
  [34, 0.554217, 0.609345],
  [35, 0.613373, 0.587326],
  [36, 0.121737, 0.216423],
  [37, 0.187122, 0.178758],
  [38, 0.265825, 0.179852],
  [39, 0.334606, 0.231733],
  [40, 0.260918, 0.245099],
  [41, 0.182743, 0.244077],
  [42, 0.645647, 0.231733],
  [43, 0.714428, 0.179852],
  [44, 0.793132, 0.178758],
  [45, 0.858516, 0.216423],
  [46, 0.79751, 0.244077],
  [47, 0.719335, 0.245099],
  [48, 0.254149, 0.780233],
  [49, 0.340985, 0.745405],
  [50, 0.428858, 0.727388],
  [51, 0.490127, 0.742578],
  [52, 0.551395, 0.727388],
  [53, 0.639268, 0.745405],
  [54, 0.726104, 0.780233],
  [60, 0.290379, 0.784792],
  [61, 0.428096, 0.778746],
  [62, 0.490127, 0.785343],
  [63, 0.552157, 0.778746],
  [64, 0.689874, 0.784792],
  [65, 0.553364, 0.824182],
  [66, 0.490127, 0.831803],
  [67, 0.42689, 0.824182],
];
/** Around the mean face, as a share of its size. */
const margin = 0.25;
const onChip = (share: number) => ((margin + share) / (2 * margin + 1)) * chipSide;
const chipPoints: readonly Point[] = meanFace.map(([, x, y]) => ({ x: onChip(x), y: onChip(y) }));

/** Black where the picture ends. Shrinking averages up to 4 × 4 samples, so that it does not alias. */
export function cutChip({ data, width, height }: Picture, landmarks: readonly Point[]): Picture {
  const { a, b, tx, ty } = similarity(
    chipPoints,
    meanFace.map(([point]) => pointAt(landmarks, point)),
  );
  const scale = Math.hypot(a, b);
  const taps = scale > 1.6 ? Math.min(4, Math.round(scale)) : 1;
  const share = 1 / (taps * taps);
  const row = width * 3;
  const out = new Uint8Array(chipSide * chipSide * 3);
  for (let v = 0, to = 0; v < chipSide; v++)
    for (let u = 0; u < chipSide; u++, to += 3) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let tapV = 0; tapV < taps; tapV++)
        for (let tapU = 0; tapU < taps; tapU++) {
          const du = u + (tapU + 0.5) / taps - 0.5;
          const dv = v + (tapV + 0.5) / taps - 0.5;
          const x = a * du - b * dv + tx;
          const y = b * du + a * dv + ty;
          const left = Math.floor(x);
          const top = Math.floor(y);
          if (left < 0 || top < 0 || left >= width - 1 || top >= height - 1) continue;
          const fx = x - left;
          const fy = y - top;
          const p = (1 - fx) * (1 - fy);
          const q = fx * (1 - fy);
          const r = (1 - fx) * fy;
          const s = fx * fy;
          const at = top * row + left * 3;
          const below = at + row;
          red +=
            (data[at] ?? 0) * p +
            (data[at + 3] ?? 0) * q +
            (data[below] ?? 0) * r +
            (data[below + 3] ?? 0) * s;
          green +=
            (data[at + 1] ?? 0) * p +
            (data[at + 4] ?? 0) * q +
            (data[below + 1] ?? 0) * r +
            (data[below + 4] ?? 0) * s;
          blue +=
            (data[at + 2] ?? 0) * p +
            (data[at + 5] ?? 0) * q +
            (data[below + 2] ?? 0) * r +
            (data[below + 5] ?? 0) * s;
        }
      out[to] = red * share + 0.5;
      out[to + 1] = green * share + 0.5;
      out[to + 2] = blue * share + 0.5;
    }
  return { data: out, width: chipSide, height: chipSide };
}

/** Of the face's middle: hair and background say nothing about the lens. */
export function measureChip(chip: Picture): { brightness: number; sharpness: number } {
  const luma = lumaOf(chip);
  return {
    brightness: luma.reduce((sum, value) => sum + value, 0) / luma.length,
    sharpness: laplacianVariance(luma, chipSide, { left: 30, top: 30, right: 120, bottom: 130 }),
  };
}
