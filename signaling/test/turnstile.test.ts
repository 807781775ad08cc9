/** [A2] Who is let in, who is told to come again, and when: without a clock, and with the chance of a seed. */
import { describe, expect, test } from 'vitest';
import { createTurnstile, waitFor, type Comer, type Crowd } from '../src/turnstile.ts';

const crowd = (changes: Partial<Crowd> = {}): Crowd => ({
  underWay: 0,
  perSecond: 200,
  perQuietSecond: 200,
  promised: { preferred: 0, newcomer: 0 },
  ...changes,
});

/** A generator of chance that says the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** At most, of what it was told (`web/client/src/net/class-socket.ts`). */
const pageAdds = 0.25;

describe('one who comes', () => {
  const roomFor = (comer: Comer, at: 'door' | 'class', perSecond: number) => {
    let underWay = 0;
    while (waitFor(crowd({ underWay, perSecond }), comer, at, 0.5) === null) underWay += 1;
    return underWay;
  };

  test('is let in while all who are being taken in are answered within three seconds; newcomers leave half of it to others', () => {
    expect(roomFor('preferred', 'class', 200)).toBe(600);
    expect(roomFor('newcomer', 'class', 200)).toBe(300);
    expect(roomFor('preferred', 'door', 200)).toBe(480);
    expect(roomFor('newcomer', 'door', 200)).toBe(240);
  });

  test('finds some room even where nothing could be done for a while', () => {
    expect(roomFor('newcomer', 'class', 20)).toBe(32);
  });

  test('waits for those before, at the pace that was measured, give or take a quarter', () => {
    const at = (random: number) =>
      waitFor(
        crowd({ underWay: 600, promised: { preferred: 400, newcomer: 1_000 } }),
        'preferred',
        'class',
        random,
      );
    expect([at(0), at(0.5), at(1)]).toEqual([3_750, 5_000, 6_250]);
    const newcomer = crowd({ underWay: 300, promised: { preferred: 400, newcomer: 1_000 } });
    expect(waitFor(newcomer, 'newcomer', 'class', 0.5)).toBe(8_500);
  });

  test('who comes back and has far to go is asked again half-way', () => {
    const wait = (promised: number, comer: Comer) =>
      waitFor(crowd({ underWay: 600, promised: { preferred: promised, newcomer: 0 } }), comer, 'class', 0.5);
    // Ten, twenty-eight and forty seconds away.
    expect([1_400, 5_000, 7_400].map((promised) => wait(promised, 'preferred'))).toEqual([
      10_000, 15_000, 20_000,
    ]);
    expect([1_400, 5_000, 7_400].map((promised) => wait(promised, 'newcomer'))).toEqual([
      10_000, 28_000, 40_000,
    ]);
  });

  test('[AT4] what a page adds to the turn it was told is over within a minute of it, however many are before', () => {
    const endless = crowd({ underWay: 1_000, promised: { preferred: 1e6, newcomer: 1e6 } });
    for (const comer of ['preferred', 'newcomer'] as const) {
      const turnMs = waitFor(endless, comer, 'door', 1) ?? 0;
      expect(turnMs).toBe(75_000);
      expect(turnMs * pageAdds).toBeLessThan(60_000);
    }
  });
});

interface Storm {
  coming: { comer: Comer; at: number }[];
  /** Joins the node really completes in a second, while it refuses nobody. */
  capacity: number;
  /** What it costs to refuse somebody, in joins. */
  refusalCost?: number;
}

/** Pages as they are, and a node that takes one after another, in steps of 10 ms. */
function weather({ coming, capacity, refusalCost = 0 }: Storm) {
  let now = 0;
  const random = seeded(7);
  const turnstile = createTurnstile({ now: () => now, random });
  const pages = coming.map(({ comer, at }) => ({
    comer,
    askedAt: at,
    firstAt: at,
    asked: 0,
    inAt: -1,
    waits: 0,
  }));
  const waiting = new Set(pages);
  const working: { page: (typeof pages)[number]; since: number }[] = [];
  let longestWorkMs = 0;
  let done = 0;
  for (; waiting.size + working.length > 0 && now < 600_000; now += 10) {
    let refused = 0;
    for (const page of waiting) {
      if (page.askedAt > now) continue;
      page.asked += 1;
      const waitMs = turnstile.enter(page.comer);
      if (waitMs === null) {
        waiting.delete(page);
        working.push({ page, since: now });
      } else {
        refused += 1;
        const delay = waitMs * (1 + random() * pageAdds);
        page.waits = Math.max(page.waits, delay);
        page.askedAt = now + delay;
      }
    }
    for (done += capacity / 100 - refused * refusalCost; done >= 1; done -= 1) {
      const first = working.shift();
      if (!first) continue;
      longestWorkMs = Math.max(longestWorkMs, now - first.since);
      first.page.inAt = now;
      turnstile.done('joined');
    }
  }
  return { pages, longestWorkMs, perSecond: turnstile.crowd.perSecond, tookMs: now };
}

const many = (count: number, comer: Comer, over = 1_000) =>
  Array.from({ length: count }, (_, n) => ({ comer, at: Math.floor((n * over) / count) }));

describe('a storm', () => {
  test.each([60, 300, 1_000])(
    'of 8,000 who come back to a node that takes %i a second: all are in, nobody is given up on, and little time is lost',
    (capacity) => {
      const { pages, longestWorkMs, perSecond, tookMs } = weather({
        coming: many(8_000, 'preferred'),
        capacity,
      });
      expect(pages.every(({ inAt }) => inAt >= 0)).toBe(true);
      // A page gives up after ten seconds, and what it asked for would be done all the same.
      expect(longestWorkMs).toBeLessThan(10_000);
      expect(perSecond / capacity).toBeGreaterThan(0.5);
      expect(perSecond / capacity).toBeLessThan(1.3);
      // A third more than it takes to work; a fast node learns only with the first second how fast it is.
      expect(tookMs).toBeLessThan(Math.max((8_000 / capacity) * 1_000 * 1.33, 30_000));
      expect(Math.max(...pages.map(({ waits }) => waits))).toBeLessThan(94_000);
    },
  );

  test.each([60, 300])(
    'of as many as a node may hold, whom it costs time to refuse, comes to an end where %i a second could be taken in',
    (capacity) => {
      const comers = 17_000;
      const { pages, tookMs } = weather({ coming: many(comers, 'preferred'), capacity, refusalCost: 0.1 });
      expect(pages.every(({ inAt }) => inAt >= 0)).toBe(true);
      // Half as long again as the work takes, and the longest wait that is told.
      expect(tookMs).toBeLessThan((comers / capacity) * 1_000 * 1.5 + 60_000);
    },
  );

  test('who was here before comes in before those who were not', () => {
    const { pages } = weather({
      coming: [...many(3_000, 'newcomer'), ...many(3_000, 'preferred')],
      capacity: 300,
    });
    const meanOf = (comer: Comer) => {
      const times = pages.filter((page) => page.comer === comer).map(({ inAt, firstAt }) => inAt - firstAt);
      return times.reduce((sum, ms) => sum + ms, 0) / times.length;
    };
    expect(meanOf('preferred')).toBeLessThan(meanOf('newcomer') * 0.7);
  });
});
