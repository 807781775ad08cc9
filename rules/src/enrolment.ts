/**
 * [PR2] The reference of a face: which turns of the head are asked for, whether a frame is good enough, and which frames
 * become the reference. Randomness and measurements are arguments.
 */
import type { FacePose, FrameAdvice } from '@keshi/contract/identity';

/** What was measured on one frame. */
export interface FrameFacts {
  problem: null | 'no-face' | 'many-faces' | 'too-dark' | 'blurred' | 'too-small' | 'not-a-picture';
  descriptor: Float32Array | null;
  /** Degrees, positive when the person has turned to their own left; null when it cannot be told. */
  yaw: number | null;
  sharpness: number;
  brightness: number;
  /** Equal for pictures that are equal. */
  hash: string;
}

/** A frame that was taken into the reference. */
export interface TakenFrame {
  pose: FacePose;
  descriptor: Float32Array;
  sharpness: number;
  hash: string;
}

export const enrolmentPolicy = {
  /** How many turns are asked for. */
  turns: 4,
  /** Two frames of one person are at most this far apart. */
  onePerson: 0.5,
  /** Degrees within which somebody looks ahead, and from which on they have turned; between them it cannot be told. */
  aheadWithin: 12,
  turnedFrom: 15,
  turnedTo: 60,
  /** After as many frames of somebody else the attempt is over. */
  otherPersonFrames: 5,
  deadlineMs: 120_000,
} as const;

const poses: readonly FacePose[] = ['centre', 'left', 'right'];

/**
 * A sequence nobody knows beforehand: all three poses, never the same twice in a row. `random(n)` gives an integer from 0
 * to n − 1.
 */
export function drawTurns(
  random: (below: number) => number,
  turns: number = enrolmentPolicy.turns,
): FacePose[] {
  const all = sequences(turns).filter((sequence) => poses.every((pose) => sequence.includes(pose)));
  return all[random(all.length)] ?? [...poses];
}

function sequences(length: number): FacePose[][] {
  if (length === 0) return [[]];
  return sequences(length - 1).flatMap((begun) =>
    poses.filter((pose) => pose !== begun.at(-1)).map((pose) => [...begun, pose]),
  );
}

/** Whether the frame shows the same person as those before it in the pose that was asked for; else what to change. */
export function judgeFrame(
  frame: FrameFacts,
  asked: FacePose,
  before: readonly TakenFrame[],
): { taken: TakenFrame } | { advice: FrameAdvice } {
  if (frame.problem !== null) return { advice: frame.problem };
  if (frame.descriptor === null) return { advice: 'no-face' };
  const { descriptor, hash, sharpness } = frame;
  if (before.some((earlier) => earlier.hash === hash)) return { advice: 'repeated' };
  if (!isPose(frame.yaw, asked)) return { advice: adviceFor[asked] };
  if (before.some((earlier) => distance(earlier.descriptor, descriptor) > enrolmentPolicy.onePerson))
    return { advice: 'other-person' };
  return { taken: { pose: asked, descriptor, hash, sharpness } };
}

const adviceFor: Record<FacePose, FrameAdvice> = {
  centre: 'look-ahead',
  left: 'turn-left',
  right: 'turn-right',
};

function isPose(yaw: number | null, asked: FacePose): boolean {
  if (yaw === null || !Number.isFinite(yaw)) return false;
  const { aheadWithin, turnedFrom, turnedTo } = enrolmentPolicy;
  if (asked === 'centre') return Math.abs(yaw) <= aheadWithin;
  const turned = asked === 'left' ? yaw : -yaw;
  return turned >= turnedFrom && turned <= turnedTo;
}

/** Three references, the sharpest of each pose; and which of the frames is the picture people are shown. */
export function chooseReferences<F extends TakenFrame>(
  frames: readonly F[],
): { references: F[]; picture: F } | null {
  const best = poses.map((pose) =>
    frames
      .filter((frame) => frame.pose === pose)
      .reduce<F | null>(
        (found, frame) => (found && found.sharpness >= frame.sharpness ? found : frame),
        null,
      ),
  );
  const references = best.filter((frame) => frame !== null);
  const [picture] = best;
  return references.length === poses.length && picture ? { references, picture } : null;
}

/** Euclidean; descriptors of different lengths are as far apart as can be. */
export function distance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length || a.length === 0) return Infinity;
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += ((a[i] ?? NaN) - (b[i] ?? NaN)) ** 2;
  return Number.isNaN(sum) ? Infinity : Math.sqrt(sum);
}
