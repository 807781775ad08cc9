/**
 * Bench `sfu-capacity`: how many consumers, and how many Mbps, one core forwards before a viewer loses more than one
 * packet in a thousand; and how long packets take with 0, 1 and 2 pipes in between. Ours is the service's own node
 * (classes, peers, placement, pipes); against it stands a bare mediasoup script with the same streams, encrypted as
 * for browsers. Goal: at least 0.95 of bare.
 *
 * Method. Classes of 20 viewers, each with a camera (1 Mbps, 125 packets a second) and a microphone (50), are added to
 * one worker until the viewers that are heard, one in each class, lose more than 0.1 %; later than 200 ms is lost. All
 * other viewers receive into a socket that nobody reads, where the kernel drops, so that neither the publishers nor
 * the viewers of the bench are the limit: they cost a tenth of a core. What the loads on the last steps up to the
 * knee needed of the core is read from the worker's processor time, and the load is divided by it: on a quiet machine
 * the share at the knee is close to 1 and the figure close to the load itself; on a shared one the time that
 * neighbours took away is not held against either side. Both sides climb in turns, window by window, and figures are
 * medians over rounds.
 */
import { openBareSide } from './capacity/bare-side.ts';
import { measureDelays } from './capacity/delay.ts';
import { openFeeder, type Feeder } from './capacity/feeder.ts';
import { climb, estimateClasses, viewersPerClass, type Contender, type Knee } from './capacity/knee.ts';
import { openOurSide } from './capacity/our-side.ts';
import { streams } from './capacity/stream.ts';
import { median, type BenchOptions, type Figure } from './figure.ts';
import { openBlackHole, type BlackHole } from './forward/black-hole.ts';

/** @public bench.ts loads it by name. */
export async function run({ rounds }: BenchOptions): Promise<Figure[]> {
  const feeder = await openFeeder();
  const blackHole = await openBlackHole();
  try {
    return [
      ...(await measureCapacity(feeder, blackHole, rounds)),
      ...(await measureDelays(feeder, blackHole, rounds)),
    ];
  } finally {
    feeder.close();
    await blackHole.close();
  }
}

async function measureCapacity(feeder: Feeder, blackHole: BlackHole, rounds: number): Promise<Figure[]> {
  const contenders: Contender[] = [];
  try {
    for (const [at, open] of [openOurSide, openBareSide].entries())
      contenders.push({ side: await open({ pipes: 0 }), lanes: [], firstLane: 128 * at });
    const means = { feeder, blackHole };
    const estimates: number[] = [];
    for (const contender of contenders) estimates.push(await estimateClasses(means, contender));
    let from = Math.min(...estimates);
    const ours: Knee[] = [];
    const bare: Knee[] = [];
    for (let round = 0; round < rounds; round++) {
      const isTurned = round % 2 === 1;
      const knees = await climb(means, isTurned ? contenders.toReversed() : contenders, from);
      const [own, other] = isTurned ? knees.toReversed() : knees;
      if (!own || !other) throw new Error('nothing was carried');
      ours.push(own);
      bare.push(other);
      const lower = Math.min(own.greatest.viewers, other.greatest.viewers) / viewersPerClass;
      from = Math.max(1, Math.floor(0.9 * lower));
    }
    return figuresOf(ours, bare);
  } finally {
    for (const { side } of contenders) await side.close();
  }
}

function figuresOf(ours: readonly Knee[], bare: readonly Knee[]): Figure[] {
  const compare = (figure: string, unit: string, of: (knee: Knee) => number): Figure => ({
    figure,
    value: median(ours.map(of)),
    unit,
    against: 'bare mediasoup',
    againstValue: median(bare.map(of)),
    ratio: median(
      ours.map((knee, round) => {
        const other = bare[round];
        return other ? of(knee) / of(other) : NaN;
      }),
    ),
    rounds: ours.length,
  });
  return [
    compare('consumers_per_core', 'consumers', ({ viewersPerCore }) => viewersPerCore * streams.length),
    compare('mbps_per_core', 'Mbps', ({ mbpsPerCore }) => mbpsPerCore),
    compare('consumers_at_knee', 'consumers', ({ greatest }) => greatest.viewers * streams.length),
    compare('processor_share_at_knee', 'of a core', ({ greatest }) => greatest.processorShare),
  ];
}
