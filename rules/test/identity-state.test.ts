import { describe, expect, it } from 'vitest';
import { filingState, type IdentityFacts, needsPerson, standingOf } from '../src/identity-state.ts';

const facts = (over: Partial<IdentityFacts> = {}): IdentityFacts => ({
  phoneVerified: true,
  document: 'confirmed',
  consent: { action: 'given', current: true },
  face: 'confirmed',
  ...over,
});

describe('standing', () => {
  it('[CT1] is confirmed with document and face', () => {
    expect(standingOf(facts())).toEqual({ path: 'face', mayTakeFace: true, confirmed: true, gaps: [] });
  });

  it('[PR1] takes no face before consent, nor on a text that has changed since', () => {
    for (const consent of [null, { action: 'given', current: false } as const]) {
      const standing = standingOf(facts({ consent }));
      expect(standing).toMatchObject({ path: null, mayTakeFace: false, confirmed: false });
      expect(standing.gaps).toEqual(['consent']);
    }
  });

  it.each(['refused', 'withdrawn'] as const)(
    '[PR1] leads to a person when consent is %s, and no further',
    (action) => {
      const consent = { action, current: true };
      expect(standingOf(facts({ consent, face: null }))).toEqual({
        path: 'person',
        mayTakeFace: false,
        confirmed: true,
        gaps: [],
      });
      expect(standingOf(facts({ consent, face: null, document: 'pending' })).gaps).toEqual([
        'document-decision',
      ]);
      // To have said no to an older text is still to have said no.
      expect(standingOf(facts({ consent: { action, current: false }, face: null })).path).toBe('person');
    },
  );

  it('[PR2] is provisional until the face is decided', () => {
    expect(standingOf(facts({ face: 'provisional' }))).toMatchObject({
      confirmed: false,
      gaps: ['face-decision'],
    });
    expect(standingOf(facts({ face: 'refused' })).gaps).toEqual(['face']);
  });

  it('says what is missing, in the order in which it is asked for', () => {
    const nothing = { phoneVerified: false, document: null, consent: null, face: null };
    expect(standingOf(nothing).gaps).toEqual(['phone', 'document', 'consent']);
    expect(standingOf({ ...nothing, consent: { action: 'given', current: true } }).gaps).toEqual([
      'phone',
      'document',
      'face',
    ]);
  });
});

it('[B11] a person decides what the authority did not', () => {
  const open = { document: 'pending', face: null } as const;
  const at = { now: 10, overdueAt: 20 };
  expect(needsPerson(open, 'waiting', at)).toBe(false);
  expect(needsPerson(open, 'waiting', { now: 20, overdueAt: 20 })).toBe(true);
  for (const outcome of ['none', 'mismatch', 'unknown'] as const)
    expect(needsPerson(open, outcome, at)).toBe(true);
  expect(needsPerson({ document: 'confirmed', face: 'confirmed' }, 'none', at)).toBe(false);
  expect(needsPerson({ document: 'confirmed', face: 'provisional' }, 'matched', at)).toBe(true);
  expect(needsPerson({ document: 'refused', face: 'provisional' }, 'none', at)).toBe(false);
});

it('[J4] warns before a hundred thousand faces must be filed', () => {
  expect([89_999, 90_000, 99_999, 100_000].map(filingState)).toEqual(['ok', 'near', 'near', 'due']);
});
