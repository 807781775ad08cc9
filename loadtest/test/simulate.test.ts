/** The model by itself: its books, its failures, and that equal seeds give equal outcomes. */
import { placeByLoad } from '@keshi/sfu/placement';
import { describe, expect, test } from 'vitest';
import { createModelClass } from '../src/simulate/class-model.ts';
import { type Costs, delays, stage } from '../src/simulate/costs.ts';
import { createModelNode, processorShare } from '../src/simulate/node-model.ts';
import { plot } from '../src/simulate/plot.ts';
import { runScenario, type Scenario } from '../src/simulate/run-scenario.ts';
import { sizeCluster } from '../src/simulate/size-cluster.ts';

/** The test's own: what is measured on some machine does not decide whether the model is right. */
const costs: Costs = {
  publishedMicros: 30,
  fromPipeMicros: 30,
  toViewerMicros: 15,
  intoPipeMicros: 10,
  signalingJoinMs: 4,
  coordinatorJoinMs: 2,
  nodeJoinMs: 3,
  workerJoinMs: 3,
};
const means = { costs, delays, stage };
const scenario: Scenario = {
  name: 'a small school',
  classes: [300, 40, 40, 10],
  arriveWithinMs: 20_000,
  failuresAtMs: [40_000],
  endMs: 70_000,
  signalingNodes: 2,
  workersPerNode: 2,
  seed: 3,
};

describe('a class on modelled nodes', () => {
  const placement = placeByLoad({ budget: 20, openingCost: 0, budgetMbps: 1_000 });
  const nodes = () =>
    (['near', 'far'] as const).map((id) => createModelNode(id, 2, placement, stage)) as [
      ReturnType<typeof createModelNode>,
      ReturnType<typeof createModelNode>,
    ];

  test('crosses to a worker or a node once, while somebody there watches', () => {
    const [near, far] = nodes();
    const one = createModelClass('class');
    one.enter(near, [], false);
    one.publish(near);
    expect([near.pipes(), far.pipes()]).toEqual([0, 0]);
    const seats = Array.from({ length: 4 }, () => one.enter(far, stage, false));
    // One pipe for each stream between the nodes, and one to the worker that is not the origin there.
    expect([near.pipes(), far.pipes()]).toEqual([2, 2]);
    for (const seat of seats) if (seat) one.leave(far, seat);
    expect([near.pipes(), far.pipes()]).toEqual([0, 0]);
    for (const worker of far.workers) {
      expect(worker).toMatchObject({ consumers: 0, piped: 0, reserved: 0 });
      expect(processorShare(worker, costs)).toBe(0);
    }
  });

  test('takes its streams from nowhere once the stage is lost, and from the next one', () => {
    const [near, far] = nodes();
    const one = createModelClass('class');
    one.enter(near, [], false);
    one.publish(near);
    for (let viewer = 0; viewer < 4; viewer++) one.enter(far, stage, false);
    const share = () => far.workers.reduce((sum, worker) => sum + worker.packets.fromPipe, 0);
    expect(share()).toBe(350);
    one.lose(near);
    expect(one.stageNode).toBeNull();
    expect([far.pipes(), share()]).toEqual([0, 0]);
    one.publish(far);
    expect([far.pipes(), share()]).toEqual([2, 175]);
  });

  test('is refused by a node whose workers are full', () => {
    const [near] = nodes();
    const one = createModelClass('class');
    one.enter(near, [], false);
    one.publish(near);
    let came = 0;
    while (one.enter(near, stage, false)) came += 1;
    // Two workers of 20, less the instructor's two and two for the pipe's way out.
    expect(came).toBeGreaterThanOrEqual(17);
    expect(came).toBeLessThanOrEqual(19);
    for (const worker of near.workers) expect(worker.consumers + worker.piped).toBeLessThanOrEqual(22);
  });
});

describe('a scenario', () => {
  test('ends with media for everybody, also after a node has failed', () => {
    const outcome = sizeCluster(scenario, means);
    expect(outcome).toMatchObject({ learners: 390, squeezed: 0, refused: 0 });
    expect(outcome.nodes).toBeGreaterThanOrEqual(2);
    const [failure] = outcome.failures;
    expect(failure?.hit).toBeGreaterThan(0);
    // Noticed within two seconds; at these costs everybody has passed the queues in three more.
    expect(failure?.healedAfterMs).toBeLessThan(5_000);
    expect(outcome.rejoins).toBeGreaterThanOrEqual(failure?.hit ?? Infinity);
    expect(outcome.samples.at(-1)?.withMedia).toBe(390);
    expect(outcome.worstBudgetShare).toBeLessThanOrEqual(1);
  });

  test('says honestly that there is no room', () => {
    const outcome = runScenario({ ...scenario, failuresAtMs: [] }, 1, means);
    expect(outcome.squeezed).toBeGreaterThan(0);
    const crowded = runScenario({ ...scenario, classes: [3_000], failuresAtMs: [] }, 1, means);
    expect(crowded.refused).toBeGreaterThan(0);
    expect(crowded.worstBudgetShare).toBeLessThanOrEqual(1.05);
  });

  test('is the same every time, and drawn the same', () => {
    const [one, again] = [runScenario(scenario, 3, means), runScenario(scenario, 3, means)];
    expect(again).toEqual(one);
    const other = runScenario({ ...scenario, seed: 4 }, 3, means);
    expect(other).not.toEqual(one);
    const picture = plot([{ title: 'a <small> school', outcome: one }]);
    expect(picture).toBe(plot([{ title: 'a <small> school', outcome: again }]));
    expect(picture).toContain('a &lt;small&gt; school');
  });
});
