import { describe, expect, it } from 'vitest';
import {
  answerMs,
  hourAt,
  isOverdue,
  onTheWayMs,
  planAfter,
  signInDelay,
  type LastAsk,
} from '../src/check-plan.ts';
import { identityState, untouched } from '../src/identity-checks.ts';
import { defaultIdentityPolicy as policy } from '../src/identity-policy.ts';
import { defaultPolicy } from '../src/policy.ts';

const at = 1_000_000;
const last = (verdict: LastAsk['verdict'], wasRetry = false): LastAsk => ({
  at,
  verdict,
  wasRetry,
  askedMotion: false,
});
const given = (signedIn: boolean, changes = {}) => ({
  signedIn,
  state: untouched,
  random: 0.5,
  motionRandom: 0.9,
  stretch: 1,
  ...changes,
});

describe('[AT7] the moment of a sign-in', () => {
  it('falls into every part of the window that leaves time to answer and to try again', () => {
    const { signInWindowMs } = defaultPolicy;
    expect(signInDelay(0, defaultPolicy)).toBe(0);
    const latest = signInDelay(1 - Number.EPSILON, defaultPolicy);
    expect(latest).toBeLessThanOrEqual(signInWindowMs - 2 * answerMs - onTheWayMs);
    expect(latest).toBeGreaterThan(0.75 * signInWindowMs);
  });

  it('is at once where the window leaves no choice', () => {
    expect(signInDelay(0.99, { ...defaultPolicy, signInWindowMs: 60_000 })).toBe(0);
  });

  it('belongs to the hour of live time that runs', () => {
    expect([0, 45 * 60_000 - 1, 45 * 60_000].map((ms) => hourAt(ms, defaultPolicy))).toEqual([1, 1, 2]);
  });
});

describe('[PR4] what is asked next', () => {
  it('after a sign-in that failed, another with several pictures within 15 s; then a person', () => {
    expect(planAfter(last('mismatch'), given(false), policy)).toEqual({
      at: at + 7_500,
      purpose: 'sign-in',
      cause: 'failed',
      pictures: 3,
      motion: false,
    });
    expect(planAfter(last('mismatch', true), given(false), policy)).toBeNull();
    expect(planAfter(last('uncertain', true), given(false), policy)).toBeNull();
  });

  it('[PR3] after our own failure the same again, and after three of them a person', () => {
    expect(planAfter(last('error', true), given(false), policy)).toMatchObject({
      pictures: 1,
      cause: 'schedule',
    });
    const errors = [1, 2, 3].map((n) => ({ at: n, verdict: 'error' as const }));
    expect(
      planAfter(last('error'), given(false, { state: identityState(errors, policy) }), policy),
    ).toBeNull();
  });

  it('after a pass a check at a random time, after a failed check a recheck, and after that the usual time', () => {
    const next = planAfter(last('match'), given(true), policy);
    expect(next).toMatchObject({ purpose: 'check', pictures: 1 });
    expect(next?.at).toBeLessThanOrEqual(at + policy.longestMs);
    expect(planAfter(last('no-answer'), given(true), policy)).toMatchObject({
      purpose: 'recheck',
      pictures: 3,
    });
    expect(planAfter(last('no-answer', true), given(true), policy)).toMatchObject({ purpose: 'check' });
  });

  it('a turn of the head now and then, and again of whoever did not turn', () => {
    const turning = { pictures: 5, motion: true };
    expect(planAfter(last('match'), given(true, { motionRandom: 0.1 }), policy)).toMatchObject(turning);
    const asked = { ...last('uncertain'), askedMotion: true };
    expect(planAfter(asked, given(true), policy)).toMatchObject({ purpose: 'recheck', ...turning });
    expect(planAfter({ ...asked, verdict: 'match' }, given(true), policy)).toMatchObject({ motion: false });
  });
});

describe('[AT1] what keeps proofs from counting', () => {
  const open = { deadline: at, answeredAt: null };
  const of = (changes: Partial<Parameters<typeof isOverdue>[0]>) => ({
    open: null,
    state: untouched,
    seatEmpty: false,
    ...changes,
  });

  it('is a deadline that has passed without an answer, not a question still in its time', () => {
    expect(isOverdue(of({ open }), at - 1)).toBe(false);
    expect(isOverdue(of({ open }), at)).toBe(true);
    expect(isOverdue(of({ open: { ...open, answeredAt: at - 1 } }), at + 10_000)).toBe(false);
  });

  it('is a failure until somebody passes; what is uncertain or our own stops nothing [PR3]', () => {
    const after = (...verdicts: LastAsk['verdict'][]) =>
      of({
        state: identityState(
          verdicts.map((verdict, n) => ({ at: n, verdict })),
          policy,
        ),
      });
    expect(isOverdue(after('mismatch'), at)).toBe(true);
    expect(isOverdue(after('mismatch', 'uncertain'), at)).toBe(true);
    expect(isOverdue(after('mismatch', 'match'), at)).toBe(false);
    expect(isOverdue(after('uncertain'), at)).toBe(false);
    expect(isOverdue(after('error', 'error', 'error'), at)).toBe(false);
  });

  it('is an empty seat [PR5]', () => expect(isOverdue(of({ seatEmpty: true }), at)).toBe(true));
});
