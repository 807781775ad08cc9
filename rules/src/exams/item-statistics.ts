/** How a question did in real attempts (F3): how hard it was, and whether it tells those who know from those who do not. */

/** One answer to the question, with what the whole attempt earned. */
export interface ItemResult {
  /** Of its points, 0 to 1. */
  readonly share: number;
  /** Of the attempt's marks, 0 to 1. */
  readonly whole: number;
}

export interface ItemStatistics {
  readonly attempts: number;
  /** The mean share of its points: 1 when everybody was right. Null without an attempt. */
  readonly difficultyIndex: number | null;
  /**
   * What the best 27 in a hundred earned of it more than the weakest 27: 1 when it parts them wholly, below 0 when it
   * misleads those who know. Null while there are too few to say.
   */
  readonly discrimination: number | null;
}

const groupShare = 0.27;
/** With fewer, one learner's luck decides. */
const leastAttempts = 10;

export function itemStatistics(results: readonly ItemResult[]): ItemStatistics {
  const attempts = results.length;
  const difficultyIndex = attempts === 0 ? null : meanShare(results);
  if (attempts < leastAttempts) return { attempts, difficultyIndex, discrimination: null };
  const ranked = [...results].sort((x, y) => y.whole - x.whole || y.share - x.share);
  const group = Math.max(1, Math.round(attempts * groupShare));
  const discrimination = meanShare(ranked.slice(0, group)) - meanShare(ranked.slice(-group));
  return { attempts, difficultyIndex, discrimination };
}

const meanShare = (results: readonly ItemResult[]) =>
  results.reduce((sum, { share }) => sum + share, 0) / results.length;
