import type { FaceReference, FrameAnalysis, ReadFrame, Verdict } from '@keshi/contract/proctor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  burstVerdict,
  descriptorDistance,
  frameVerdict,
  hashDistance,
  isRepeated,
  judge,
  type FrameVerdict,
  type SeenFrame,
} from '../src/identity.ts';
import {
  defaultIdentityPolicy as policy,
  identityPolicyProblems,
  resolveIdentityPolicy,
} from '../src/identity-policy.ts';

const userId = '00000000-0000-4000-8000-000000000001';
/** A descriptor whose first value is given: two of them are as far apart as their values. */
const descriptorAt = (value: number) => {
  const floats = new Float32Array(128);
  floats[0] = value;
  return Buffer.from(floats.buffer).toString('base64');
};
const reference = (value: number): FaceReference => ({ id: userId, descriptor: descriptorAt(value) });
const hex = (value: number) => value.toString(16).padStart(64, '0');
let pictures = 0;
const frame = (given: Partial<ReadFrame> & { distance?: number } = {}): ReadFrame => {
  pictures += 1;
  const { distance = 0, ...rest } = given;
  return {
    problem: null,
    width: 640,
    height: 480,
    brightness: 110,
    contrast: 50,
    sharpness: 500,
    trace: { digest: hex(pictures), hash: hex(pictures * 0x10f5) },
    faceCount: 1,
    faces: [{ x: 200, y: 100, width: 160, height: 180, score: 0.9 }],
    detail: {
      yaw: 0,
      pitch: 0,
      roll: 0,
      sharpness: 200,
      brightness: 120,
      descriptor: descriptorAt(distance),
    },
    ...rest,
  };
};
const faceless = { faceCount: 0, faces: [], detail: null };
const verdictOf = (given: FrameAnalysis, references = [reference(0)]) =>
  frameVerdict(given, references, policy).verdict;
const detailed = (change: Partial<NonNullable<ReadFrame['detail']>>): ReadFrame => {
  const plain = frame();
  return plain.detail ? { ...plain, detail: { ...plain.detail, ...change } } : plain;
};

describe('[PR3] one picture', () => {
  it('matches up to 0.50, says nothing up to 0.60, is somebody else beyond', () => {
    expect(verdictOf(frame({ distance: 0.49 }))).toBe('match');
    expect(verdictOf(frame({ distance: 0.55 }))).toBe('uncertain');
    expect(verdictOf(frame({ distance: 0.61 }))).toBe('mismatch');
  });

  it('is compared with the nearest reference', () => {
    expect(
      frameVerdict(frame({ distance: 1 }), [reference(0), reference(0.8), reference(3)], policy),
    ).toEqual({
      verdict: 'match',
      distance: expect.closeTo(0.2, 5),
    });
  });

  it('says why it cannot be compared', () => {
    expect(verdictOf({ problem: 'not-jpeg' })).toBe('no-answer');
    expect(verdictOf(frame({ ...faceless, brightness: 4, contrast: 0 }))).toBe('camera-off');
    expect(verdictOf(frame({ ...faceless, brightness: 200, contrast: 0 }))).toBe('camera-off');
    expect(verdictOf(frame({ ...faceless, brightness: 10 }))).toBe('too-dark');
    expect(verdictOf(frame({ ...faceless, sharpness: 5 }))).toBe('blurred');
    expect(verdictOf(frame(faceless))).toBe('no-face');
    expect(verdictOf(detailed({ brightness: 20 }))).toBe('too-dark');
    expect(verdictOf(detailed({ sharpness: 14 }))).toBe('blurred');
    expect(verdictOf(frame({ faces: [{ x: 0, y: 0, width: 40, height: 44, score: 0.9 }] }))).toBe(
      'uncertain',
    );
  });

  it('a second face counts when it is not small and the detector is sure', () => {
    const [main] = frame().faces;
    if (!main) throw new Error('no face');
    const second = (width: number, score: number) =>
      verdictOf(frame({ faceCount: 2, faces: [main, { ...main, width, score }] }));
    expect(second(100, 0.9)).toBe('many-faces');
    expect(second(30, 0.9)).toBe('match');
    expect(second(100, 0.42)).toBe('match');
  });

  it('without a reference, or without a descriptor, nothing is said about anybody', () => {
    expect(verdictOf(frame(), [])).toBe('uncertain');
    expect(verdictOf(detailed({ descriptor: null }))).toBe('uncertain');
    expect(verdictOf(frame({ distance: NaN }))).toBe('uncertain');
  });

  it('another reference never makes it worse', () => {
    const order: Verdict[] = ['match', 'uncertain', 'mismatch'];
    const value = fc.double({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(value, fc.array(value, { minLength: 1, maxLength: 2 }), value, (at, known, more) => {
        const given = frame({ distance: at });
        const before = order.indexOf(verdictOf(given, known.map(reference)));
        expect(order.indexOf(verdictOf(given, [...known, more].map(reference)))).toBeLessThanOrEqual(before);
      }),
    );
  });
});

describe('[PR4] several pictures', () => {
  const of = (...verdicts: Verdict[]) =>
    burstVerdict(verdicts.map((verdict): FrameVerdict => ({ verdict, distance: null })));

  it('one that matches is enough, unless as many are somebody else', () => {
    expect(of('match', 'no-face', 'blurred')).toBe('match');
    expect(of('match', 'match', 'mismatch')).toBe('match');
    expect(of('match', 'mismatch')).toBe('uncertain');
    expect(of('mismatch', 'uncertain', 'mismatch')).toBe('uncertain');
    expect(of('mismatch', 'no-face', 'mismatch')).toBe('mismatch');
  });

  it('a second face counts when it is in half of them', () => {
    expect(of('match', 'many-faces')).toBe('many-faces');
    expect(of('match', 'match', 'many-faces')).toBe('match');
  });

  it('says what was wrong with most of them, and nothing is no answer', () => {
    expect(of('no-face', 'too-dark', 'too-dark')).toBe('too-dark');
    expect(of('no-answer', 'no-face')).toBe('no-face');
    expect(of('no-answer')).toBe('no-answer');
    expect(of()).toBe('no-answer');
  });

  it('never accuses somebody of whom no picture was compared and found different', () => {
    const verdict = fc.constantFrom<Verdict>(
      'match',
      'uncertain',
      'no-face',
      'many-faces',
      'too-dark',
      'no-answer',
    );
    fc.assert(
      fc.property(fc.array(verdict, { maxLength: 8 }), (verdicts) => {
        expect(of(...verdicts)).not.toBe('mismatch');
      }),
    );
  });

  it('their order does not matter', () => {
    const all = fc.constantFrom<Verdict>(
      'match',
      'uncertain',
      'mismatch',
      'no-face',
      'many-faces',
      'blurred',
    );
    fc.assert(
      fc.property(fc.array(all, { maxLength: 8 }), (verdicts) => {
        expect(of(...verdicts.toReversed())).toBe(of(...verdicts));
      }),
    );
  });
});

describe('[PR3] a picture that was seen before', () => {
  const minute = 60_000;
  const at = 100 * minute;
  const known = { digest: hex(7), hash: hex(0xabc) };
  const seen = (minutes: number, hash: string): SeenFrame => ({
    digest: hex(999 + minutes),
    hash,
    at: at - minutes * minute,
  });
  const given = (before: SeenFrame[]) => ({
    references: [reference(0)],
    seen: before,
    at,
    motion: null,
    purpose: 'check' as const,
  });
  const near = hex(0xabd);
  const far = hex(0xffffff);

  it('the same bytes are enough', () => {
    expect(isRepeated(known, at, [{ ...known, hash: far, at: 0 }], policy)).toBe(true);
    expect(isRepeated(known, at, [], policy)).toBe(false);
  });

  it('looking the same is enough when minutes lie between, twice', () => {
    expect(isRepeated(known, at, [seen(20, near), seen(10, near)], policy)).toBe(true);
    expect(isRepeated(known, at, [seen(10, near)], policy)).toBe(false);
    expect(isRepeated(known, at, [seen(20, near), seen(10, far)], policy)).toBe(false);
    expect(isRepeated(known, at, [seen(10.1, near), seen(10, near)], policy)).toBe(false);
    expect(isRepeated(known, at, [seen(0.1, near), seen(0.05, near)], policy)).toBe(false);
  });

  it('two pictures of one check with the same bytes are one picture shown twice', () => {
    const one = frame();
    expect(judge([one, one], given([]), policy).verdict).toBe('repeated');
    expect(judge([one, frame()], given([]), policy).verdict).toBe('match');
  });

  it('a camera that is off stays what it is, however often', () => {
    const off = frame({ ...faceless, contrast: 0, trace: known });
    expect(judge([off, off], given([{ ...known, at: 0 }]), policy).verdict).toBe('camera-off');
  });
});

describe('[PR4] a turn of the head', () => {
  const facing = (...yaws: number[]) =>
    yaws.map((yaw) => {
      const made = frame();
      if (made.problem !== null || !made.detail) throw new Error('no face');
      return { ...made, detail: { ...made.detail, yaw } };
    });
  const asked = (purpose: 'check' | 'recheck') => ({
    references: [reference(0)],
    seen: [],
    at: 0,
    motion: 'left' as const,
    purpose,
  });

  it('is the whole of it, to the side that was asked', () => {
    const verdict = (...yaws: number[]) => judge(facing(...yaws), asked('check'), policy).verdict;
    expect(verdict(0, 8, 20, 9, 0)).toBe('match');
    expect(verdict(0, -8, -20, -9, 0)).toBe('uncertain');
    // Held up askew: it never moves.
    expect(verdict(20, 21, 20, 19, 20)).toBe('uncertain');
    expect(verdict(0, 1, 0, 2, 1)).toBe('uncertain');
  });

  it('that does not come in the recheck either is suspected to be no head', () => {
    expect(judge(facing(0, 1, 0), asked('recheck'), policy).verdict).toBe('spoof-suspected');
  });

  it('makes nobody somebody else', () => {
    const other = { ...asked('check'), references: [reference(2)] };
    expect(judge(facing(0, 8, 20, 9, 0), other, policy).verdict).toBe('mismatch');
  });
});

describe('distances', () => {
  it('of descriptors are Euclidean, of hashes the bits that differ', () => {
    expect(descriptorDistance(descriptorAt(1), descriptorAt(-0.5))).toBeCloseTo(1.5);
    expect(() => descriptorDistance(descriptorAt(1), '')).toThrow();
    expect(hashDistance('ff00', 'ff01')).toBe(1);
    expect(hashDistance('0000', 'ffff')).toBe(16);
    expect(() => hashDistance('ff', 'f')).toThrow();
  });
});

describe('the policy', () => {
  it('[PR4] takes the times a course sets, and the defaults for the rest', () => {
    expect(resolveIdentityPolicy()).toEqual(policy);
    const minute = 60_000;
    const set = resolveIdentityPolicy({
      checkMeanMs: 20 * minute,
      checkLongestMs: 45 * minute,
      checkTurnShare: 0,
    });
    expect(set).toEqual({
      ...policy,
      meanMs: 20 * minute,
      longestMs: 45 * minute,
      // Under overload never closer than without.
      longestUnderLoadMs: 45 * minute,
      motionShare: 0,
    });
    expect(identityPolicyProblems(set)).toEqual([]);
    expect(identityPolicyProblems(resolveIdentityPolicy({ checkExamMeanMs: 15 * minute }))).toEqual([
      { field: 'examMeanMs', problem: 'not-below-longest' },
    ]);
  });

  it('has defaults that can be used, and says what cannot', () => {
    expect(identityPolicyProblems(policy)).toEqual([]);
    expect(
      identityPolicyProblems({
        ...policy,
        mismatchDistance: 0.4,
        meanMs: policy.longestMs,
        errorsForPerson: 0,
      }),
    ).toEqual([
      { field: 'errorsForPerson', problem: 'not-a-whole-number' },
      { field: 'mismatchDistance', problem: 'below-match' },
      { field: 'meanMs', problem: 'not-below-longest' },
    ]);
  });
});
