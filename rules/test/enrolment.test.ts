import { facePose } from '@keshi/contract/identity';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseReferences,
  distance,
  drawTurns,
  enrolmentPolicy,
  type FrameFacts,
  judgeFrame,
  type TakenFrame,
} from '../src/enrolment.ts';

const person = (value: number) => Float32Array.from({ length: 128 }, () => value);
const frame = (over: Partial<FrameFacts> = {}): FrameFacts => ({
  problem: null,
  descriptor: person(0),
  yaw: 0,
  sharpness: 100,
  brightness: 120,
  hash: 'a',
  ...over,
});
const taken = (over: Partial<TakenFrame> = {}): TakenFrame => ({
  pose: 'centre',
  descriptor: person(0),
  sharpness: 100,
  hash: 'before',
  ...over,
});

describe('[PR2] turns that are asked for', () => {
  it('hold every pose, never the same twice in a row, whatever is drawn', () => {
    fc.assert(
      fc.property(fc.nat({ max: 17 }), (drawn) => {
        const turns = drawTurns((below) => drawn % below);
        expect(turns).toHaveLength(enrolmentPolicy.turns);
        expect(new Set(turns).size).toBe(3);
        expect(turns.some((turn, index) => turn === turns[index + 1])).toBe(false);
      }),
    );
  });

  it('are drawn from all of them', () => {
    const drawn = new Set(Array.from({ length: 18 }, (_, n) => drawTurns(() => n).join()));
    expect(drawn.size).toBe(18);
    expect(new Set([...drawn].map((turns) => turns.split(',')[0]))).toEqual(new Set(facePose.options));
  });
});

describe('[PR2] a frame', () => {
  it.each([
    ['no-face', { problem: 'no-face' }],
    ['many-faces', { problem: 'many-faces' }],
    ['too-dark', { problem: 'too-dark' }],
    ['blurred', { problem: 'blurred' }],
    ['too-small', { problem: 'too-small' }],
    ['not-a-picture', { problem: 'not-a-picture' }],
    ['no-face', { descriptor: null }],
    ['look-ahead', { yaw: 14 }],
    ['look-ahead', { yaw: null }],
    ['look-ahead', { yaw: NaN }],
    ['repeated', { hash: 'before' }],
    ['other-person', { descriptor: person(0.05) }],
  ] as const)('that is bad says what to change: %s', (advice, over) => {
    expect(judgeFrame(frame(over), 'centre', [taken()])).toEqual({ advice });
  });

  it.each([
    ['left', 15, true],
    ['left', -15, false],
    ['right', -15, true],
    ['right', 15, false],
    ['left', 61, false],
    ['centre', 12, true],
    ['centre', 12.5, false],
  ] as const)('turned %s by %s°: %s', (pose, yaw, fits) => {
    expect('taken' in judgeFrame(frame({ yaw }), pose, [taken({ hash: 'b' })])).toBe(fits);
  });

  it('is compared with every frame before it', () => {
    const before = [taken({ hash: 'b' }), taken({ hash: 'c', descriptor: person(0.05) })];
    expect(distance(person(0), person(0.05))).toBeGreaterThan(0.5);
    expect(judgeFrame(frame(), 'centre', before)).toEqual({ advice: 'other-person' });
  });

  it('whose descriptor cannot be compared is nobody’s', () => {
    expect(distance(person(0), new Float32Array(0))).toBe(Infinity);
    expect(distance(person(NaN), person(0))).toBe(Infinity);
  });
});

it('[PR2] the reference is the sharpest frame of each pose, the picture the one that looks ahead', () => {
  const frames = [
    taken({ pose: 'left', sharpness: 50 }),
    taken({ pose: 'centre', sharpness: 40 }),
    taken({ pose: 'left', sharpness: 70 }),
    taken({ pose: 'right', sharpness: 60 }),
  ];
  const chosen = chooseReferences(frames);
  expect(chosen?.references.map(({ pose, sharpness }) => [pose, sharpness])).toEqual([
    ['centre', 40],
    ['left', 70],
    ['right', 60],
  ]);
  expect(chosen?.picture).toBe(frames[1]);
  expect(chooseReferences(frames.slice(0, 3))).toBeNull();
});
