/** What a bench measures: one number of ours, and where there is one the same number of a peer, from the same run. */
import { z } from 'zod';

export const figure = z.object({
  /** Snake case, with the unit last. */
  figure: z.string().regex(/^[a-z0-9_]+$/),
  value: z.number(),
  unit: z.string(),
  /** What it is compared with; null when it stands alone. */
  against: z.string().nullable(),
  againstValue: z.number().nullable(),
  /**
   * Ours over theirs: the median of the rounds' own ratios, because both sides of one round met the same neighbours.
   * It need not equal the quotient of the two medians.
   */
  ratio: z.number().nullable(),
  rounds: z.int().positive(),
});
export type Figure = z.infer<typeof figure>;

/** A figure that is compared with nothing. */
export const alone = (figure: string, value: number, unit: string, rounds = 1): Figure => ({
  figure,
  value,
  unit,
  against: null,
  againstValue: null,
  ratio: null,
  rounds,
});

export interface BenchOptions {
  /** How often ours and the peer take turns; figures are medians over rounds. */
  rounds: number;
  /** How many viewers, where a bench can be made smaller or larger; null: as many as it is meant for. */
  viewers: number | null;
  /** A folder with data of the operator's own, where a bench takes one. */
  set: string | null;
}
export type Bench = (options: BenchOptions) => Promise<Figure[]>;

/** The value below which that share of the values lies; throws when there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
