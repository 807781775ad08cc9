/**
 * What a worker's processor does for one packet, on this machine, now. Two workers of one node: all classes are published
 * on the first; some are watched there, some on the second behind a pipe, some on both. Of each kind there are classes
 * with few viewers and with many, so that what arriving costs and what each copy costs can be told apart.
 *
 * A worker that is woken seldom finds its caches cold and needs more for a packet than a busy one. Costs are measured
 * with two classes at a time, about as seldom as workers are woken in the check that they are used for.
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
  /** Neighbours took so much that the windows say little. */
  isStarved: boolean;
}

export interface CostMeter {
  /** One window for each of the layouts. Costs are differences, so one measurement is worth little: take the median of many. */
  measure(beside?: Beside): Promise<Measurement>;
  close(): Promise<void>;
}

type Place = 'near' | 'far';

const lanesEach = 2;
const few = 5;
const many = 30;
const warmUpMs = 1_300;
const windowMs = 1_000;
const idleMs = 800;
/** Windows stretched by more than this were starved by neighbours: what was sent in them came in lumps, and cost less. */
const longestStretch = 1.1;
const drainMs = 200;

interface Window {
  micros: number[];
  seconds: number;
}

/** `firstLane` and the nine after it are this meter's. */
export async function openCostMeter(feeder: Feeder, sink: UdpAddress, firstLane: number): Promise<CostMeter> {
  let side: Place = 'near';
  const cluster = await openLocalNodes({
    workers: [2],
    log: createLogger({ name: 'costs', level: 'error', format: 'json' }),
    openTransport: securePeers(() => sink),
    placement: {
      ...placeByLoad(),
      peer: (workers) => workers.at(side === 'near' ? 0 : -1) ?? null,
      origin: (workers) => workers[0] ?? null,
    },
  });
  const [home] = cluster.nodes;
  const [near, far] = home?.pool.workers() ?? [];
  if (!home || !near || !far) throw new Error('the node has no workers');
  const { node } = home;
  const pids = [near.pid, far.pid];

  let nextLane = firstLane;
  const viewers = { near: 0, far: 0 };
  async function addClasses(audience: Partial<Record<Place, number>>): Promise<Lane[]> {
    const made: Lane[] = [];
    for (let at = 0; at < lanesEach; at++) {
      const classId = randomUUID();
      const lane = nextLane++;
      side = 'near';
      await node.request('class.open', { classId, nodes: [] });
      const port = await publishLane(node, classId, lane);
      for (side of ['near', 'far'] as const)
        for (let viewer = 0; viewer < (audience[side] ?? 0); viewer++) {
          const before = node.census().consumers;
          await joinClass(node, classId, randomUUID());
          await untilConsumers(node, before + 2);
          viewers[side] += 1;
        }
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

  const crowds = {
    nearFew: await addClasses({ near: few }),
    nearMany: await addClasses({ near: many }),
    farFew: await addClasses({ far: few }),
    farMany: await addClasses({ far: many }),
    both: await addClasses({ near: few, far: 1 }),
  };
  await feeder.feed(Object.values(crowds).flat(), warmUpMs);
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
      const nearFew = (await perPacket(crowds.nearFew)).near;
      const nearMany = (await perPacket(crowds.nearMany)).near;
      const farFew = (await perPacket(crowds.farFew)).far;
      const farMany = (await perPacket(crowds.farMany)).far;
      const both = (await perPacket(crowds.both)).near;
      const toViewerMicros = (nearMany - nearFew + farMany - farFew) / (2 * (many - few));
      const idleMicros = (idle.micros[0] ?? NaN) + (idle.micros[1] ?? NaN);
      const mean = (of: (window: Window) => number) =>
        windows.reduce((sum, window) => sum + of(window), 0) / windows.length;
      return {
        costs: {
          publishedMicros: (nearFew + nearMany - (few + many) * toViewerMicros) / 2,
          fromPipeMicros: (farFew + farMany - (few + many) * toViewerMicros) / 2,
          toViewerMicros,
          intoPipeMicros: both - nearFew,
          idleMicros: idleMicros / (viewers.near + viewers.far),
        },
        beside: beside.pids.map((_, at) => mean(({ micros }) => (micros[pids.length + at] ?? NaN) / 1e6)),
        flowing: mean(({ seconds }) => windowMs / (1_000 * seconds)),
        isStarved: windows.some(({ seconds }) => 1_000 * seconds > longestStretch * (windowMs + drainMs)),
      };
    },
    close: () => cluster.close(),
  };
}
