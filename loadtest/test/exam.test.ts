import { expect, it } from 'vitest';
import { run } from '../src/exam.ts';

const figureOf = (figures: Awaited<ReturnType<typeof run>>, name: string) =>
  figures.find(({ figure }) => figure === name)?.value;

it('[EX2, EX3] loses and doubles nothing acknowledged, through kill -9 of the service and of PostgreSQL', async () => {
  const figures = await run({ rounds: 1, viewers: 40, set: null });
  expect(figureOf(figures, 'answers_lost')).toBe(0);
  expect(figureOf(figures, 'answers_duplicated')).toBe(0);
  expect(figureOf(figures, 'autosaves_per_core_s')).toBeGreaterThan(0);
  expect(figureOf(figures, 'submit_p99_ms')).toBeGreaterThan(0);
}, 240_000);
