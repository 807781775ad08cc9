/**
 * The model against real nodes: who is where, and which pipes there are, is exact or wrong. What it makes of processor
 * time is compared by `npm run simulate -- --check`, on a machine that does nothing else.
 */
import { expect, test } from 'vitest';
import { checkModel } from '../src/simulate/check.ts';

test('predicts where viewers of real nodes are, and their pipes', { timeout: 180_000 }, async () => {
  const { layout } = await checkModel(1);
  expect(layout.length).toBeGreaterThan(0);
  for (const { what, predicted, measured } of layout) expect(measured, what).toBe(predicted);
});
