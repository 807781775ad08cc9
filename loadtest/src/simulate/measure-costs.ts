/**
 * What a worker's processor does for one packet, on this machine, now. Two workers of one node: classes are published
 * on the first and watched on the second, so that the pipe's cost shows apart; some classes have few viewers and some
 * have many, so that arriving and leaving can be told apart; and some nobody watches, so that they cross no pipe.
 */
import { randomUUID } from 'node:crypto';
import { createLogger } from '@keshi/runtime/log';
import { placeByLoad } from '@keshi/sfu/placement';
import type { Feeder, Lane } from '../capacity/feeder.ts';
import { processorSeconds } from '../capacity/processor.ts';
import { packetsPerSecond } from '../capacity/stream.ts';
import { joinClass, publishLane, untilConsumers } from '../nodes/bench-class.ts';
import { openLocalNodes } from '../nodes/local-nodes.ts';
import { securePeers } from '../nodes/secure-peers.ts';
import type { UdpAddress } from '../forward/path.ts';
import type { Costs } from './costs.ts';

export type PacketCosts = Pick<
  Costs,
  'publishedMicros' | 'fromPipeMicros' | 'toViewerMicros' | 'intoPipeMicros' | 'idleMicros'
>;

/** What runs on this machine while costs are measured, and is measured in the same windows. */
export interface Beside {
  lanes: readonly Lane[];
  pids: readonly number[];
}

export interface Measurement {
  costs: PacketCosts;
  /** What each process of `beside` had of a core while its streams flowed for `flowing` of the time. */
  beside: number[];
  flowing: number;
}

export interface CostMeter {
  /** One window for each of the layouts. Costs are differences, so one measurement is worth little: take the median of many. */
  measure(beside?: Beside): Promise<Measurement>;
  close(): Promise<void>;
}

/**
 * Few classes, as many in each layout: a packet that has to wake a worker costs twice what one costs that comes while it
 * works, so workers must be as awake as those the costs are used for, or less.
 */
const none = { lanes: 6, viewers: 0 };
const few = { lanes: 6, viewers: 1 };
const many = { lanes: 6, viewers: 12 };
const warmUpMs = 1_300;
const windowMs = 1_000;
const idleMs = 800;
const viewers = few.lanes * few.viewers + many.lanes * many.viewers;

interface Window {
  micros: number[];
  seconds: number;
}

/** `firstLane` and the seventeen after it are this meter's. */
export async function openCostMeter(feeder: Feeder, sink: UdpAddress, firstLane: number): Promise<CostMeter> {
  const cluster = await openLocalNodes({
    workers: [2],
    log: createLogger({ name: 'costs', level: 'error', format: 'json' }),
    openTransport: securePeers(() => sink),
    placement: {
      ...placeByLoad(),
      peer: (workers) => workers.at(-1) ?? null,
      origin: (workers) => workers[0] ?? null,
    },
  });
  const [home] = cluster.nodes;
  const [near, far] = home?.pool.workers() ?? [];
  if (!home || !near || !far) throw new Error('the node has no workers');
  const { node } = home;
  const pids = [near.pid, far.pid];

  let nextLane = firstLane;
  async function addClasses({ lanes, viewers }: typeof few): Promise<Lane[]> {
    const made: Lane[] = [];
    for (let at = 0; at < lanes; at++) {
      const classId = randomUUID();
      const lane = nextLane++;
      const before = node.census().consumers;
      await node.request('class.open', { classId, nodes: [] });
      const port = await publishLane(node, classId, lane);
      for (let viewer = 0; viewer < viewers; viewer++) await joinClass(node, classId, randomUUID());
      await untilConsumers(node, before + 2 * viewers);
      made.push({ lane, port, heardBy: 0 });
    }
    return made;
  }

  /** Feeds those lanes; resolves with the processor time of each process in each second, µs. */
  async function perSecond(lanes: readonly Lane[], of: readonly number[], ms: number): Promise<Window> {
    const [before, began] = [of.map(processorSeconds), performance.now()];
    await feeder.feed(lanes, ms);
    const seconds = (performance.now() - began) / 1_000;
    return {
      micros: of.map((pid, at) => ((processorSeconds(pid) - (before[at] ?? 0)) * 1e6) / seconds),
      seconds,
    };
  }

  const crowds = { none: await addClasses(none), few: await addClasses(few), many: await addClasses(many) };
  await feeder.feed([...crowds.none, ...crowds.few, ...crowds.many], warmUpMs);
  return {
    async measure(beside = { lanes: [], pids: [] }) {
      const all = [...pids, ...beside.pids];
      const idle = await perSecond([], pids, idleMs);
      const windows: Window[] = [];
      /** For each packet that was published, µs; what the workers need anyway is left out. */
      const perPacket = async (lanes: readonly Lane[]) => {
        const window = await perSecond([...lanes, ...beside.lanes], all, windowMs);
        windows.push(window);
        const packets = (lanes.length * packetsPerSecond * windowMs) / 1_000;
        const [near = NaN, far = NaN] = pids.map(
          (_, at) => (((window.micros[at] ?? NaN) - (idle.micros[at] ?? NaN)) * window.seconds) / packets,
        );
        return { near, far };
      };
      const alone = await perPacket(crowds.none);
      const small = await perPacket(crowds.few);
      const large = await perPacket(crowds.many);
      const toViewerMicros = (large.far - small.far) / (many.viewers - few.viewers);
      const mean = (of: (window: Window) => number) =>
        windows.reduce((sum, window) => sum + of(window), 0) / windows.length;
      return {
        costs: {
          publishedMicros: alone.near,
          fromPipeMicros: small.far - few.viewers * toViewerMicros,
          toViewerMicros,
          intoPipeMicros: small.near - alone.near,
          idleMicros: (idle.micros[1] ?? NaN) / viewers,
        },
        beside: beside.pids.map((_, at) => mean(({ micros }) => (micros[pids.length + at] ?? NaN) / 1e6)),
        flowing: mean(({ seconds }) => windowMs / (1_000 * seconds)),
      };
    },
    close: () => cluster.close(),
  };
}
