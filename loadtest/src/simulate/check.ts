/**
 * The model against real nodes: the same people are placed by the same functions on two real SFU nodes of two workers
 * each and on two modelled ones; then the streams flow, and every worker's processor time is compared with what the
 * model says it needs, by costs measured in the same windows, so that neighbours on the machine meet both.
 */
import { randomUUID } from 'node:crypto';
import { placeViewer, type NodeLoad } from '@keshi/signaling/media/placement';
import { createLogger } from '@keshi/runtime/log';
import { placeByLoad, usedOf, type Placement } from '@keshi/sfu/placement';
import { openFeeder, type Lane } from '../capacity/feeder.ts';
import { median } from '../figure.ts';
import { openBlackHole } from '../forward/black-hole.ts';
import { joinClass, publishLane, untilConsumers } from '../nodes/bench-class.ts';
import { openLocalNodes, type LocalNode, type LocalNodes } from '../nodes/local-nodes.ts';
import { securePeers } from '../nodes/secure-peers.ts';
import { createModelClass, type ModelClass } from './class-model.ts';
import { measuredCosts, stage } from './costs.ts';
import { openCostMeter } from './measure-costs.ts';
import { createModelNode, processorShare, type ModelNode } from './node-model.ts';
import { createRandom } from './random.ts';

/** One quantity, as predicted and as measured. */
export interface Comparison {
  what: string;
  predicted: number;
  measured: number;
}

export interface Check {
  /** Consumers and pipes of each worker: exact or wrong. */
  layout: Comparison[];
  /** Shares of a core, of each worker and of all together. */
  processor: Comparison[];
}

const workers = [2, 2];
const classes = [60, 20, 10, 10, 6, 4];
/** Small enough that the largest class needs both nodes, and no limit on bandwidth, which is measured only while streams flow. */
const policy = { budget: 100, budgetMbps: 100_000, openingCost: 10 };
const warmUpMs = 1_500;
const meterLanes = 128;

/** Windows are measured again while neighbours starve them, up to this many times as often. */
const mostTurns = 3;

/** Beyond this the model is wrong. */
export const tolerance = 0.1;

/** How far the model is from the truth, of the truth. */
export const errorOf = ({ predicted, measured }: Comparison): number =>
  measured === predicted ? 0 : Math.abs(predicted - measured) / Math.max(measured, 1e-9);

/** `rounds` take two seconds each, up to three times that where neighbours starve them. */
export async function checkModel(rounds: number): Promise<Check> {
  const placement = placeByLoad(policy);
  const feeder = await openFeeder();
  const blackHole = await openBlackHole();
  const closers: (() => Promise<void>)[] = [async () => feeder.close(), () => blackHole.close()];
  try {
    const cluster = await openLocalNodes({
      workers,
      placement,
      openTransport: securePeers(() => blackHole.sink),
      log: createLogger({ name: 'check', level: 'error', format: 'json' }),
    });
    closers.push(() => cluster.close());
    const models = cluster.nodes.map(({ id, pool }) =>
      createModelNode(id, pool.workers().length, placement, stage),
    );
    const lanes = await settle(cluster, models, placement);
    const meter = await openCostMeter(feeder, blackHole.sink, meterLanes);
    closers.push(() => meter.close());
    await feeder.feed(lanes, warmUpMs);

    const real = cluster.nodes.flatMap(({ pool }) => [...pool.workers()]);
    const modelled = models.flatMap((model) => [...model.workers]);
    const pids = real.map(({ pid }) => pid);
    const measured: number[][] = [];
    const predicted: number[][] = [];
    for (let turn = 0; measured.length < rounds && turn < mostTurns * rounds; turn++) {
      const { costs: here, beside, isStarved } = await meter.measure({ lanes, pids });
      // Where every window is starved, starved ones are all there is.
      if (isStarved && turn < (mostTurns - 1) * rounds) continue;
      measured.push(beside);
      predicted.push(modelled.map((worker) => processorShare(worker, { ...measuredCosts, ...here })));
    }
    const shareAt = (windows: number[][], at: number) => windows.map((window) => window[at] ?? NaN);
    const totals = (windows: number[][]) =>
      windows.map((window) => window.reduce((sum, share) => sum + share, 0));
    return {
      layout: real.flatMap(({ census }, at) => [
        {
          what: `consumers of worker ${at}`,
          predicted: modelled[at]?.consumers ?? NaN,
          measured: census.consumers,
        },
        { what: `pipes from worker ${at}`, predicted: modelled[at]?.piped ?? NaN, measured: census.pipes },
      ]),
      processor: [
        ...real.map((_, at) => ({
          what: `processor of worker ${at}`,
          ...compare(shareAt(predicted, at), shareAt(measured, at)),
        })),
        { what: 'processor of all workers', ...compare(totals(predicted), totals(measured)) },
      ],
    };
  } finally {
    for (const step of closers.toReversed()) await step();
  }
}

/** What was measured, and what was predicted for it: off by the median of what it was off by in each round. */
function compare(predicted: readonly number[], measured: readonly number[]): Omit<Comparison, 'what'> {
  const truth = median(measured);
  const ratio = median(predicted.map((value, round) => value / (measured[round] ?? NaN)));
  return { predicted: truth * ratio, measured: truth };
}

/** Everybody comes, one after another, to the real nodes and to the modelled ones. */
async function settle(
  { nodes }: LocalNodes,
  models: readonly ModelNode[],
  placement: Placement,
): Promise<Lane[]> {
  const random = createRandom(7);
  const lanes: Lane[] = [];
  const rooms = classes.map((size) => ({
    size,
    came: 0,
    id: randomUUID(),
    model: null as ModelClass | null,
  }));
  const find = (id: string) => {
    const at = nodes.findIndex((node) => node.id === id);
    const [node, model] = [nodes[at], models[at]];
    if (!node || !model) throw new Error('placed nowhere');
    return { node, model };
  };
  const openOn = async (node: LocalNode, classId: string, carrying: ReadonlySet<string>) => {
    const others = [...carrying].filter((other) => other !== node.id);
    await node.node.request('class.open', { classId, nodes: others });
    for (const other of others)
      await find(other).node.node.request('class.open', { classId, nodes: [node.id] });
  };
  const watching = new Map<string, number>();

  for (const [lane, room] of rooms.entries()) {
    const one = createModelClass(room.id);
    room.model = one;
    const { node, model } = find(place(nodes, one, true, placement));
    one.enter(model, [], false);
    one.publish(model);
    await openOn(node, room.id, one.carrying);
    lanes.push({ lane, port: await publishLane(node.node, room.id, lane), heardBy: 0 });
  }
  for (let left = classes.reduce((sum, size) => sum + size, 0); left > 0; left--) {
    const waiting = rooms.filter(({ size, came }) => came < size);
    const room = waiting[random.below(waiting.length)];
    if (!room?.model) throw new Error('nobody is left');
    room.came += 1;
    const { node, model } = find(place(nodes, room.model, false, placement));
    const isNew = !room.model.carrying.has(node.id);
    if (!room.model.enter(model, stage, false)) throw new Error('the model has no room');
    if (isNew) await openOn(node, room.id, room.model.carrying);
    await joinClass(node.node, room.id, randomUUID());
    const wanted = (watching.get(node.id) ?? 0) + stage.length;
    watching.set(node.id, wanted);
    await untilConsumers(node.node, wanted);
  }
  return lanes;
}

/** On what the real nodes say of themselves. */
function place(
  nodes: readonly LocalNode[],
  one: ModelClass,
  isHost: boolean,
  { policy: books }: Placement,
): string {
  const loads = nodes.map(({ id, pool }): NodeLoad => ({
    id,
    draining: false,
    region: null,
    budget: pool.workers().length * books.budget,
    used: pool.workers().reduce((sum, { reserved, mbps, census }) => {
      const consumers = census.consumers + census.pipes;
      return sum + usedOf({ reserved, mbps, consumers, hasRouter: false }, books);
    }, 0),
  }));
  const placed = placeViewer(
    loads,
    { classId: one.id, nodes: one.carrying, hlsRoom: 0 },
    {
      streams: 2,
      sounds: 1,
      region: null,
      current: null,
      squeezed: false,
      stage: isHost,
      without: new Set(),
    },
  );
  if (placed.kind !== 'node' || placed.audioOnly) throw new Error('the real nodes have no room');
  return placed.nodeId;
}
