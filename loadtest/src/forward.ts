/**
 * Bench `forward`: how long a packet takes from its arrival at a worker to its leaving for a viewer, with 50 and 500
 * viewers, on one worker and through one pipe. Ours is the service itself (classes, peers, placement, pipes) over
 * plain RTP; against it stands a bare mediasoup script that does the same and nothing else. Both are set up at once
 * and fed at the same time, packet by packet in turn, so that a neighbour's load meets both. Goal: at most 1.05 of bare.
 */
import { openBareSfu } from './forward/bare-sfu.ts';
import { openBlackHole } from './forward/black-hole.ts';
import { openOurSfu } from './forward/our-sfu.ts';
import type { ForwardPath, Layout } from './forward/path.ts';
import { openProbe, type Measurement, type Probe } from './forward/probe.ts';
import { median, quantile, type BenchOptions, type Figure } from './figure.ts';

/**
 * Packets come faster than a voice's 20 ms, for more of them in the time there is; but slowly enough that both sides
 * have sent one packet to everyone before the next comes.
 */
const audiences = [
  { consumers: 50, packetMs: 5 },
  { consumers: 500, packetMs: 15 },
];
/** Viewers whose packets are timed, spread evenly over all; the rest receive into a socket nobody reads. */
const timedViewers = 25;
const windowMs = 2_500;
const warmUpMs = 1_000;

/** @public bench.ts loads it by name. */
export async function run({ rounds }: BenchOptions): Promise<Figure[]> {
  const figures: Figure[] = [];
  const probe = await openProbe();
  const blackHole = await openBlackHole();
  try {
    for (const piped of [false, true])
      for (const { consumers, packetMs } of audiences) {
        const sinkOf = (viewer: number) =>
          viewer % Math.ceil(consumers / timedViewers) === 0 ? probe.sink : blackHole.sink;
        figures.push(...(await compare(probe, rounds, packetMs, { consumers, piped, sinkOf })));
      }
  } finally {
    probe.close();
    await blackHole.close();
  }
  return figures;
}

async function compare(probe: Probe, rounds: number, packetMs: number, layout: Layout): Promise<Figure[]> {
  const paths: ForwardPath[] = [];
  try {
    for (const open of [openOurSfu, openBareSfu]) paths.push(await open(layout));
    await probe.feed(paths, { packetMs, ms: warmUpMs });
    const latencies: { ours: number[]; bare: number[] }[] = [];
    for (let turn = 0; turn < rounds; turn++) {
      // Who goes first changes each round, so that neither always follows the other.
      const inTurn = turn % 2 === 0 ? paths : paths.toReversed();
      const measured = await probe.feed(inTurn, { packetMs, ms: windowMs });
      latencies.push({ ours: latenciesOf('ours', measured), bare: latenciesOf('bare', measured) });
    }
    const at = (name: string, share: number): Figure => {
      const ours = latencies.map((round) => quantile(round.ours, share));
      const bare = latencies.map((round) => quantile(round.bare, share));
      return {
        figure: `forward_${layout.piped ? 'pipe_' : ''}${name}_ms_${layout.consumers}`,
        value: median(ours),
        unit: 'ms',
        against: 'bare mediasoup',
        againstValue: median(bare),
        ratio: median(ours.map((value, round) => value / (bare[round] ?? NaN))),
        rounds,
      };
    };
    return [at('p50', 0.5), at('p99', 0.99)];
  } finally {
    for (const path of paths) await path.close();
  }
}

function latenciesOf(name: ForwardPath['name'], measured: readonly Measurement[]): number[] {
  const own = measured.find(({ path }) => path.name === name);
  const expected = (own?.sent ?? 0) * timedViewers;
  if (!own || own.latencies.length < 0.98 * expected)
    throw new Error(`${name} lost packets: ${own?.latencies.length ?? 0} of ${expected} arrived`);
  return own.latencies;
}
