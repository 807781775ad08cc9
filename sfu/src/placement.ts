/**
 * Which worker takes the next peer: a pure function of a snapshot, so that the service and a capacity simulation
 * decide alike.
 */

export interface WorkerLoad {
  /** Consumers that exist now, pipes included. */
  consumers: number;
  /** Peers placed there, including those whose consumers are still being made. */
  peers: number;
  /** Whether the class has a router there already. */
  hasRouter: boolean;
}

export interface PlacementPolicy {
  /** Consumers one worker takes at most. */
  budget: number;
  /**
   * Consumers a peer is expected to need at least. Peers arrive before the instructor publishes: counted by their
   * consumers alone they would all look free and end on one worker.
   */
  streamsPerPeer: number;
  /**
   * What a class's first router on a worker costs, in consumers: its pipes, and one more hop. A small class
   * therefore stays together, a large one spreads evenly.
   */
  openingCost: number;
}

const defaultPlacement: PlacementPolicy = { budget: 500, streamsPerPeer: 2, openingCost: 50 };

const expectedConsumers = (load: Pick<WorkerLoad, 'consumers' | 'peers'>, policy: PlacementPolicy) =>
  Math.max(load.consumers, load.peers * policy.streamsPerPeer);

/** How a node places. The service goes by load; a bench may have to put viewers where it wants to measure. */
export interface Placement {
  /** Consumers one worker takes at most. */
  readonly budget: number;
  /** For one more peer that will need `streams` consumers; null when there is no room. */
  peer<W extends WorkerLoad>(workers: readonly W[], streams: number): W | null;
  /** For a class's stage; null when there is no worker. */
  origin<W extends WorkerLoad>(workers: readonly W[]): W | null;
}

export function placeByLoad(policy: PlacementPolicy = defaultPlacement): Placement {
  return {
    budget: policy.budget,
    peer: (workers, streams) => placePeer(workers, streams, policy),
    origin: (workers) => placeOrigin(workers, policy),
  };
}

/**
 * The worker for one more peer that will need `streams` consumers, or null when none has room. Equal choices go to
 * the first, so that equal snapshots give equal answers.
 */
export function placePeer<W extends WorkerLoad>(
  workers: readonly W[],
  streams: number,
  policy: PlacementPolicy,
): W | null {
  const needed = Math.max(streams, policy.streamsPerPeer);
  let best: W | null = null;
  let bestCost = Infinity;
  for (const worker of workers) {
    const expected = expectedConsumers(worker, policy);
    if (expected + needed > policy.budget) continue;
    const cost = expected + (worker.hasRouter ? 0 : policy.openingCost);
    if (cost < bestCost) {
      best = worker;
      bestCost = cost;
    }
  }
  return best;
}

/** The worker for a class's stage: the least loaded. The stage is never refused for want of room. */
export function placeOrigin<W extends WorkerLoad>(workers: readonly W[], policy: PlacementPolicy): W | null {
  let best: W | null = null;
  for (const worker of workers)
    if (!best || expectedConsumers(worker, policy) < expectedConsumers(best, policy)) best = worker;
  return best;
}
