import { certificateNumber, numberCharacters } from '@keshi/contract/certificates';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CertificateFacts,
  certificateLacks,
  certificateNumberBytes,
  certificateNumberOf,
  type CertificatePolicy,
  certificatePolicy,
} from '../src/certificates.ts';
import { defaultPolicy } from '../src/policy.ts';

const hour = 45 * 60_000;
const all: CertificateFacts = {
  identityConfirmed: true,
  classesRemaining: 0,
  classesHeld: 10,
  presentMs: 8 * hour,
  liveMs: 10 * hour,
  creditedMs: 40 * hour,
  lessons: { complete: 12, total: 12 },
  exam: 'passed',
  openIncidents: 0,
  quiz: { asked: 10, correct: 8 },
};
const policy: CertificatePolicy = { minimumRate: 0.8, requiredMs: 40 * hour, minimumCorrectRate: 0.8 };
const lacks = (facts: Partial<CertificateFacts>, of: Partial<CertificatePolicy> = {}) =>
  certificateLacks({ ...all, ...facts }, { ...policy, ...of });

describe('[CT1] who gets a certificate', () => {
  it('has everything, each at its limit', () => {
    expect(lacks({})).toEqual([]);
  });

  it.each<[Partial<CertificateFacts>, object]>([
    [{ identityConfirmed: false }, { kind: 'identity' }],
    [{ classesRemaining: 2 }, { kind: 'classes', remaining: 2 }],
    [{ presentMs: 8 * hour - 1 }, { kind: 'attendance', minimum: 0.8 }],
    [{ creditedMs: 40 * hour - 1 }, { kind: 'hours', creditedMs: 40 * hour - 1, requiredMs: 40 * hour }],
    [{ lessons: { complete: 11, total: 12 } }, { kind: 'lessons', complete: 11, total: 12 }],
    [{ exam: 'not-taken' }, { kind: 'exam', outcome: 'not-taken' }],
    [{ exam: 'failed' }, { kind: 'exam', outcome: 'failed' }],
    [{ exam: 'not-graded' }, { kind: 'exam', outcome: 'not-graded' }],
    [{ openIncidents: 1 }, { kind: 'incident', open: 1 }],
    [{ quiz: { asked: 10, correct: 7 } }, { kind: 'correct-rate', rate: 0.7, minimum: 0.8 }],
  ])('lacks exactly what is missing: %j', (facts, lack) => {
    expect(lacks(facts)).toMatchObject([lack]);
  });

  it('is told everything that is missing at once', () => {
    const nothing = lacks({
      identityConfirmed: false,
      classesRemaining: 1,
      presentMs: 0,
      creditedMs: 0,
      lessons: { complete: 0, total: 1 },
      exam: 'not-taken',
      openIncidents: 3,
      quiz: { asked: 1, correct: 0 },
    });
    expect(nothing.map(({ kind }) => kind)).toEqual([
      'identity',
      'classes',
      'attendance',
      'hours',
      'lessons',
      'exam',
      'incident',
      'correct-rate',
    ]);
  });

  it('misses nothing where the course has no classes, no lessons, no exam and declares no hours', () => {
    const bare = {
      classesHeld: 0,
      presentMs: 0,
      liveMs: 0,
      lessons: { complete: 0, total: 0 },
      exam: null,
      creditedMs: 1,
    };
    expect(lacks(bare, { requiredMs: null })).toEqual([]);
    // But nobody is certified who did nothing.
    expect(lacks({ ...bare, creditedMs: 0 }, { requiredMs: null })).toEqual([
      { kind: 'hours', creditedMs: 0, requiredMs: 0 },
    ]);
  });

  it('lacks attendance when classes were held before the learner came', () => {
    expect(lacks({ presentMs: 0, liveMs: 0 })).toEqual([{ kind: 'attendance', rate: null, minimum: 0.8 }]);
  });

  it('is not asked for a correct rate unless the course says so, and not without questions', () => {
    const wrong = { quiz: { asked: 10, correct: 0 } };
    expect(lacks(wrong, { minimumCorrectRate: null })).toEqual([]);
    expect(lacks({ quiz: { asked: 0, correct: 0 } })).toEqual([]);
  });
});

it('[CT1] asks for the declared hours, or for what the course sets instead', () => {
  expect(certificatePolicy(defaultPolicy)).toEqual({
    minimumRate: 0.8,
    requiredMs: null,
    minimumCorrectRate: null,
  });
  expect(certificatePolicy({ ...defaultPolicy, declaredHours: 40 }).requiredMs).toBe(40 * hour);
  expect(certificatePolicy({ ...defaultPolicy, declaredHours: 40, requiredHours: 32 }).requiredMs).toBe(
    32 * hour,
  );
});

describe('[CT2] numbers', () => {
  const bytes = fc.uint8Array({ minLength: certificateNumberBytes, maxLength: certificateNumberBytes });
  const year = fc.integer({ min: 2020, max: 2999 });

  it('are what the contract reads, also typed in small letters', () => {
    fc.assert(
      fc.property(year, bytes, (of, random) => {
        const number = certificateNumberOf(of, random);
        expect(certificateNumber.parse(` ${number.toLowerCase()} `)).toBe(number);
      }),
    );
  });

  it('show a single slip, wherever it is', () => {
    const place = fc.integer({ min: 7, max: 20 });
    const other = fc.constantFrom(...numberCharacters);
    fc.assert(
      fc.property(year, bytes, place, other, (of, random, at, character) => {
        const number = certificateNumberOf(of, random);
        fc.pre(number[at] !== '-' && number[at] !== character);
        const slipped = number.slice(0, at) + character + number.slice(at + 1);
        expect(certificateNumber.safeParse(slipped).success).toBe(false);
      }),
    );
  });
});
