import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attendance, attendanceWithTimeline } from '../src/attendance.ts';
import type { ClassFacts } from '../src/attendance.ts';
import { length, normalise } from '../src/intervals.ts';
import type { Outage } from '../src/outages.ts';
import { defaultPolicy as policy } from '../src/policy.ts';
import { closeVisit, newVisit, onProof } from '../src/presence.ts';
import type { PresenceInterval, Signal } from '../src/presence.ts';

const s = 1000;
const horizon = 900;
const second = fc.nat(horizon);
const pair = fc.tuple(second, second).map(([a, b]) => [Math.min(a, b) * s, Math.max(a, b) * s] as const);
const node = fc.constantFrom('n1', 'n2');

const unsaid = fc.constantFrom<PresenceInterval['cause']>('open', 'lost', 'node-lost', 'paused', 'replaced');
const gone = fc.constantFrom<PresenceInterval['cause']>('left', 'ended', 'hidden', 'identity-overdue');
const intervalOf = (cause: fc.Arbitrary<PresenceInterval['cause']>) =>
  fc
    .record({ span: pair, cause, node })
    .map(({ span: [from, lastProof], ...rest }): PresenceInterval => ({ from, lastProof, ...rest }));
const intervals = fc.array(intervalOf(fc.oneof(unsaid, gone)), { maxLength: 6 });

const outage = fc
  .record({ span: pair, open: fc.boolean(), scope: fc.constantFrom('all', 'n1', 'n2'), retry: fc.nat(30) })
  .map(({ span: [from, to], open, scope, retry }): Outage => ({
    from,
    to: open ? null : to,
    scope,
    announcedRetryMs: retry * s,
  }));

const facts = fc
  .record({
    intervals,
    live: fc.array(pair, { minLength: 1, maxLength: 3 }),
    outages: fc.array(outage, { maxLength: 3 }),
    now: fc.integer({ min: 1, max: horizon + 200 }),
    ended: fc.boolean(),
  })
  .map(({ live, now, ended, ...rest }): ClassFacts => {
    const spans = normalise(live.map(([from, to]) => ({ from, to })));
    return { ...rest, live: spans, policy, now: now * s, endedAt: ended ? (spans.at(-1)?.to ?? null) : null };
  });

const runs = { numRuns: 400 };

describe('attendance, whatever the facts', () => {
  it('[AT3] never exceeds wall time, and the rate stays between 0 and 1', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const { presentMs, liveMs, rate } = attendance(given);
        expect(presentMs).toBeLessThanOrEqual(liveMs);
        expect(liveMs).toBeLessThanOrEqual(Math.max(0, given.now));
        if (liveMs === 0) expect(rate).toBeNull();
        else expect(rate).toBe(presentMs / liveMs);
      }),
      runs,
    );
  });

  it('[AT3] does not depend on order or duplicates', () => {
    fc.assert(
      fc.property(facts, fc.array(fc.nat()), (given, seed) => {
        const twice = [...given.intervals, ...given.intervals];
        const shuffled = twice
          .map((interval, k) => ({ interval, key: seed[k] ?? k * 7919 }))
          .sort((a, b) => (a.key % 101) - (b.key % 101))
          .map(({ interval }) => interval);
        const changed = { ...given, intervals: shuffled, outages: given.outages.toReversed() };
        expect(attendance(changed)).toEqual(attendance(given));
        expect(attendanceWithTimeline(changed).timeline).toEqual(attendanceWithTimeline(given).timeline);
      }),
      runs,
    );
  });

  it('[AT3] one more interval never lowers presence', () => {
    fc.assert(
      fc.property(facts, intervalOf(unsaid), (given, more) => {
        const grown = attendance({ ...given, intervals: [...given.intervals, more] });
        expect(grown.presentMs).toBeGreaterThanOrEqual(attendance(given).presentMs);
      }),
      { numRuns: 2000 },
    );
  });

  it('[AT4] a record of going away never lowers what is proven; it may only withdraw a bridge', () => {
    fc.assert(
      fc.property(facts, intervalOf(gone), (given, more) => {
        const grown = attendance({ ...given, intervals: [...given.intervals, more] });
        expect(length(grown.counted)).toBeGreaterThanOrEqual(length(attendance(given).counted));
      }),
      runs,
    );
  });

  it('[AT4] one more outage never lowers presence', () => {
    fc.assert(
      fc.property(facts, outage, (given, more) => {
        const grown = attendance({ ...given, outages: [...given.outages, more] });
        expect(grown.presentMs).toBeGreaterThanOrEqual(attendance(given).presentMs);
      }),
      { numRuns: 1000 },
    );
  });

  it('[AT3] splitting an interval changes nothing', () => {
    fc.assert(
      fc.property(facts, fc.nat(), (given, where) => {
        const split = given.intervals.flatMap((i) => {
          const at = i.from + (where % (i.lastProof - i.from + 1));
          return [
            { ...i, lastProof: at },
            { ...i, from: at },
          ];
        });
        expect(attendance({ ...given, intervals: split }).presentMs).toBe(attendance(given).presentMs);
      }),
      { numRuns: 1000 },
    );
  });

  it('[AT4] an outage recorded in two parts is the same outage', () => {
    fc.assert(
      fc.property(facts, outage, fc.nat(), (given, whole, where) => {
        const to = whole.to ?? horizon * s;
        const at = whole.from + (where % (to - whole.from + 1));
        const parts = [
          { ...whole, to: at },
          { ...whole, from: at },
        ];
        const a = attendance({ ...given, outages: [whole] });
        const b = attendance({ ...given, outages: parts });
        expect(b.presentMs).toBe(a.presentMs);
      }),
      runs,
    );
  });

  it('[AT5] presence outside live time never counts', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const inside = normalise(
          given.live.map(({ from, to }) => ({ from, to: Math.min(to ?? given.now, given.now) })),
        );
        const { counted, bridged } = attendance(given);
        for (const span of [...counted, ...bridged]) {
          expect(inside.some(({ from, to }) => from <= span.from && span.to <= to)).toBe(true);
        }
      }),
      runs,
    );
  });

  it('[AT4] never bridges who had no proof in the outage or the 30 s before it, or did not return', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const touched = given.intervals.some((i) =>
          given.outages.some((o) => i.lastProof >= o.from - policy.proofGapMs && i.from < (o.to ?? Infinity)),
        );
        const { bridged } = attendance(given);
        if (!touched) expect(bridged).toEqual([]);
        const first = Math.min(...given.intervals.map((i) => i.from));
        const last = Math.max(...given.intervals.map((i) => i.from));
        for (const { from, to } of bridged) {
          expect(from).toBeGreaterThanOrEqual(first);
          expect(to).toBeLessThanOrEqual(last);
        }
      }),
      runs,
    );
  });

  it('[AT8] present + absent is live time, and the time line sums up exactly, without a hole', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const result = attendance(given);
        const absent = result.absences.reduce((sum, absence) => sum + absence.liveMs, 0);
        expect(result.presentMs + absent).toBe(result.liveMs);

        const pieces = attendanceWithTimeline(given).timeline;
        const sum = (kind: string) => length(pieces.filter((piece) => piece.kind === kind));
        expect(sum('counted') + sum('bridged')).toBe(result.presentMs);
        expect(sum('bridged')).toBe(length(result.bridged));
        pieces.forEach((piece, k) => {
          expect(piece.to).toBeGreaterThan(piece.from);
          const next = pieces[k + 1];
          if (next) expect(next.from).toBe(piece.to);
        });
        const started = given.live.find(({ from, to }) => from < Math.min(to ?? Infinity, given.now));
        if (started && result.pendingMs === 0) {
          expect(pieces[0]?.from).toBe(started.from);
          expect(pieces.at(-1)?.to).toBe(Math.min(given.endedAt ?? given.now, given.now));
        }
      }),
      runs,
    );
  });

  it('[AT9] a crash loses at most one heartbeat', () => {
    fc.assert(
      fc.property(fc.nat(500 * s), fc.integer({ min: 1, max: 300 * s }), (joined, stayed) => {
        const crash = joined + stayed;
        let visit = newVisit('n1');
        const signal: Omit<Signal, 'at' | 'kind'> = { visible: true, pip: false, identityOverdue: false };
        visit = onProof(visit, { ...signal, at: joined, kind: 'join' }, policy).state;
        for (let at = joined + policy.heartbeatMs; at <= crash; at += policy.heartbeatMs) {
          visit = onProof(visit, { ...signal, at, kind: 'heartbeat' }, policy).state;
        }
        const given = {
          live: [{ from: 0, to: null }],
          outages: [],
          policy,
          now: crash + 600 * s,
          endedAt: crash,
        };
        const kept = attendance({ ...given, intervals: [...closeVisit(visit, 'node-lost').closed] });
        expect(kept.presentMs).toBeLessThanOrEqual(stayed);
        expect(kept.presentMs).toBeGreaterThan(stayed - policy.heartbeatMs);
      }),
    );
  });
});
