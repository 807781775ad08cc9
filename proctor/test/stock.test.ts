/** Our graphs and the stock library, from the same weights, on the same pixels. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chipSide, cutChip } from '../src/engine/chip.ts';
import { openDescriptor, type Descriptor } from '../src/engine/descriptor.ts';
import { openDetector, type Detector } from '../src/engine/detector.ts';
import { openLandmarks, type Landmarks } from '../src/engine/landmarks.ts';
import { decode, shrink, type Picture } from '../src/engine/picture.ts';
import { openStock, type StockLibrary } from '../src/testing/stock.ts';
import { sample, sampleNames } from '../src/testing/samples.ts';

let stock: StockLibrary;
let detector: Detector;
let landmarks: Landmarks;
let descriptor: Descriptor;
const pictures: Picture[] = [];

beforeAll(async () => {
  stock = await openStock();
  [detector, landmarks, descriptor] = await Promise.all([openDetector(), openLandmarks(), openDescriptor()]);
  for (const name of sampleNames) pictures.push(await decode(await sample(name), 640, 10_000_000));
});
afterAll(async () => {
  await Promise.all([detector.close(), landmarks.close(), descriptor.close()]);
});

const tensorOf = ({ data, width, height }: Picture) =>
  stock.tf.tensor3d(Uint8Array.from(data), [height, width, 3], 'int32');

describe('the graphs yield what the stock library yields', () => {
  test('every descriptor to 1e-3', async () => {
    let compared = 0;
    for (const picture of pictures)
      for (const face of await detector.detect(shrink(picture, 320), 0.4)) {
        const factor = picture.width / shrink(picture, 320).width;
        const box = {
          x: face.x * factor,
          y: face.y * factor,
          width: face.width * factor,
          height: face.height * factor,
        };
        const chip = cutChip(picture, await landmarks.find(picture, box));
        const theirs = await stock.faceapi.nets.faceRecognitionNet.computeFaceDescriptor(tensorOf(chip));
        const ours = await descriptor.describe(chip, false);
        if (!(theirs instanceof Float32Array)) throw new Error('the library described several faces');
        expect(Math.hypot(...ours.map((value, index) => value - (theirs[index] ?? NaN)))).toBeLessThan(1e-3);
        compared += 1;
      }
    expect(compared).toBeGreaterThan(8);
  });

  test('a mirrored descriptor is the mean of the two', async () => {
    const [picture] = pictures;
    if (!picture) throw new Error('no picture');
    const chip = shrink(picture, chipSide);
    const square: Picture = {
      data: new Uint8Array(chipSide * chipSide * 3),
      width: chipSide,
      height: chipSide,
    };
    square.data.set(chip.data);
    const mirror = { ...square, data: square.data.slice() };
    for (let y = 0; y < chipSide; y++)
      for (let x = 0; x < chipSide; x++)
        for (let channel = 0; channel < 3; channel++)
          mirror.data[(y * chipSide + x) * 3 + channel] =
            square.data[(y * chipSide + chipSide - 1 - x) * 3 + channel] ?? 0;
    const [plain, mirrored, both] = await Promise.all([
      descriptor.describe(square, false),
      descriptor.describe(mirror, false),
      descriptor.describe(square, true),
    ]);
    for (const [index, value] of both.entries())
      expect(value).toBeCloseTo(((plain[index] ?? 0) + (mirrored[index] ?? 0)) / 2, 5);
  });

  test('every landmark to a tenth of a pixel', async () => {
    for (const picture of pictures) {
      const side = Math.min(picture.width, picture.height);
      const box = { x: 10, y: 5, width: side - 20, height: side - 20 };
      const crop = stock.tf.slice(tensorOf(picture), [5, 10, 0], [side - 20, side - 20, 3]);
      const found = await stock.faceapi.nets.faceLandmark68Net.detectLandmarks(crop);
      if (Array.isArray(found)) throw new Error('the library found several faces');
      for (const [index, { x, y }] of (await landmarks.find(picture, box)).entries()) {
        const theirs = found.positions[index];
        expect(Math.hypot(x - 10 - (theirs?.x ?? NaN), y - 5 - (theirs?.y ?? NaN))).toBeLessThan(0.1);
      }
    }
  });

  test('every box of a square picture to a tenth of a pixel', async () => {
    let compared = 0;
    for (const picture of pictures) {
      const small = shrink(picture, 320);
      const square: Picture = { data: new Uint8Array(320 * 320 * 3), width: 320, height: 320 };
      for (let y = 0; y < small.height; y++)
        square.data.set(small.data.subarray(y * small.width * 3, (y + 1) * small.width * 3), y * 320 * 3);
      const options = new stock.faceapi.TinyFaceDetectorOptions({ inputSize: 320, scoreThreshold: 0.4 });
      const theirs = await stock.faceapi.nets.tinyFaceDetector.locateFaces(tensorOf(square), options);
      const ours = await detector.detect(square, 0.4);
      expect(ours.length).toBe(theirs.length);
      for (const [index, { box, score }] of theirs.entries()) {
        const face = ours[index];
        expect(face?.score).toBeCloseTo(score, 3);
        for (const side of ['x', 'y', 'width', 'height'] as const)
          expect(Math.abs((face?.[side] ?? NaN) - box[side])).toBeLessThan(0.1);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(8);
  });
});
