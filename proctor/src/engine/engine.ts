/** What is in a picture: refuse or decode, find faces, look at the largest closely, describe it. */
import { createHash } from 'node:crypto';
import type { FrameAnalysis, ReadFrame, StageTimes } from '@keshi/contract/proctor';
import { cutChip, measureChip } from './chip.ts';
import { openDescriptor } from './descriptor.ts';
import { openDetector, type FoundFace } from './detector.ts';
import { headPose, pointAt, type Point, type Pose } from './geometry.ts';
import { frameLimits, inspectJpeg } from './jpeg.ts';
import { openLandmarks } from './landmarks.ts';
import { decode, measure, shrink, stretched, type Picture, type PictureMeasures } from './picture.ts';

/** Goes into every verdict; whoever changes what a picture yields changes it. */
export const modelVersion = 'face-api-1.7.15/onnx-1';

export type EngineTimes = Omit<StageTimes, 'queued'>;

export interface EngineResult {
  analysis: FrameAnalysis;
  ms: EngineTimes;
}

export interface Engine {
  /** Never rejects because of the picture. `mirrored` makes the descriptor steadier for one more run of its network. */
  analyse(jpeg: Uint8Array, options: { mirrored: boolean }): Promise<EngineResult>;
  close(): Promise<void>;
}

interface LocatedFace {
  face: FoundFace;
  landmarks: Point[];
  pose: Pose;
}

const longestSide = 640;
const detectSide = 320;
const measureSide = 160;
/** Where nothing was found at first. */
const otherSides = [416, 224];
/** Below this the picture is searched again at the first size as well, once it is stretched. */
const darkBrightness = 60;
const leastScore = 0.4;
/** Beyond this many, another face changes nothing. */
const mostFaces = 8;
/** Landmarks that fit no head, where the detector was not sure either. */
const junk = { residual: 0.12, score: 0.55 };
/** Of the outer eyes' distance: faces whose points are nearer than this are one. */
const sameHeadShare = 0.6;
/** A picture with less contrast shows nothing, and is not searched again. */
const flatContrast = 1;

const round = (value: number, digits: number) => Number(value.toFixed(digits));

export async function createEngine(): Promise<Engine> {
  const [detector, landmarks, descriptor] = await Promise.all([
    openDetector(),
    openLandmarks(),
    openDescriptor(),
  ]);

  /** Faces of `small`, in the pixels of the picture it was made from. */
  async function detectIn(small: Picture, picture: Picture): Promise<FoundFace[]> {
    const factor = picture.width / small.width;
    const faces = await detector.detect(small, leastScore);
    return faces.map(({ x, y, width, height, score }) => ({
      x: x * factor,
      y: y * factor,
      width: width * factor,
      height: height * factor,
      score,
    }));
  }

  /**
   * Small faces show at a larger size, very large ones at a smaller, faces in the dark after stretching. Also says which
   * picture they were found in: only there can their landmarks be.
   */
  async function search(
    picture: Picture,
    small: Picture,
    { contrast, brightness }: PictureMeasures,
  ): Promise<{ shown: Picture; found: FoundFace[] }> {
    const found = await detectIn(small, picture);
    if (found.length > 0 || contrast < flatContrast) return { shown: picture, found };
    const lit = stretched(picture);
    for (const side of brightness < darkBrightness ? [detectSide, ...otherSides] : otherSides) {
      const again = await detectIn(shrink(lit, side), lit);
      if (again.length > 0) return { shown: lit, found: again };
    }
    return { shown: picture, found };
  }

  /** Boxes that are no head, and second boxes on one head, are dropped. */
  async function locate(picture: Picture, found: readonly FoundFace[]): Promise<LocatedFace[]> {
    const bySize = found.toSorted((a, b) => b.width * b.height - a.width * a.height).slice(0, mostFaces);
    const located: LocatedFace[] = [];
    for (const face of bySize) {
      const points = await landmarks.find(picture, face);
      const pose = headPose(points);
      if (pose.residual > junk.residual && face.score < junk.score) continue;
      const other = located.findIndex((known) => sameHead(known.landmarks, points));
      const entry = { face, landmarks: points, pose };
      if (other < 0) located.push(entry);
      else if ((located[other]?.face.score ?? 0) < face.score) located[other] = entry;
    }
    return located;
  }

  return {
    async analyse(jpeg, { mirrored }) {
      const ms: EngineTimes = { decode: 0, detect: 0, landmarks: 0, descriptor: 0 };
      let since = performance.now();
      const lap = (stage: keyof EngineTimes) => {
        const now = performance.now();
        ms[stage] += now - since;
        since = now;
      };
      const inspected = inspectJpeg(jpeg);
      if (!inspected.readable) return { analysis: { problem: inspected.problem }, ms };
      const picture = await decode(jpeg, longestSide, frameLimits.pixels).catch(() => null);
      if (!picture) return { analysis: { problem: 'unreadable' }, ms };
      const small = shrink(picture, detectSide);
      const measures = measure(shrink(small, measureSide));
      const digest = createHash('sha256').update(jpeg).digest('hex');
      lap('decode');
      const { shown, found } = await search(picture, small, measures);
      lap('detect');
      const faces = await locate(shown, found);
      lap('landmarks');
      const detail = await look(picture, shown, faces, mirrored);
      lap('descriptor');
      const analysis: ReadFrame = {
        problem: null,
        width: picture.width,
        height: picture.height,
        brightness: round(measures.brightness, 1),
        contrast: round(measures.contrast, 1),
        sharpness: round(measures.sharpness, 1),
        trace: { digest, hash: measures.hash },
        faceCount: faces.length,
        faces: faces.map(({ face: { x, y, width, height, score } }) => ({
          x: round(x, 1),
          y: round(y, 1),
          width: round(width, 1),
          height: round(height, 1),
          score: round(score, 3),
        })),
        detail,
      };
      return { analysis, ms };
    },
    async close() {
      await Promise.all([detector.close(), landmarks.close(), descriptor.close()]);
    },
  };

  async function look(
    picture: Picture,
    shown: Picture,
    [main, ...others]: readonly LocatedFace[],
    mirrored: boolean,
  ): Promise<ReadFrame['detail']> {
    if (!main) return null;
    const chip = cutChip(shown, main.landmarks);
    // Stretching makes a dark face no brighter: what is measured is what the camera saw.
    const { brightness, sharpness } = measureChip(
      shown === picture ? chip : cutChip(picture, main.landmarks),
    );
    const described = others.length === 0 ? await descriptor.describe(chip, mirrored) : null;
    return {
      yaw: round(main.pose.yaw, 1),
      pitch: round(main.pose.pitch, 1),
      roll: round(main.pose.roll, 1),
      sharpness: round(sharpness, 1),
      brightness: round(brightness, 1),
      descriptor: described && Buffer.from(described.buffer).toString('base64'),
    };
  }
}

function sameHead(a: readonly Point[], b: readonly Point[]): boolean {
  const [left, right] = [pointAt(a, 36), pointAt(a, 45)];
  const eyes = Math.hypot(left.x - right.x, left.y - right.y) || 1;
  const telling = [30, 36, 45, 48, 54];
  const apart = telling.map((index) => {
    const [one, other] = [pointAt(a, index), pointAt(b, index)];
    return Math.hypot(one.x - other.x, one.y - other.y);
  });
  return apart.reduce((sum, each) => sum + each, 0) / telling.length < sameHeadShare * eyes;
}
