import { expect, test } from 'vitest';
import { createEventQueue } from '../src/simulate/events.ts';
import { createRandom } from '../src/simulate/random.ts';

test('what happens comes in order of time, and at one time in the order it was put in', () => {
  const queue = createEventQueue();
  const random = createRandom(1);
  const times = Array.from({ length: 500 }, () => random.below(50));
  const seen: { time: number; number: number }[] = [];
  for (const [number, time] of times.entries())
    queue.at(time, () => {
      expect(queue.now).toBe(time);
      seen.push({ time, number });
    });
  queue.runUntil(100);
  const expected = times
    .map((time, number) => ({ time, number }))
    .toSorted((a, b) => a.time - b.time || a.number - b.number);
  expect(seen).toEqual(expected);
  expect(queue.now).toBe(100);
});

test('what is put in meanwhile happens too, up to the end and not beyond', () => {
  const queue = createEventQueue();
  let count = 0;
  const tick = () => {
    count += 1;
    queue.at(queue.now + 10, tick);
  };
  queue.at(0, tick);
  queue.runUntil(95);
  expect(count).toBe(10);
  expect(() => queue.at(90, tick)).toThrow('passed');
});

test('equal seeds give equal numbers, spread evenly', () => {
  const [one, same, other] = [createRandom(5), createRandom(5), createRandom(6)];
  const drawn = Array.from({ length: 10_000 }, () => one.next());
  expect(drawn.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => same.next()));
  expect(drawn[0]).not.toBe(other.next());
  expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
  expect(drawn.reduce((sum, value) => sum + value, 0) / drawn.length).toBeCloseTo(0.5, 1);
});
