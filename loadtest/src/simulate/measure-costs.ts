/**
 * What a worker's processor does for one packet, on this machine, now: four workers with known classes, all fed at once,
 * two that differ in their number of viewers alone, and two with a pipe between them. Their processor times are four
 * equations for four costs, from one and the same window.
 *
 * A viewer's transport costs something without any packet (its bandwidth estimator has a clock), and a worker that is
 * woken seldom needs more for a packet than a busy one. Both are in the cost of a packet to a viewer, which therefore
 * holds for the stage's streams and for workers loaded about as these.
 */
import { randomUUID } from 'node:crypto';
import { createLogger } from '@keshi/runtime/log';
import { placeByLoad } from '@keshi/sfu/placement';
import type { Feeder, Lane } from '../capacity/feeder.ts';
import { processorSeconds } from '../capacity/processor.ts';
import { packetsPerSecond, streams } from '../capacity/stream.ts';
import { joinClass, publishLane, untilConsumers } from '../nodes/bench-class.ts';
import { openLocalNodes, type LocalNode } from '../nodes/local-nodes.ts';
import { securePeers } from '../nodes/secure-peers.ts';
import type { UdpAddress } from '../forward/path.ts';
import type { Costs } from './costs.ts';

export type PacketCosts = Pick<
  Costs,
  'publishedMicros' | 'fromPipeMicros' | 'toViewerMicros' | 'intoPipeMicros'
>;

/** What runs on this machine while costs are measured, and is measured in the same windows. */
export interface Beside {
  lanes: readonly Lane[];
  pids: readonly number[];
}

export interface Measurement {
  costs: PacketCosts;
  /** What each process of `beside` had of a core while its streams flowed. */
  beside: number[];
  /** Neighbours took so much that the window says little. */
  isStarved: boolean;
}

export interface CostMeter {
  /** One window. Costs are differences, so one measurement is worth little: take the median of several. */
  measure(beside?: Beside): Promise<Measurement>;
  close(): Promise<void>;
}

const lanesEach = 2;
/** Viewers of each class. */
const few = 6;
const many = 16;
const warmUpMs = 1_500;
const windowMs = 2_000;
const drainMs = 200;
/** A window stretched by more than this was starved: what was sent in it came in lumps, and cost less. */
const longestStretch = 1.05;

/** `firstLane` and the five after it are this meter's. */
export async function openCostMeter(feeder: Feeder, sink: UdpAddress, firstLane: number): Promise<CostMeter> {
  let isFar = false;
  const cluster = await openLocalNodes({
    workers: [1, 1, 2],
    log: createLogger({ name: 'costs', level: 'error', format: 'json' }),
    openTransport: securePeers(() => sink),
    placement: {
      ...placeByLoad(),
      peer: (workers) => workers.at(isFar ? -1 : 0) ?? null,
      origin: (workers) => workers[0] ?? null,
    },
  });
  const [small, large, piped] = cluster.nodes;
  if (!small || !large || !piped) throw new Error('the cluster has no nodes');
  const pids = cluster.nodes.flatMap(({ pool }) => pool.workers().map(({ pid }) => pid));
  const lanes: Lane[] = [];

  async function addClasses({ node }: LocalNode, near: number, far: number): Promise<void> {
    for (let at = 0; at < lanesEach; at++) {
      const classId = randomUUID();
      const lane = firstLane + lanes.length;
      isFar = false;
      await node.request('class.open', { classId, nodes: [] });
      lanes.push({ lane, port: await publishLane(node, classId, lane), heardBy: 0 });
      for (let viewer = 0; viewer < near + far; viewer++) {
        isFar = viewer >= near;
        const before = node.census().consumers;
        await joinClass(node, classId, randomUUID());
        await untilConsumers(node, before + streams.length);
      }
    }
  }

  await addClasses(small, few, 0);
  await addClasses(large, many, 0);
  await addClasses(piped, few, many);
  await feeder.feed(lanes, warmUpMs);
  return {
    async measure(beside = { lanes: [], pids: [] }) {
      const all = [...pids, ...beside.pids];
      const [before, began] = [all.map(processorSeconds), performance.now()];
      await feeder.feed([...lanes, ...beside.lanes], windowMs);
      const spent = all.map((pid, at) => processorSeconds(pid) - (before[at] ?? 0));
      // For each packet that was published there, µs.
      const packets = (lanesEach * packetsPerSecond * windowMs) / 1_000;
      const [withFew = NaN, withMany = NaN, near = NaN, far = NaN] = spent.map(
        (seconds) => (seconds * 1e6) / packets,
      );
      const toViewerMicros = (withMany - withFew) / (many - few);
      return {
        costs: {
          publishedMicros: withFew - few * toViewerMicros,
          fromPipeMicros: far - many * toViewerMicros,
          toViewerMicros,
          intoPipeMicros: near - withFew,
        },
        beside: spent.slice(pids.length).map((seconds) => (seconds * 1_000) / windowMs),
        isStarved: performance.now() - began > longestStretch * (windowMs + drainMs),
      };
    },
    close: () => cluster.close(),
  };
}
