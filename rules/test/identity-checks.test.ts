import { verdict as verdictSchema, type Verdict } from '@keshi/contract/proctor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterCheck,
  identityState,
  nextCheck,
  randomWait,
  standingOf,
  untouched,
  type Check,
} from '../src/identity-checks.ts';
import { defaultIdentityPolicy as policy } from '../src/identity-policy.ts';

const minute = 60_000;
const checks = (...verdicts: Verdict[]): Check[] =>
  verdicts.map((verdict, index) => ({ at: (index + 1) * minute, verdict }));
const anyVerdict = fc.constantFrom(...verdictSchema.options);
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('[PR4] failures in a row', () => {
  it('two make one incident, with both of them; what fails later belongs to it', () => {
    expect(identityState(checks('no-face'), policy).incident).toBeNull();
    expect(identityState(checks('no-face', 'mismatch'), policy).incident).toEqual({
      openedAt: 2 * minute,
      checks: checks('no-face', 'mismatch'),
    });
    const later = identityState(checks('no-face', 'mismatch', 'match', 'blurred', 'no-face'), policy);
    expect(later.incident?.openedAt).toBe(2 * minute);
    expect(later.incident?.checks.map(({ verdict }) => verdict)).toEqual([
      'no-face',
      'mismatch',
      'blurred',
      'no-face',
    ]);
  });

  it('a pass between them parts them; what is uncertain, or our own failure, does not', () => {
    expect(identityState(checks('no-face', 'match', 'no-face'), policy).incident).toBeNull();
    expect(identityState(checks('no-face', 'uncertain', 'error', 'no-face'), policy).incident).not.toBeNull();
  });

  it('[PR3] uncertain and error alone never make an incident, however many', () => {
    const open = fc.constantFrom<Verdict>('uncertain', 'error', 'match');
    fc.assert(
      fc.property(fc.array(open, { maxLength: 30 }), (verdicts) => {
        const state = identityState(checks(...verdicts), policy);
        expect(state.incident).toBeNull();
        expect(state.failures).toEqual([]);
      }),
    );
  });

  it('[PR3] three errors call a person', () => {
    expect(identityState(checks('error', 'match', 'error'), policy).callsPerson).toBe(false);
    expect(identityState(checks('error', 'match', 'error', 'error'), policy).callsPerson).toBe(true);
  });

  it('there is an incident exactly when two failures have no pass between them', () => {
    fc.assert(
      fc.property(fc.array(anyVerdict, { maxLength: 20 }), (verdicts) => {
        const telling = verdicts.map(standingOf).filter((standing) => standing !== 'open');
        const twice = telling.some((one, index) => one === 'failed' && telling[index + 1] === 'failed');
        expect(identityState(checks(...verdicts), policy).incident !== null).toBe(twice);
      }),
    );
  });

  it('taking them one by one is the same as all at once', () => {
    fc.assert(
      fc.property(fc.array(anyVerdict, { maxLength: 20 }), (verdicts) => {
        let state = untouched;
        for (const check of checks(...verdicts)) state = afterCheck(state, check, policy);
        expect(state).toEqual(identityState(checks(...verdicts).toReversed(), policy));
      }),
    );
  });
});

describe('[PR4] when the next check is', () => {
  const passed = { at: 0, verdict: 'match', wasRecheck: false } as const;
  const given = { place: 'class', random: 0.5, stretch: 1 } as const;

  it('after anything but a pass, a recheck within 15 s', () => {
    fc.assert(
      fc.property(anyVerdict, random, (verdict, number) => {
        const next = nextCheck({ ...passed, verdict }, { ...given, random: number }, policy);
        const passedOrOurs = verdict === 'match' || verdict === 'error';
        expect(next.kind).toBe(passedOrOurs ? 'check' : 'recheck');
        if (next.kind === 'recheck') expect(next.at).toBeLessThanOrEqual(policy.recheckWithinMs);
      }),
    );
  });

  it('after a recheck the next is an ordinary one', () => {
    const last = { at: 0, verdict: 'mismatch', wasRecheck: true } as const;
    expect(nextCheck(last, given, policy).kind).toBe('check');
  });

  it('is after the last one and never more than the longest time away', () => {
    const place = fc.constantFrom('class' as const, 'study' as const, 'exam' as const);
    fc.assert(
      fc.property(place, random, (where, number) => {
        const next = nextCheck(passed, { place: where, random: number, stretch: 1 }, policy);
        expect(next.at).toBeGreaterThan(0);
        expect(next.at).toBeLessThanOrEqual(policy.longestMs);
        expect(Number.isInteger(next.at)).toBe(true);
      }),
    );
  });

  it('has the mean it says, over all random numbers', () => {
    const steps = 20_000;
    const meanOf = (mean: number, longest: number) => {
      let sum = 0;
      for (let step = 0; step < steps; step++) sum += randomWait((step + 0.5) / steps, mean, longest);
      return sum / steps;
    };
    for (const minutes of [1, 5, 7.5, 10, 14])
      expect(meanOf(minutes * minute, policy.longestMs)).toBeCloseTo(minutes * minute, -2);
  });

  it('grows with the random number, and can be the next second as well as the last', () => {
    fc.assert(
      fc.property(random, random, (one, other) => {
        const wait = (number: number) => randomWait(number, policy.meanMs, policy.longestMs);
        if (one < other) expect(wait(one)).toBeLessThanOrEqual(wait(other));
      }),
    );
    expect(randomWait(0, policy.meanMs, policy.longestMs)).toBeLessThan(1_000);
    expect(randomWait(0.999999, policy.meanMs, policy.longestMs)).toBeGreaterThan(14.9 * minute);
  });

  it('[PR7] under overload it is later and says so, up to its own limit', () => {
    fc.assert(
      fc.property(random, fc.double({ min: 1, max: 50, noNaN: true }), (number, stretch) => {
        const plain = nextCheck(passed, { ...given, random: number }, policy);
        const next = nextCheck(passed, { ...given, random: number, stretch }, policy);
        expect(next.at).toBeGreaterThanOrEqual(plain.at);
        expect(next.at).toBeLessThanOrEqual(policy.longestUnderLoadMs);
        if (next.kind === 'check') expect(next.widened).toBe(next.at > plain.at);
      }),
    );
  });
});
