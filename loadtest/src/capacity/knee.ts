/**
 * How many classes one worker carries before a viewer loses more than a packet in a thousand. Both sides climb class
 * by class, their windows taking turns; a step that loses is tried again before it counts, because a neighbour that
 * takes the processor for a moment looks like a full worker.
 */
import { median } from '../figure.ts';
import type { BlackHole } from '../forward/black-hole.ts';
import type { Feeder, Lane } from './feeder.ts';
import { processorSeconds } from './processor.ts';
import type { CapacitySide } from './side.ts';
import { laneLimit } from './stream.ts';

export interface Load {
  viewers: number;
  /** Of one core, that the workers had meanwhile: 1 is all of it. */
  processorShare: number;
  /** Forwarded to all viewers together. */
  mbps: number;
  /** Packets lost or late, of those that should have come. */
  loss: number;
}

export interface Knee {
  /** The greatest load that was carried in time. */
  greatest: Load;
  /** Viewers per core: the median of all windows carried on the way up, each divided by its share of the processor. */
  viewersPerCore: number;
  /** The same for what was forwarded. */
  mbpsPerCore: number;
}

/** A side and its classes so far. */
export interface Contender {
  readonly side: CapacitySide;
  readonly lanes: Lane[];
  /** Distinguishes its lanes from the other side's. */
  readonly firstLane: number;
}

export const viewersPerClass = 20;
const lossLimit = 0.001;
const windowMs = 1_500;
const warmUpMs = 1_300;
const tries = 3;
/** Lanes one side may use: half of what packets can name. */
const classLimit = laneLimit / 2;

interface Means {
  feeder: Feeder;
  blackHole: BlackHole;
}

async function addClasses({ feeder, blackHole }: Means, contender: Contender, wanted: number): Promise<void> {
  const { side, lanes, firstLane } = contender;
  if (wanted > classLimit) throw new Error(`${side.name} carries more than the bench can feed`);
  if (lanes.length >= wanted) return;
  while (lanes.length < wanted) {
    const lane = firstLane + lanes.length;
    const sinkOf = (viewer: number) => (viewer === 0 ? feeder.sink : blackHole.sink);
    const { port } = await side.addClass({ lane, viewers: viewersPerClass, sinkOf });
    lanes.push({ lane, port, heardBy: 1 });
  }
  // Pictures begin with a key frame.
  await feeder.feed(lanes, warmUpMs);
}

/** Feeds the first `classes` classes for one window. */
async function measure(means: Means, contender: Contender, classes: number): Promise<Load> {
  const { side, lanes } = contender;
  const seconds = () => side.workerPids.reduce((sum, pid) => sum + processorSeconds(pid), 0);
  const [spent, began] = [seconds(), performance.now()];
  const heard = await means.feeder.feed(lanes.slice(0, classes), windowMs);
  const processorShare = ((seconds() - spent) * 1_000) / Math.min(performance.now() - began, windowMs);
  const sum = (of: (one: (typeof heard)[number]) => number) => heard.reduce((all, one) => all + of(one), 0);
  const bits = 8 * viewersPerClass * sum(({ bytes }) => bytes);
  return {
    viewers: classes * viewersPerClass,
    processorShare,
    mbps: bits / (windowMs * 1_000),
    loss: 1 - sum(({ inTime }) => inTime) / sum(({ expected }) => expected),
  };
}

/** Where to begin climbing: well below what two classes cost. */
export async function estimateClasses(means: Means, contender: Contender): Promise<number> {
  const probe = 2;
  await addClasses(means, contender, probe);
  const { processorShare } = await measure(means, contender, probe);
  return Math.max(1, Math.floor((0.7 * probe) / processorShare));
}

/**
 * The knee of each side, in the order of `contenders`. Begins at `from` classes and goes down instead when that is too
 * much already. Throws when not even one class can be carried.
 */
export async function climb(means: Means, contenders: readonly Contender[], from: number): Promise<Knee[]> {
  const climbers = contenders.map((contender) => ({
    contender,
    classes: from,
    carried: [] as Load[],
    done: false,
  }));
  while (climbers.some(({ done }) => !done))
    for (const climber of climbers) {
      if (climber.done) continue;
      await addClasses(means, climber.contender, climber.classes);
      const load = await attempt(means, climber.contender, climber.classes);
      if (load) climber.carried.push(load);
      // Carried: one more, unless it came down to this. Not carried: the one before was the greatest, if there is one.
      if (load && climber.classes >= from) climber.classes += 1;
      else if (climber.carried.length > 0) climber.done = true;
      else climber.classes -= 1;
      if (climber.classes < 1) throw new Error(`${climber.contender.side.name} cannot carry one class`);
    }
  return climbers.map(({ carried }) => kneeOf(carried));
}

function kneeOf(carried: readonly Load[]): Knee {
  const greatest = carried.at(-1);
  if (!greatest) throw new Error('nothing was carried');
  return {
    greatest,
    viewersPerCore: median(carried.map(({ viewers, processorShare }) => viewers / processorShare)),
    mbpsPerCore: median(carried.map(({ mbps, processorShare }) => mbps / processorShare)),
  };
}

async function attempt(means: Means, contender: Contender, classes: number): Promise<Load | null> {
  for (let turn = 0; turn < tries; turn++) {
    const load = await measure(means, contender, classes);
    if (load.loss <= lossLimit) return load;
  }
  return null;
}
