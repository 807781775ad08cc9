/** The model against real nodes. */
import { expect, test } from 'vitest';
import { checkModel, errorOf, tolerance } from '../src/simulate/check.ts';

/** Processor time is noisy where neighbours share the core: a window that is off is looked at again. */
const attempts = 3;

test(
  'predicts where viewers of real nodes are, their pipes, and their workers’ load',
  { timeout: 180_000 },
  async () => {
    let worst = Infinity;
    for (let attempt = 0; attempt < attempts && worst > tolerance; attempt++) {
      const { layout, processor } = await checkModel(10);
      for (const { what, predicted, measured } of layout) expect(measured, what).toBe(predicted);
      worst = Math.max(...processor.map(errorOf));
    }
    expect(worst).toBeLessThanOrEqual(tolerance);
  },
);
