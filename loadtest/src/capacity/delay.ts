/** How long packets take from the publisher to the viewers of one class, with 0, 1 and 2 pipes between workers. */
import { median, quantile, type Figure } from '../figure.ts';
import type { BlackHole } from '../forward/black-hole.ts';
import type { Feeder, Heard, Lane } from './feeder.ts';
import { openBareSide } from './bare-side.ts';
import { openOurSide } from './our-side.ts';
import type { CapacitySide } from './side.ts';

const layouts = [
  { pipes: 0, name: '0pipes' },
  { pipes: 1, name: '1pipe' },
  { pipes: 2, name: '2pipes' },
];
const viewers = 25;
/** One viewer in so many is timed: this process must not be busy hearing one packet while the next one waits. */
const oneIn = 5;
const windowMs = 2_500;
const warmUpMs = 1_500;
const lanes = { ours: 0, bare: 128 };

/** Both sides are fed at once. */
export async function measureDelays(feeder: Feeder, blackHole: BlackHole, rounds: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { pipes, name } of layouts) {
    const measured = await measureLayout(feeder, blackHole, pipes, rounds);
    for (const [label, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const of = (side: 'ours' | 'bare') => measured.map((round) => quantile(round[side], share));
      const [ours, bare] = [of('ours'), of('bare')];
      figures.push({
        figure: `delay_${label}_ms_${name}`,
        value: median(ours),
        unit: 'ms',
        against: 'bare mediasoup',
        againstValue: median(bare),
        ratio: median(ours.map((value, round) => value / (bare[round] ?? NaN))),
        rounds,
      });
    }
  }
  return figures;
}

async function measureLayout(
  feeder: Feeder,
  blackHole: BlackHole,
  pipes: number,
  rounds: number,
): Promise<{ ours: number[]; bare: number[] }[]> {
  const sides: CapacitySide[] = [];
  const sinkOf = (viewer: number) => (viewer % oneIn === 0 ? feeder.sink : blackHole.sink);
  try {
    const fed: Lane[] = [];
    for (const open of [openOurSide, openBareSide]) {
      const side = await open({ pipes });
      sides.push(side);
      const lane = lanes[side.name];
      const { port } = await side.addClass({ lane, viewers, sinkOf });
      fed.push({ lane, port, heardBy: viewers / oneIn });
    }
    await feeder.feed(fed, warmUpMs);
    const measured: { ours: number[]; bare: number[] }[] = [];
    for (let round = 0; round < rounds; round++) {
      // Who sends first in each beat changes, so that neither always follows the other.
      const isTurned = round % 2 === 1;
      const heard = await feeder.feed(isTurned ? fed.toReversed() : fed, windowMs);
      const [ours, bare] = isTurned ? heard.toReversed() : heard;
      measured.push({ ours: delaysOf('ours', ours), bare: delaysOf('bare', bare) });
    }
    return measured;
  } finally {
    for (const side of sides) await side.close();
  }
}

function delaysOf(name: string, heard: Heard | undefined): number[] {
  if (!heard || heard.delays.length < 0.98 * heard.expected)
    throw new Error(`${name} lost packets: ${heard?.delays.length ?? 0} of ${heard?.expected} came`);
  return heard.delays;
}
