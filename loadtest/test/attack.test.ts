import { beforeAll, describe, expect, it } from 'vitest';
import { type AttackReport, runAttacks } from '../src/attack/run.ts';

const short = [
  '16-times-speed',
  'seek-ahead',
  'report-of-99999-s',
  'finished-by-api-at-once',
  'clock-set-forward',
  'replayed-and-reordered',
  'two-pages',
  'five-devices',
  'challenge-blocked',
  'challenge-auto-clicked',
];
let report: AttackReport;
beforeAll(async () => {
  report = await runAttacks({ only: short, honestMs: 30 * 60_000 });
});

describe('[B8, WL1–WL8] attacks on recorded lessons', () => {
  it('on time, order and lease earn nothing', () => {
    expect(report.results.filter(({ kind, beyondS }) => kind === 'time' && beyondS > 0)).toEqual([]);
  });

  it('on who sits there earn at most until the next challenge', () => {
    // Each guess that is lucky, once in so many, earns until the one after it.
    for (const { attack, beyondS, passes } of report.results.filter(({ kind }) => kind === 'person'))
      expect([attack, beyondS <= (1 + passes) * 15 * 60 + 20]).toEqual([attack, true]);
  });

  it('are on record with their reason', () => {
    const of = (name: string) => report.results.find(({ attack }) => attack === name)?.reasons ?? [];
    expect(of('16-times-speed')).toContain('seek-ahead');
    expect(of('report-of-99999-s')).toContain('too-fast');
    expect(of('challenge-blocked')).toContain('challenge-missed');
  });

  it('an honest learner with a bad network loses at most one second in a hundred', () => {
    expect(report.honest.watchedS).toBeGreaterThan(20 * 60);
    expect(report.honest.refusedRatio).toBeLessThanOrEqual(0.01);
  });
});
