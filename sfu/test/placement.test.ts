import { describe, expect, it } from 'vitest';
import { placeOrigin, placePeer, type PlacementPolicy, type WorkerLoad } from '../src/placement.ts';

const policy: PlacementPolicy = { budget: 100, streamsPerPeer: 2, openingCost: 20 };
const load = (consumers: number, peers: number, hasRouter = false): WorkerLoad => ({
  consumers,
  peers,
  hasRouter,
});

/** Places `count` peers one after another, each with `streams` consumers; returns how many went where. */
function fill(workers: WorkerLoad[], count: number, streams: number): number[] {
  for (let n = 0; n < count; n++) {
    const chosen = placePeer(workers, streams, policy);
    if (!chosen) break;
    chosen.peers += 1;
    chosen.consumers += streams;
    chosen.hasRouter = true;
  }
  return workers.map(({ peers }) => peers);
}

describe('placement', () => {
  it('keeps a small class on the worker it has', () => {
    expect(fill([load(0, 0, true), load(0, 0)], 5, 2)).toEqual([5, 0]);
  });

  it('[A2] spreads a large class evenly and stops at the budget', () => {
    expect(fill([load(0, 0, true), load(0, 0), load(0, 0)], 1000, 2)).toEqual([50, 50, 50]);
  });

  it('counts peers whose consumers do not exist yet', () => {
    expect(fill([load(0, 0, true), load(0, 0)], 10, 0)).toEqual([10, 0]);
    expect(fill([load(0, 0, true), load(0, 0)], 30, 0)).toEqual([15, 15]);
  });

  it('refuses when no worker has room for what is needed', () => {
    expect(placePeer([load(99, 1, true)], 2, policy)).toBeNull();
    expect(placePeer([], 2, policy)).toBeNull();
  });

  it('puts a stage on the least loaded worker, full or not', () => {
    const full = load(100, 50);
    expect(placeOrigin([load(120, 60), full], policy)).toBe(full);
    expect(placeOrigin([], policy)).toBeNull();
  });

  it('gives equal answers to equal snapshots', () => {
    const workers = [load(4, 2), load(4, 2)];
    expect(placePeer(workers, 2, policy)).toBe(workers[0]);
  });
});
