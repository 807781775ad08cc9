/** Two elements that play two views of one recording. The main one has the sound and is never touched. Pure. */

export interface Together {
  /** Where the follower must jump to, s; absent while it is near enough. */
  seekTo?: number;
  /** What it plays at until the next look: a small difference is caught up without a jump. */
  rate: number;
}

/** Further apart than this is seen as lips that do not fit, s. */
const jumpAt = 0.25;
const nearEnough = 0.04;
const catchUp = 0.06;

/** `main` is where the follower should be, `follower` where it is, s; `rate` is the main one's speed. */
export function keepTogether(main: number, follower: number, rate: number): Together {
  const drift = follower - main;
  if (Math.abs(drift) > jumpAt) return { seekTo: main, rate };
  if (Math.abs(drift) <= nearEnough) return { rate };
  return { rate: rate * (drift > 0 ? 1 - catchUp : 1 + catchUp) };
}
