import { drawLine, type DrawLine, type PaperPlan } from '@keshi/contract/exams';
import { itemKind } from '@keshi/contract/items';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawPaper, fits, type PoolItem, worthOf } from '../../src/exams/drawing.ts';
import { seeded, shuffled } from '../../src/exams/seeded.ts';

const idOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const item = fc.record({
  kind: fc.constantFrom(...itemKind.options),
  contentPoint: fc.constantFrom('电路', '安全', '照明'),
  difficulty: fc.integer({ min: 1, max: 3 }),
  revision: fc.integer({ min: 1, max: 4 }),
  parts: fc.integer({ min: 0, max: 6 }),
});
const pools = fc
  .array(item, { minLength: 0, maxLength: 40 })
  .map((items) => items.map((one, n): PoolItem => ({ ...one, id: idOf(n) })));
const lines = fc.array(
  fc.record({
    kind: fc.option(fc.constantFrom(...itemKind.options)),
    contentPoint: fc.option(fc.constantFrom('电路', '安全', '照明')),
    difficulty: fc.option(fc.integer({ min: 1, max: 3 })),
    count: fc.integer({ min: 1, max: 8 }),
    points: fc.integer({ min: 1, max: 500 }),
  }),
  { minLength: 1, maxLength: 5 },
);
const options = { seed: 'a seed', shuffle: true };

/** How many places can be filled at all, by trying every way: a maximum matching, one place after the other. */
function mostPlaces(wanted: readonly DrawLine[], pool: readonly PoolItem[]): number {
  const places = wanted.flatMap((line) => Array.from({ length: line.count }, () => line));
  const takenBy = new Map<number, number>();
  const seat = (place: number, tried: Set<number>): boolean =>
    pool.some((one, n) => {
      const line = places[place];
      if (!line || tried.has(n) || !fits(line, one)) return false;
      tried.add(n);
      const other = takenBy.get(n);
      if (other !== undefined && !seat(other, tried)) return false;
      takenBy.set(n, place);
      return true;
    });
  return places.filter((_, place) => seat(place, new Set())).length;
}

describe('[EX4] a paper drawn by rule', () => {
  it('has what each line asks for, nothing twice, or says how much is missing', () => {
    fc.assert(
      fc.property(pools, lines, fc.string(), fc.boolean(), (pool, wanted, seed, shuffle) => {
        const plan: PaperPlan = { by: 'rule', lines: wanted };
        const drawn = drawPaper(plan, pool, { seed, shuffle });
        const asked = wanted.reduce((sum, { count }) => sum + count, 0);
        const most = mostPlaces(wanted, pool);
        if (drawn.kind === 'short') {
          expect(drawn.missing.reduce((sum, { count }) => sum + count, 0)).toBe(asked - most);
          return;
        }
        expect(most).toBe(asked);
        expect(drawn.paper).toHaveLength(asked);
        expect(new Set(drawn.paper.map(({ itemId }) => itemId)).size).toBe(asked);
        expect(worthOf(drawn.paper)).toBe(wanted.reduce((sum, { count, points }) => sum + count * points, 0));
        const byId = new Map(pool.map((one) => [one.id, one]));
        for (const question of drawn.paper) {
          const from = byId.get(question.itemId);
          expect([question.revision, question.kind]).toEqual([from?.revision, from?.kind]);
          expect(question.shown.toSorted((a, b) => a - b)).toEqual(
            Array.from({ length: from?.parts ?? 0 }, (_, place) => place),
          );
          expect(wanted.some((line) => from && fits(line, from) && line.points === question.points)).toBe(
            true,
          );
        }
      }),
    );
  });

  it('is the same for the same seed, whatever the order of the bank', () => {
    fc.assert(
      fc.property(pools, lines, fc.string(), fc.string(), (pool, wanted, seed, order) => {
        const plan: PaperPlan = { by: 'rule', lines: wanted };
        const other = shuffled(pool, seeded(order));
        expect(drawPaper(plan, other, { seed, shuffle: true })).toEqual(
          drawPaper(plan, pool, { seed, shuffle: true }),
        );
      }),
    );
  });

  it('leaves the narrow lines what they need', () => {
    const pool: PoolItem[] = [1, 2].map((n) => ({
      id: idOf(n),
      revision: 1,
      kind: n === 1 ? 'single' : 'multiple',
      contentPoint: '',
      difficulty: 3,
      parts: 4,
    }));
    const wide = drawLine.parse({ count: 1, points: 100 });
    const narrow = drawLine.parse({ kind: 'single', count: 1, points: 200 });
    for (let seed = 0; seed < 30; seed++)
      expect(
        drawPaper({ by: 'rule', lines: [wide, narrow] }, pool, { ...options, seed: String(seed) }).kind,
      ).toBe('drawn');
  });

  it('differs from learner to learner', () => {
    const pool = Array.from({ length: 60 }, (_, n): PoolItem => {
      return { id: idOf(n), revision: 1, kind: 'single', contentPoint: '', difficulty: 3, parts: 4 };
    });
    const plan: PaperPlan = { by: 'rule', lines: [drawLine.parse({ count: 10, points: 100 })] };
    const papers = Array.from({ length: 200 }, (_, n) =>
      drawPaper(plan, pool, { ...options, seed: `learner ${n}` }),
    );
    expect(new Set(papers.map((drawn) => JSON.stringify(drawn))).size).toBe(200);
    // Each question comes about as often as any other: 200 papers of 10 from 60 are 33 times each.
    const times = new Map<string, number>();
    for (const drawn of papers)
      for (const { itemId } of drawn.kind === 'drawn' ? drawn.paper : [])
        times.set(itemId, (times.get(itemId) ?? 0) + 1);
    expect(Math.min(...times.values())).toBeGreaterThan(12);
    expect(Math.max(...times.values())).toBeLessThan(60);
  });
});

describe('[EX4] a paper of chosen questions', () => {
  const pool: PoolItem[] = [3, 1, 2].map((n) => {
    return { id: idOf(n), revision: n, kind: 'single', contentPoint: '', difficulty: 3, parts: 2 };
  });
  const plan: PaperPlan = {
    by: 'fixed',
    questions: [1, 2].map((n) => ({ itemId: idOf(n), points: n * 100 })),
  };

  it('has them in their order when it is not shuffled', () => {
    const drawn = drawPaper(plan, pool, { seed: 'x', shuffle: false });
    expect(drawn).toEqual({
      kind: 'drawn',
      paper: [1, 2].map((n) => ({
        itemId: idOf(n),
        revision: n,
        kind: 'single',
        points: n * 100,
        shown: [0, 1],
      })),
    });
  });

  it('says which are not there any more', () => {
    expect(drawPaper(plan, pool.slice(0, 2), options)).toEqual({
      kind: 'short',
      missing: [{ line: 1, count: 1 }],
    });
  });
});
