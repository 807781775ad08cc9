/**
 * Which worker takes the next peer: a pure function of a snapshot, so that the service and a capacity simulation
 * decide alike.
 */

export interface WorkerLoad {
  /** Consumers that exist now, pipes included. */
  consumers: number;
  /** Consumers its peers were placed there for, including those that are still being made. */
  reserved: number;
  /** What it sends to viewers, Mbit/s. */
  mbps: number;
  /** Whether the class has a router there already. */
  hasRouter: boolean;
}

export interface PlacementPolicy {
  /** Consumers one worker takes at most. */
  budget: number;
  /** Mbit/s one worker sends at most: beyond it takes nobody more. */
  budgetMbps: number;
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

export const defaultPlacement: PlacementPolicy = {
  budget: 500,
  budgetMbps: 400,
  streamsPerPeer: 2,
  openingCost: 50,
};

const expectedConsumers = (load: Pick<WorkerLoad, 'consumers' | 'reserved'>) =>
  Math.max(load.consumers, load.reserved);

/** What is used of a worker's budget, in consumers: of streams, or the same share of its bandwidth, if that is more. */
export function usedOf(load: WorkerLoad, policy: PlacementPolicy): number {
  return Math.max(expectedConsumers(load), (policy.budget * load.mbps) / policy.budgetMbps);
}

/** What one peer reserves. Who only listens is expected to need one stream at least. */
export function reservation(streams: number, audioOnly: boolean, policy: PlacementPolicy): number {
  return Math.max(streams, audioOnly ? 1 : policy.streamsPerPeer);
}

/** How a node places. The service goes by load; a bench may have to put viewers where it wants to measure. */
export interface Placement {
  readonly policy: PlacementPolicy;
  /** For one more peer that reserves `streams` consumers; null when there is no room. */
  peer<W extends WorkerLoad>(workers: readonly W[], streams: number): W | null;
  /** For a class's stage; null when there is no worker. */
  origin<W extends WorkerLoad>(workers: readonly W[]): W | null;
}

export function placeByLoad(given: Partial<PlacementPolicy> = {}): Placement {
  const policy = { ...defaultPlacement, ...given };
  return {
    policy,
    peer: (workers, streams) => placePeer(workers, streams, policy),
    origin: (workers) => placeOrigin(workers, policy),
  };
}

/**
 * The worker for one more peer that reserves `streams` consumers, or null when none has room. Equal choices go to
 * the first, so that equal snapshots give equal answers.
 */
export function placePeer<W extends WorkerLoad>(
  workers: readonly W[],
  streams: number,
  policy: PlacementPolicy,
): W | null {
  let best: W | null = null;
  let bestCost = Infinity;
  for (const worker of workers) {
    const used = usedOf(worker, policy);
    if (used + streams > policy.budget) continue;
    const cost = used + (worker.hasRouter ? 0 : policy.openingCost);
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
  for (const worker of workers) if (!best || usedOf(worker, policy) < usedOf(best, policy)) best = worker;
  return best;
}
