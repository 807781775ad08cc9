import { expect, test } from 'vitest';
import { createDueList } from '../src/due-list.ts';

test('gives what is due, to the millisecond and once, and what was put off or taken out not', () => {
  const due = createDueList<string>();
  due.set('a', 1_500);
  due.set('b', 1_501);
  due.set('c', 900);
  due.set('d', 1_200);
  due.set('c', 700_000);
  due.delete('d');
  expect(due.take(1_499)).toEqual([]);
  expect(due.take(1_500)).toEqual(['a']);
  expect(due.take(600_000)).toEqual(['b']);
  expect(due.size).toBe(1);
  expect(due.take(700_000)).toEqual(['c']);
  expect([due.size, due.take(Infinity)]).toEqual([0, []]);
});
