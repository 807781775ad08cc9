import { describe, expect, it } from 'vitest';
import {
  placeOrigin,
  placePeer,
  reservation,
  type PlacementPolicy,
  type WorkerLoad,
} from '../src/placement.ts';

const policy: PlacementPolicy = { budget: 100, budgetMbps: 50, streamsPerPeer: 2, openingCost: 20 };
const load = (consumers: number, reserved: number, hasRouter = false, mbps = 0): WorkerLoad => ({
  consumers,
  reserved,
  mbps,
  hasRouter,
});

/** Places `count` peers one after another, each with `streams` consumers; returns how many went where. */
function fill(workers: WorkerLoad[], count: number, streams: number, audioOnly = false): number[] {
  const peers = workers.map(() => 0);
  for (let n = 0; n < count; n++) {
    const reserved = reservation(streams, audioOnly, policy);
    const chosen = placePeer(workers, reserved, policy);
    if (!chosen) break;
    chosen.reserved += reserved;
    chosen.consumers += streams;
    chosen.hasRouter = true;
    const at = workers.indexOf(chosen);
    peers[at] = (peers[at] ?? 0) + 1;
  }
  return peers;
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
    expect(placePeer([load(99, 2, true)], 2, policy)).toBeNull();
    expect(placePeer([], 2, policy)).toBeNull();
  });

  it('[A2] counts bandwidth where it is the scarcer of the two', () => {
    expect(placePeer([load(10, 10, true, 49.5), load(90, 90)], 2, policy)).toMatchObject({ reserved: 90 });
    expect(placePeer([load(10, 10, true, 50)], 1, policy)).toBeNull();
  });

  it('[A2] takes twice as many who only listen', () => {
    expect(fill([load(0, 0, true)], 1000, 1, true)).toEqual([100]);
    expect(fill([load(0, 0, true)], 1000, 1)).toEqual([50]);
  });

  it('puts a stage on the least loaded worker, full or not', () => {
    const full = load(100, 100);
    expect(placeOrigin([load(120, 120), full], policy)).toBe(full);
    expect(placeOrigin([], policy)).toBeNull();
  });

  it('gives equal answers to equal snapshots', () => {
    const workers = [load(4, 4), load(4, 4)];
    expect(placePeer(workers, 2, policy)).toBe(workers[0]);
  });
});
