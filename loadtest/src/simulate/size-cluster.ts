/**
 * The smallest cluster that carries a scenario: everybody has picture and sound, also after its nodes have failed, and
 * no worker would need more than its core.
 */
import { defaultClusterPolicy } from '@keshi/signaling/media/placement';
import { defaultPlacement } from '@keshi/sfu/placement';
import { runScenario, type Means, type Outcome, type Scenario } from './run-scenario.ts';

/** No scenario needs more than this factor over the least there could be. */
const mostOver = 2;

/**
 * Tries upwards from the fewest nodes whose budgets, less those that fail, hold all streams. Throws when twice that is
 * not enough: then something other than budgets is the limit.
 */
export function sizeCluster(scenario: Scenario, means: Means): Outcome {
  const streams = means.stage.length * scenario.classes.reduce((sum, size) => sum + size, 0);
  const { pictureShare } = means.policy ?? defaultClusterPolicy;
  const room = pictureShare * scenario.workersPerNode * defaultPlacement.budget;
  const least = Math.ceil(streams / room) + scenario.failuresAtMs.length;
  for (let nodes = least; nodes <= mostOver * least; nodes += Math.max(1, Math.round(least / 30))) {
    const outcome = runScenario(scenario, nodes, means);
    if (isCarried(outcome)) return outcome;
  }
  throw new Error(`${scenario.name}: ${mostOver * least} nodes are not enough`);
}

const isCarried = ({ squeezed, refused, worstProcessorShare, failures }: Outcome) =>
  worstProcessorShare <= 1 &&
  squeezed === 0 &&
  refused === 0 &&
  failures.every(({ healedAfterMs }) => healedAfterMs !== null);
