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

export interface CostMeter {
  /** One window for each of the layouts. Costs are differences, so one measurement is worth little: take the median of many. */
  measure(): Promise<PacketCosts>;
  close(): Promise<void>;
}

const none = { lanes: 16, viewers: 0 };
const few = { lanes: 16, viewers: 1 };
const many = { lanes: 3, viewers: 20 };
const warmUpMs = 1_300;
/** Short: what is compared with it is measured in between, and neighbours come and go. */
const windowMs = 800;
const idleMs = 800;
/** The feeder waits this long for the last packets. */
const drainMs = 200;
const viewers = few.lanes * few.viewers + many.lanes * many.viewers;

/** `firstLane` and the 34 after it are this meter's. */
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
  const pids = { near: near.pid, far: far.pid };

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

  /** Processor time for each packet that was published, µs, of both workers. */
  async function perPacket(lanes: readonly Lane[]): Promise<{ near: number; far: number }> {
    const before = { near: processorSeconds(pids.near), far: processorSeconds(pids.far) };
    await feeder.feed(lanes, windowMs);
    const packets = (lanes.length * packetsPerSecond * windowMs) / 1_000;
    const micros = (pid: number, since: number) => ((processorSeconds(pid) - since) * 1e6) / packets;
    return { near: micros(pids.near, before.near), far: micros(pids.far, before.far) };
  }

  const crowds = { none: await addClasses(none), few: await addClasses(few), many: await addClasses(many) };
  await feeder.feed([...crowds.none, ...crowds.few, ...crowds.many], warmUpMs);
  return {
    async measure() {
      const before = processorSeconds(pids.far);
      await feeder.feed([], idleMs);
      const idleSeconds = processorSeconds(pids.far) - before;
      const alone = await perPacket(crowds.none);
      const small = await perPacket(crowds.few);
      const large = await perPacket(crowds.many);
      const toViewerMicros = (large.far - small.far) / (many.viewers - few.viewers);
      return {
        publishedMicros: alone.near,
        fromPipeMicros: small.far - few.viewers * toViewerMicros,
        toViewerMicros,
        intoPipeMicros: small.near - alone.near,
        idleMicros: (idleSeconds * 1e9) / (idleMs + drainMs) / viewers,
      };
    },
    close: () => cluster.close(),
  };
}
