/** One node and one world for a test file, and a fresh class for every test. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import {
  closePages,
  createWorld,
  enter,
  startNode,
  type Node,
  type Page,
  type Person,
  type World,
} from './harness.ts';

export interface Stage {
  world: World;
  node: Node;
  classId: string;
  learner(n?: number): Person;
  enterHost(): Promise<Page>;
  enterObserver(): Promise<Page>;
  enterLearner(n?: number): Promise<Page>;
}

export function useClass(
  options: { learners?: number; policy?: Record<string, number> } & Parameters<typeof startNode>[1] = {},
): Stage {
  let world: World;
  let node: Node;
  beforeAll(async () => {
    world = await createWorld(options.learners, options.policy);
    node = await startNode(world.db, options);
  });
  beforeEach(async () => {
    node.clock.offset = 0;
    node.clock.stoppedAt = null;
    world.classId = await world.schedule(`课 ${randomUUID()}`);
  });
  afterEach(closePages);
  afterAll(async () => {
    await node.close();
    await world.close();
  });
  const learner = (n = 0): Person => {
    const person = world.learners[n];
    if (!person) throw new Error(`there is no learner ${n}`);
    return person;
  };
  return {
    get world() {
      return world;
    },
    get node() {
      return node;
    },
    get classId() {
      return world.classId;
    },
    learner,
    enterHost: () => enter(node, world.host, world.classId),
    enterObserver: () => enter(node, world.observer, world.classId),
    enterLearner: (n) => enter(node, learner(n), world.classId),
  };
}
