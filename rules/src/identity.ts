/**
 * What a picture of somebody says about who it is [PR3, PR4]. Pictures have been analysed by then; here they are
 * compared and judged.
 */
import type {
  FaceReference,
  FrameAnalysis,
  FrameTrace,
  HeadMotion,
  ProctorPurpose,
  ReadFrame,
  Verdict,
} from '@keshi/contract/proctor';
import type { IdentityPolicy } from './identity-policy.ts';

export interface FrameVerdict {
  readonly verdict: Verdict;
  /** To the nearest reference; null where nothing could be compared. */
  readonly distance: number | null;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** Of each picture, in their order. */
  readonly distances: readonly (number | null)[];
}

export interface SeenFrame extends FrameTrace {
  readonly at: number;
}

/** Euclidean, between two descriptors in base64: 0 is the same picture, two people are beyond 0.6. */
export function descriptorDistance(a: string, b: string): number {
  const [one, other] = [Buffer.from(a, 'base64'), Buffer.from(b, 'base64')];
  if (one.length !== other.length) throw new Error('descriptors of different lengths');
  let sum = 0;
  for (let at = 0; at + 4 <= one.length; at += 4) sum += (one.readFloatLE(at) - other.readFloatLE(at)) ** 2;
  return Math.sqrt(sum);
}

/** [PR3] One picture against what the person looked like when enrolling: the nearest of the references counts. */
export function frameVerdict(
  frame: FrameAnalysis,
  references: readonly FaceReference[],
  policy: IdentityPolicy,
): FrameVerdict {
  const verdict = qualityVerdict(frame, policy);
  if (verdict) return { verdict, distance: null };
  const described = frame.problem === null ? (frame.detail?.descriptor ?? null) : null;
  // Nothing to compare, for whatever reason of ours, is no answer to whether it is the same person.
  if (described === null || references.length === 0) return { verdict: 'uncertain', distance: null };
  const distance = Math.min(
    ...references.map((reference) => descriptorDistance(described, reference.descriptor)),
  );
  return { verdict: distanceVerdict(distance, policy), distance };
}

function distanceVerdict(distance: number, policy: IdentityPolicy): Verdict {
  if (distance <= policy.matchDistance) return 'match';
  // A distance that is not a number says nothing, and must not accuse anybody.
  return distance > policy.mismatchDistance ? 'mismatch' : 'uncertain';
}

/** What makes a picture unfit for a comparison; null when it is fit. A picture that cannot be read is no answer. */
function qualityVerdict(frame: FrameAnalysis, policy: IdentityPolicy): Verdict | null {
  if (frame.problem !== null) return 'no-answer';
  if (frame.contrast < policy.leastContrast) return 'camera-off';
  const [main] = frame.faces;
  if (!main || !frame.detail) {
    if (frame.brightness < policy.leastPictureBrightness) return 'too-dark';
    return frame.sharpness < policy.leastPictureSharpness ? 'blurred' : 'no-face';
  }
  if (hasSecondFace(frame, policy)) return 'many-faces';
  if (frame.detail.brightness < policy.leastFaceBrightness) return 'too-dark';
  if (frame.detail.sharpness < policy.leastSharpness) return 'blurred';
  return main.width < policy.leastFaceWidth ? 'uncertain' : null;
}

function hasSecondFace({ faces: [main, ...others] }: ReadFrame, policy: IdentityPolicy): boolean {
  return others.some(
    ({ width, score }) =>
      main !== undefined && width >= policy.secondFaceShare * main.width && score >= policy.secondFaceScore,
  );
}

/**
 * [PR4] Several pictures taken within seconds. One that matches is enough unless as many say that it is somebody else; a
 * second face counts when it is in half of them.
 */
export function burstVerdict(frames: readonly FrameVerdict[]): Verdict {
  const count = (verdict: Verdict) => frames.filter((frame) => frame.verdict === verdict).length;
  const [matches, mismatches] = [count('match'), count('mismatch')];
  if (count('repeated') > 0) return 'repeated';
  if (frames.length === 0) return 'no-answer';
  if (count('many-faces') * 2 >= frames.length) return 'many-faces';
  if (matches > 0) return matches > mismatches ? 'match' : 'uncertain';
  if (count('uncertain') > 0) return 'uncertain';
  if (mismatches > 0) return 'mismatch';
  const [first, ...others] = troubles;
  return others.reduce((worst, verdict) => (count(verdict) > count(worst) ? verdict : worst), first);
}

/** Of as many, the first counts; what could be read before what could not. */
const troubles: readonly [Verdict, ...Verdict[]] = [
  'many-faces',
  'camera-off',
  'no-face',
  'too-dark',
  'blurred',
  'no-answer',
];

/**
 * [PR3] Everything about the pictures of one check: a picture that was seen before, in this check or an earlier one,
 * is `repeated` whoever it shows, because no camera yields the same bytes twice. The right face that did not turn as it
 * was asked is `uncertain`, and `spoof-suspected` when it does not turn in the recheck either: a picture held up does not.
 */
export function judge(
  frames: readonly FrameAnalysis[],
  given: {
    readonly references: readonly FaceReference[];
    readonly seen: readonly SeenFrame[];
    readonly at: number;
    readonly motion: HeadMotion | null;
    readonly purpose: ProctorPurpose;
  },
  policy: IdentityPolicy,
): Judgement {
  const earlier: SeenFrame[] = [...given.seen];
  const verdicts = frames.map((frame): FrameVerdict => {
    const verdict = frameVerdict(frame, given.references, policy);
    if (frame.problem !== null) return verdict;
    const stillStands = showsSomething(frame, policy) && isRepeated(frame.trace, given.at, earlier, policy);
    earlier.push({ ...frame.trace, at: given.at });
    return stillStands ? { ...verdict, verdict: 'repeated' } : verdict;
  });
  const distances = verdicts.map(({ distance }) => distance);
  const verdict = burstVerdict(verdicts);
  const { motion, purpose } = given;
  if (verdict !== 'match' || motion === null || hasTurned(frames, motion, policy))
    return { verdict, distances };
  return { verdict: purpose === 'recheck' ? 'spoof-suspected' : 'uncertain', distances };
}

/** Whether one picture shows the head turned as asked, and another one less so by as much. */
export function hasTurned(
  frames: readonly FrameAnalysis[],
  motion: HeadMotion,
  policy: IdentityPolicy,
): boolean {
  // The nose of somebody who turns to their own left points to the picture's right.
  const side = motion === 'left' ? 1 : -1;
  const turns = frames.flatMap((frame) =>
    frame.problem === null && frame.detail ? [side * frame.detail.yaw] : [],
  );
  const furthest = Math.max(...turns);
  return furthest >= policy.motionDegrees && furthest - Math.min(...turns) >= policy.motionDegrees;
}

/** A camera that is off yields the same black picture for ever, and is told as what it is. */
const showsSomething = (frame: ReadFrame, policy: IdentityPolicy) => frame.contrast >= policy.leastContrast;

/**
 * The same bytes as any picture before; or looking the same as the latest ones although minutes lie between, which
 * nobody who lives does. Real pictures of one person in one chair differ in tens of bits.
 */
export function isRepeated(
  trace: FrameTrace,
  at: number,
  seen: readonly SeenFrame[],
  policy: IdentityPolicy,
): boolean {
  if (seen.some(({ digest }) => digest === trace.digest)) return true;
  let alike = 0;
  let next = at;
  for (const frame of seen.toSorted((a, b) => b.at - a.at)) {
    if (next - frame.at < policy.nearRepeatApartMs) continue;
    if (hashDistance(trace.hash, frame.hash) > policy.nearHashBits) return false;
    alike += 1;
    if (alike >= policy.nearRepeats) return true;
    next = frame.at;
  }
  return false;
}

/** In how many bits two hashes in hexadecimal differ. */
export function hashDistance(a: string, b: string): number {
  if (a.length !== b.length) throw new Error('hashes of different lengths');
  let differing = BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
  let bits = 0;
  for (; differing > 0n; differing &= differing - 1n) bits += 1;
  return bits;
}
