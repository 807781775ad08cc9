import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classHours, hourCredit, presentByHour } from '../src/class-hours.ts';
import { length, normalise, union } from '../src/intervals.ts';
import { defaultPolicy as policy } from '../src/policy.ts';

const min = 60_000;
const live = (...pairs: [number, number][]) =>
  pairs.map(([from, to]) => ({ from: from * min, to: to * min }));
const lengths = (spans: ReturnType<typeof live>, running = false) =>
  classHours(spans, policy, running).map((hour) => hour.liveMs / min);

describe('[AT7] class hours', () => {
  it('45 min each, a remainder belongs to the hour before, less than one is one as it is', () => {
    expect(lengths(live([0, 45]))).toEqual([45]);
    expect(lengths(live([0, 90]))).toEqual([45, 45]);
    expect(lengths(live([0, 89]))).toEqual([89]);
    expect(lengths(live([0, 100]))).toEqual([45, 55]);
    expect(lengths(live([0, 20]))).toEqual([20]);
    expect(lengths([])).toEqual([]);
  });

  it('counts live time only: a pause moves the end of an hour', () => {
    const hours = classHours(live([0, 30], [40, 100]), policy, false);
    expect(hours.map((hour) => hour.live)).toEqual([live([0, 30], [40, 55]), live([55, 100])]);
  });

  it('while the class runs, a remainder is an hour of its own that is not settled', () => {
    expect(
      classHours(live([0, 50]), policy, true).map(({ liveMs, settled }) => [liveMs / min, settled]),
    ).toEqual([
      [45, true],
      [5, false],
    ]);
    expect(lengths(live([0, 45]), true)).toEqual([45]);
    expect(lengths(live([0, 20]), true)).toEqual([20]);
  });

  it('share the live time and the presence among them, exactly', () => {
    const spans = fc
      .array(fc.tuple(fc.nat(300 * min), fc.nat(100 * min)), { maxLength: 5 })
      .map((list) => normalise(list.map(([from, len]) => ({ from, to: from + len }))));
    fc.assert(
      fc.property(spans, spans, fc.boolean(), (time, present, running) => {
        const hours = classHours(time, policy, running);
        expect(hours.reduce((all, hour) => union(all, hour.live), normalise([]))).toEqual(time);
        expect(hours.reduce((sum, hour) => sum + hour.liveMs, 0)).toBe(length(time));
        const inside = presentByHour(hours, present).reduce((sum, ms) => sum + ms, 0);
        expect(inside).toBe(length(time) + length(present) - length(union(time, present)));
        if (!running && length(time) >= policy.classHourMs) {
          for (const hour of hours) expect(hour.liveMs).toBeGreaterThanOrEqual(policy.classHourMs);
        }
      }),
    );
  });
});

describe('[AT10] what an hour earns', () => {
  const hour = { liveMs: 50 * min, presentMs: 44 * min, signedIn: true };

  it('its present time, or all of it from 90 %', () => {
    expect(hourCredit(hour, policy)).toBe(44 * min);
    expect(hourCredit({ ...hour, presentMs: 45 * min }, policy)).toBe(50 * min);
    expect(hourCredit({ ...hour, presentMs: 45 * min }, { ...policy, fullHourFrom: null })).toBe(45 * min);
  });

  it('[AT7] nothing without a sign-in', () => {
    expect(hourCredit({ ...hour, presentMs: 50 * min, signedIn: false }, policy)).toBe(0);
  });
});
