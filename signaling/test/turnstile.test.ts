/** [A2] Who is let in, who is told to come again, and when: without a clock, and with the chance of a seed. */
import { describe, expect, test } from 'vitest';
import { createTurnstile, waitFor, type Comer, type Crowd } from '../src/turnstile.ts';

const crowd = (changes: Partial<Crowd> = {}): Crowd => ({
  underWay: 0,
  perSecond: 200,
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

  test('[AT2, AT4] who comes back is asked again within 30 s, with what the page adds, however many are before', () => {
    const endless = crowd({ underWay: 1_000, promised: { preferred: 1e6, newcomer: 1e6 } });
    expect(waitFor(endless, 'preferred', 'door', 1)! * 1.5).toBeLessThan(30_000);
    expect(waitFor(endless, 'newcomer', 'door', 1)).toBe(75_000);
  });
});

interface Storm {
  coming: { comer: Comer; at: number }[];
  /** Joins the node really completes in a second. */
  capacity: number;
}

/** Pages as they are, and a node that takes one after another, in steps of 10 ms. */
function weather({ coming, capacity }: Storm) {
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
    for (const page of waiting) {
      if (page.askedAt > now) continue;
      page.asked += 1;
      const waitMs = turnstile.enter(page.comer);
      if (waitMs === null) {
        waiting.delete(page);
        working.push({ page, since: now });
      } else {
        const delay = waitMs * (1 + random() * 0.5);
        page.waits = Math.max(page.waits, delay);
        page.askedAt = now + delay;
      }
    }
    for (done += capacity / 100; done >= 1; done -= 1) {
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
      expect(Math.max(...pages.map(({ waits }) => waits))).toBeLessThan(30_000);
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
