/** The page's eye looks for faces with the same weights in plain TypeScript: it must find what our detector finds. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFaceNetwork, type FaceNetwork } from '../../web/client/src/proctor/face-network.ts';
import { readWeights } from '../../web/client/src/proctor/weights.ts';
import { type Detector, openDetector } from '../src/engine/detector.ts';
import { decode, type Picture, shrink } from '../src/engine/picture.ts';
import { modelFolder } from '../src/graph/weights.ts';
import { portrait, sample, sampleNames } from '../src/testing/samples.ts';

let detector: Detector;
let eye: FaceNetwork;
const pictures: Picture[] = [];
beforeAll(async () => {
  detector = await openDetector();
  eye = createFaceNetwork(readWeights(await readFile(join(modelFolder, 'tiny_face_detector_model.bin'))));
  const jpegs = [...sampleNames.map(sample), portrait('plain'), portrait('other'), portrait('turned')];
  for (const jpeg of jpegs) pictures.push(shrink(await decode(await jpeg, 640, 10_000_000), 320));
});
afterAll(() => detector.close());

/** What lies beyond whole cells of 32 pixels the detector fills with black, and the eye does not look at. */
function wholeCells({ data, width, height }: Picture): Picture {
  const [across, down] = [width - (width % 32), height - (height % 32)];
  const out = new Uint8Array(across * down * 3);
  for (let y = 0; y < down; y += 1)
    out.set(data.subarray(y * width * 3, (y * width + across) * 3), y * across * 3);
  return { data: out, width: across, height: down };
}

function withAlpha({ data, width, height }: Picture) {
  const out = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let at = 0; at < width * height; at += 1) out.set(data.subarray(at * 3, at * 3 + 3), at * 4);
  return { data: out, width, height };
}

test('[PR5] the page finds the faces that the server finds, in the same places', async () => {
  let compared = 0;
  for (const picture of pictures.map(wholeCells)) {
    const theirs = await detector.detect(picture, 0.3);
    const ours = eye.find(withAlpha(picture), 0.3);
    expect(ours).toHaveLength(theirs.length);
    for (const [index, face] of ours.entries()) {
      const other = theirs[index];
      if (!other) throw new Error('fewer faces');
      for (const key of ['x', 'y', 'width', 'height'] as const)
        expect(Math.abs(face[key] - other[key])).toBeLessThan(0.05);
      expect(face.score).toBeCloseTo(other.score, 3);
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(15);
});

test('pictures of any size are looked at, whole cells or not', () => {
  for (const picture of pictures) expect(eye.find(withAlpha(picture), 0.3).length).toBeGreaterThan(0);
});

test('half a file of weights is refused', () => {
  expect(() => readWeights(new Uint8Array(1000))).toThrow('1000 bytes');
});
