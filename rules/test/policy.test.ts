import { describe, expect, it } from 'vitest';
import { defaultPolicy, policyProblems, resolvePolicy } from '../src/policy.ts';

describe('policy', () => {
  it('has the defaults of the rules', () => {
    expect(resolvePolicy()).toEqual({
      heartbeatMs: 10_000,
      proofGapMs: 30_000,
      outageReturnMs: 60_000,
      minimumRate: 0.8,
      classHourMs: 2_700_000,
      signInWindowMs: 600_000,
      fullHourFrom: 0.9,
      signIn: 'required',
      declaredHours: null,
      requiredHours: null,
      minimumCorrectRate: null,
    });
    expect(policyProblems(defaultPolicy)).toEqual([]);
  });

  it('takes what a course sets, survives JSON, and keeps null apart from nothing', () => {
    const stored = JSON.stringify(
      resolvePolicy({ minimumRate: 0, fullHourFrom: null, heartbeatMs: undefined }),
    );
    expect(JSON.parse(stored)).toEqual({ ...defaultPolicy, minimumRate: 0, fullHourFrom: null });
  });

  it('names what cannot be used', () => {
    const problems = policyProblems({
      ...defaultPolicy,
      heartbeatMs: 40_000,
      minimumRate: 80,
      signInWindowMs: 2_700_001,
      outageReturnMs: Number.NaN,
    });
    expect(problems).toEqual([
      { field: 'outageReturnMs', problem: 'not-positive-integer' },
      { field: 'minimumRate', problem: 'not-a-share' },
      { field: 'proofGapMs', problem: 'shorter-than-heartbeat' },
      { field: 'signInWindowMs', problem: 'longer-than-class-hour' },
    ]);
  });
});
