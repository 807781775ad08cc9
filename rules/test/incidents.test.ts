import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  defaultIncidentPolicy,
  holdsPictures,
  type IncidentState,
  type IncidentStep,
  isUndecided,
  opened,
  stands,
  step,
} from '../src/incidents.ts';
import { mainland } from '../src/working-calendar.ts';
import { afterDays, afterWorkingDays, isWorkingDay } from '../src/working-days.ts';

const day = 24 * 3_600_000;
const at = (text: string) => Date.parse(`${text}+08:00`);
const learnerId = 'learner';
const given = (now: number) => ({ learnerId, at: now });

describe('[CH4] working days of Asia/Shanghai', () => {
  it('leave out weekends and holidays, and count weekends that are worked', () => {
    expect(isWorkingDay(at('2026-02-14T12:00'), mainland)).toBe(true);
    expect(isWorkingDay(at('2026-02-16T12:00'), mainland)).toBe(false);
    expect(isWorkingDay(at('2026-02-24T00:00'), mainland)).toBe(true);
    expect(isWorkingDay(at('2026-11-28T12:00'), mainland)).toBe(false);
    // A year nobody has announced yet.
    expect(isWorkingDay(at('2031-10-02T12:00'), mainland)).toBe(false);
    expect(isWorkingDay(at('2031-10-06T12:00'), mainland)).toBe(true);
  });

  it('give all of the fifth day', () => {
    expect(afterWorkingDays(at('2026-11-27T23:59'), 5, mainland)).toBe(at('2026-12-05T00:00'));
    expect(afterWorkingDays(at('2026-11-28T09:00'), 5, mainland)).toBe(at('2026-12-05T00:00'));
    // Over the spring festival: 13th and 14th, then the 24th to the 26th.
    expect(afterWorkingDays(at('2026-02-12T09:00'), 5, mainland)).toBe(at('2026-02-27T00:00'));
    expect(afterDays(at('2026-11-27T09:00'), 15)).toBe(at('2026-12-13T00:00'));
  });

  it('come in order, and as many as were asked for', () => {
    const instants = fc.integer({ min: at('2025-01-01T00:00'), max: at('2030-01-01T00:00') });
    fc.assert(
      fc.property(instants, fc.integer({ min: 1, max: 30 }), (from, count) => {
        const end = afterWorkingDays(from, count, mainland);
        let worked = 0;
        for (let one = from + day; one < end; one += day) if (isWorkingDay(one, mainland)) worked += 1;
        expect(worked).toBe(count);
        expect(isWorkingDay(end - 1, mainland)).toBe(true);
        expect(afterWorkingDays(from + 1, count, mainland)).toBeGreaterThanOrEqual(end);
      }),
    );
  });
});

const anyStep: fc.Arbitrary<{ what: IncidentStep; after: number }> = fc.record({
  what: fc.oneof(
    fc.record({
      kind: fc.constantFrom('confirm', 'dismiss', 'live-look', 'grant', 'refuse'),
      by: fc.constantFrom('learner', 'first', 'second'),
    }),
    fc.constantFrom({ kind: 'appeal' } as const, { kind: 'escalate' } as const),
  ),
  after: fc.integer({ min: 0, max: 20 * day }),
});

/** All states on the way, whatever people try. */
function walk(
  steps: readonly { what: IncidentStep; after: number }[],
): { state: IncidentState; now: number }[] {
  let now = at('2026-03-02T10:00');
  let state = opened(now);
  return [
    { state, now },
    ...steps.map(({ what, after }) => {
      now += after;
      const next = step(state, what, given(now));
      if (next.ok) state = next.state;
      return { state, now };
    }),
  ];
}

describe('[CH3, CH4] an incident', () => {
  it('is decided by a person, appealed by its learner and decided anew by another person', () => {
    const now = at('2026-11-27T10:00');
    const open = opened(now);
    expect(open).toEqual({ kind: 'open', decideBy: at('2026-12-05T00:00'), escalatedAt: null });
    const look = step(open, { kind: 'live-look', by: 'first' }, given(now));
    expect(look).toMatchObject({ ok: true, state: { kind: 'live-look', decideBy: at('2026-12-05T00:00') } });
    if (!look.ok) return;
    const confirmed = step(look.state, { kind: 'confirm', by: 'first' }, given(now));
    expect(confirmed).toEqual({
      ok: true,
      state: { kind: 'confirmed', decision: { at: now, by: 'first' }, appealBy: at('2026-12-13T00:00') },
    });
    if (!confirmed.ok) return;
    const late = step(confirmed.state, { kind: 'appeal' }, given(at('2026-12-13T00:00')));
    expect(late).toEqual({ ok: false, problem: 'not-in-time' });
    const appealed = step(confirmed.state, { kind: 'appeal' }, given(at('2026-12-12T23:59')));
    if (!appealed.ok) throw new Error('not appealed');
    for (const kind of ['grant', 'refuse'] as const)
      expect(step(appealed.state, { kind, by: 'first' }, given(now))).toEqual({
        ok: false,
        problem: 'not-by-this-person',
      });
    expect(step(appealed.state, { kind: 'grant', by: 'second' }, given(now))).toMatchObject({
      ok: true,
      state: { kind: 'granted', appealDecision: { by: 'second' } },
    });
  });

  it('is escalated once when overdue, and can still be decided', () => {
    const open = opened(at('2026-11-27T10:00'));
    expect(step(open, { kind: 'escalate' }, given(at('2026-12-04T23:59')))).toEqual({
      ok: false,
      problem: 'not-in-time',
    });
    const now = at('2026-12-05T00:00');
    const escalated = step(open, { kind: 'escalate' }, given(now));
    expect(escalated).toMatchObject({ ok: true, state: { kind: 'open', escalatedAt: now } });
    if (!escalated.ok) return;
    expect(step(escalated.state, { kind: 'escalate' }, given(now)).ok).toBe(false);
    expect(step(escalated.state, { kind: 'dismiss', by: 'first' }, given(now)).ok).toBe(true);
  });

  it('whatever people try: never decided by whom it is about, no appeal by who decided, one end', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 25 }), (steps) => {
        let ended: IncidentState | null = null;
        for (const { state, now } of walk(steps)) {
          if (ended) expect(state).toBe(ended);
          if (state.kind === 'dismissed' || state.kind === 'granted' || state.kind === 'refused')
            ended = state;
          if ('decision' in state) expect(state.decision.by).not.toBe(learnerId);
          if ('appealDecision' in state) {
            expect(state.appealDecision.by).not.toBe(learnerId);
            expect(state.appealDecision.by).not.toBe(state.decision.by);
          }
          // What is undecided keeps its pictures; what stands can no longer be both dismissed and taken back.
          if (isUndecided(state)) expect(holdsPictures(state, now)).toBe(true);
          if (ended) expect(holdsPictures(ended, now)).toBe(false);
          if (state.kind === 'dismissed' || state.kind === 'granted') expect(stands(state)).toBe(false);
        }
      }),
    );
  });

  it('keeps its pictures for the time to appeal, and no longer', () => {
    const now = at('2026-11-27T10:00');
    const confirmed = step(opened(now), { kind: 'confirm', by: 'first' }, given(now));
    if (!confirmed.ok || confirmed.state.kind !== 'confirmed') throw new Error('not confirmed');
    const { state } = confirmed;
    expect(confirmed.state.appealBy).toBe(afterDays(now, defaultIncidentPolicy.appealDays));
    expect(holdsPictures(state, confirmed.state.appealBy - 1)).toBe(true);
    expect(holdsPictures(state, confirmed.state.appealBy)).toBe(false);
  });
});
