/** What the cluster is sized for, and what breaks meanwhile. */
import { createRandom } from './random.ts';
import type { Scenario } from './run-scenario.ts';

const seconds = 1_000;
const seed = 20_260_901;

/** All share this: people come within two minutes of the hour, and two nodes fail once everybody is there. */
const common = {
  arriveWithinMs: 120 * seconds,
  failuresAtMs: [150 * seconds, 180 * seconds],
  endMs: 220 * seconds,
  workersPerNode: 8,
  seed,
};

/** How large classes are, and how many of a hundred are so large. */
const sizes = [
  { size: 10, share: 40 },
  { size: 30, share: 35 },
  { size: 100, share: 19 },
  { size: 500, share: 5 },
  { size: 2_000, share: 1 },
];

function mixedClasses(learners: number): number[] {
  const random = createRandom(seed);
  const classes: number[] = [];
  let left = learners;
  while (left > 0) {
    let drawn = random.below(100);
    const { size } = sizes.find(({ share }) => (drawn -= share) < 0) ?? { size: 10 };
    classes.push(Math.min(size, left));
    left -= size;
  }
  return classes;
}

export const scenarios: readonly Scenario[] = [
  { name: 'one class of 10,000', classes: [10_000], signalingNodes: 4, ...common },
  {
    name: '10,000 classes of 10',
    classes: Array.from({ length: 10_000 }, () => 10),
    signalingNodes: 20,
    ...common,
  },
  {
    name: '100,000 learners in mixed classes',
    classes: mixedClasses(100_000),
    signalingNodes: 20,
    ...common,
  },
];
