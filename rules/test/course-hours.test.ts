import fc from 'fast-check';
import type { HourEntryContent, LedgerContent, LedgerEntry } from '@keshi/contract/ledger';
import { describe, expect, it } from 'vitest';
import {
  after,
  courseHours,
  firstMiscounted,
  isEligible,
  noHours,
  replayCredit,
  unitOf,
} from '../src/course-hours.ts';
import { link } from '../src/ledger.ts';
import { length } from '../src/intervals.ts';

const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const min = 60_000;
const hourMs = 45 * min;

/** One learner's course, written entry after entry as the ledger would. */
function book(capMs: number | null = null) {
  const entries: LedgerEntry[] = [];
  let at = 0;
  const write = (content: LedgerContent, earnedAt?: number) => {
    at += 1000;
    const draft = { content, earnedAt: earnedAt ?? at, capMs };
    const { course, deltaMs } = after(courseHours(entries), entries.length + 1, draft);
    const entry = link(entries.at(-1) ?? null, {
      learnerId: id(1),
      courseId: id(2),
      key: String(at),
      at,
      ...draft,
      deltaMs,
      balanceMs: course.balanceMs,
    });
    entries.push(entry);
    return entry;
  };
  const hour = (
    classId: number,
    credited: [number, number][],
    more: Partial<HourEntryContent> = {},
  ): HourEntryContent => ({
    kind: 'settlement',
    source: 'live',
    classId: id(classId),
    hour: 1,
    revision: 1,
    liveMs: hourMs,
    presentMs: hourMs,
    creditedMs: credited.reduce((sum, [from, to]) => sum + (to - from) * min, 0),
    spans: credited.map(([from, to]) => [from * min, to * min]),
    uncredited: [],
    signIn: 'face',
    ...(more as object),
  });
  const decided = { by: id(8), evidenceId: id(9) };
  return {
    entries,
    now: () => at,
    balance: () => courseHours(entries).balanceMs / min,
    eligible: () => isEligible(courseHours(entries)),
    settle: (classId: number, credited: [number, number][], earnedAt?: number) =>
      write(hour(classId, credited), earnedAt),
    replay: (classId: number, credited: [number, number][]) =>
      write(hour(classId, credited, { source: 'replay' })),
    correct: (seq: number, classId: number, credited: [number, number][], earnedAt?: number) =>
      write(
        { ...hour(classId, credited), kind: 'correction', corrects: seq, cause: 'late-facts', revision: 2 },
        earnedAt,
      ),
    reverse: () => write({ kind: 'reversal', ...decided, ground: 'stand-in' }),
    restore: (reversal: number) =>
      write({ kind: 'restoration', ...decided, ground: 'appeal-granted', reversal }),
  };
}

describe('[CH3] reversal and restoration', () => {
  it('reverses all hours of the course, which can be earned anew', () => {
    const of = book();
    of.settle(3, [[0, 45]]);
    of.settle(4, [[0, 30]]);
    expect(of.reverse().deltaMs).toBe(-75 * min);
    expect(of.balance()).toBe(0);
    of.settle(5, [[0, 45]]);
    expect(of.balance()).toBe(45);
  });

  it('covers what was earned before the decision and is settled after it', () => {
    const of = book();
    const earned = of.now();
    of.reverse();
    expect(of.settle(3, [[0, 45]], earned).deltaMs).toBe(0);
    expect(of.settle(4, [[0, 45]]).deltaMs).toBe(45 * min);
  });

  it('restores the union of what was and what is, never both', () => {
    const of = book();
    of.settle(3, [[0, 30]]);
    const { seq } = of.reverse();
    of.replay(3, [[20, 45]]);
    expect(of.balance()).toBe(25);
    expect(of.restore(seq).deltaMs).toBe(20 * min);
    expect(of.balance()).toBe(45);
    // Granting it once more adds nothing.
    expect(of.restore(seq).deltaMs).toBe(0);
  });

  it('keeps void what another reversal covers as well', () => {
    const of = book();
    of.settle(3, [[0, 45]]);
    const first = of.reverse();
    of.settle(4, [[0, 45]]);
    const second = of.reverse();
    expect(of.restore(first.seq).deltaMs).toBe(0);
    expect(of.restore(second.seq).deltaMs).toBe(90 * min);
  });

  it('makes the course ineligible for subsidy with the second, and nothing else', () => {
    const of = book();
    of.settle(3, [[0, 45]]);
    const first = of.reverse();
    expect(of.eligible()).toBe(true);
    of.reverse();
    expect(of.eligible()).toBe(false);
    of.settle(4, [[0, 45]]);
    expect(of.balance()).toBe(45);
    of.restore(first.seq);
    expect(of.eligible()).toBe(true);
  });

  it('lets a correction of a reversed hour show in what is restored', () => {
    const of = book();
    const settled = of.settle(3, [[0, 30]]);
    const { seq } = of.reverse();
    expect(of.correct(settled.seq, 3, [[0, 40]], settled.earnedAt).deltaMs).toBe(0);
    expect(of.restore(seq).deltaMs).toBe(40 * min);
  });
});

describe('[CH5] limits', () => {
  it('a replay earns only what was not earned live', () => {
    const of = book();
    of.settle(3, [[0, 30]]);
    const course = courseHours(of.entries);
    const rest = replayCredit(course, unitOf({ classId: id(3), hour: 1 }), [
      { from: 10 * min, to: 45 * min },
    ]);
    expect(rest).toEqual([{ from: 30 * min, to: 45 * min }]);
    expect(of.replay(3, [[10, 45]]).deltaMs).toBe(15 * min);
  });

  it('credit never exceeds the declared hours, also not by a restoration', () => {
    const of = book(60 * min);
    of.settle(3, [[0, 45]]);
    expect(of.settle(4, [[0, 45]]).deltaMs).toBe(15 * min);
    const { seq } = of.reverse();
    of.settle(5, [[0, 45]]);
    expect(of.restore(seq).deltaMs).toBe(15 * min);
    expect(of.balance()).toBe(60);
  });
});

type Step =
  | { do: 'settle' | 'replay'; classId: number; from: number; to: number }
  | { do: 'correct'; pick: number; from: number; to: number }
  | { do: 'reverse' }
  | { do: 'restore'; pick: number };
const span = { from: fc.nat(45), to: fc.nat(45) };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom('settle' as const, 'replay' as const),
    classId: fc.integer({ min: 3, max: 6 }),
    ...span,
  }),
  fc.record({ do: fc.constant('correct' as const), pick: fc.nat(), ...span }),
  fc.record({ do: fc.constant('reverse' as const) }),
  fc.record({ do: fc.constant('restore' as const), pick: fc.nat() }),
);

function play(steps: readonly Step[], cap: number | null) {
  const of = book(cap);
  for (const one of steps) {
    const spans: [number, number][] =
      'from' in one && one.from !== one.to ? [[Math.min(one.from, one.to), Math.max(one.from, one.to)]] : [];
    switch (one.do) {
      case 'settle':
        of.settle(one.classId, spans);
        break;
      case 'replay':
        of.replay(one.classId, spans);
        break;
      case 'correct': {
        const earlier = of.entries.filter(({ content }) => content.kind === 'settlement');
        const picked = earlier[one.pick % earlier.length];
        if (picked?.content.kind === 'settlement')
          of.correct(picked.seq, Number(picked.content.classId.slice(-12)), spans, picked.earnedAt);
        break;
      }
      case 'reverse':
        of.reverse();
        break;
      case 'restore': {
        const reversals = of.entries.filter(({ content }) => content.kind === 'reversal');
        const picked = reversals[one.pick % reversals.length];
        if (picked) of.restore(picked.seq);
        break;
      }
    }
  }
  return of;
}

describe('whatever is written', () => {
  const steps = fc.array(step, { maxLength: 14 });
  const cap = fc.option(fc.nat(200).map((minutes) => minutes * min));

  it('is never negative, never above the declared hours, and adds up to its last balance', () => {
    fc.assert(
      fc.property(steps, cap, (todo, capMs) => {
        const { entries } = play(todo, capMs);
        for (const { balanceMs } of entries) {
          expect(balanceMs).toBeGreaterThanOrEqual(0);
          if (capMs !== null) expect(balanceMs).toBeLessThanOrEqual(capMs);
        }
        const sum = entries.reduce((total, { deltaMs }) => total + deltaMs, 0);
        expect(sum).toBe(entries.at(-1)?.balanceMs ?? 0);
        expect(firstMiscounted(entries)).toBeNull();
      }),
    );
  });

  it('never counts a minute of an hour twice', () => {
    fc.assert(
      fc.property(steps, (todo) => {
        const { entries } = play(todo, null);
        const units = new Set(
          entries.flatMap(({ content }) => ('classId' in content ? [unitOf(content)] : [])),
        );
        expect(courseHours(entries).balanceMs).toBeLessThanOrEqual(units.size * hourMs);
      }),
    );
  });

  it('a reversal that is taken back leaves no trace in the balance', () => {
    fc.assert(
      fc.property(steps, (todo) => {
        const of = play(todo, null);
        const before = of.balance();
        const { seq } = of.reverse();
        of.restore(seq);
        expect(of.balance()).toBe(before);
      }),
    );
  });

  it('names the entry whose sums are wrong', () => {
    const of = book();
    of.settle(3, [[0, 45]]);
    of.settle(4, [[0, 45]]);
    const wrong = of.entries.map((entry) =>
      entry.seq === 2 ? { ...entry, deltaMs: entry.deltaMs + 1 } : entry,
    );
    expect(firstMiscounted(wrong)?.seq).toBe(2);
    expect(length(replayCredit(noHours, 'x', [{ from: 0, to: 5 }]))).toBe(5);
  });
});
