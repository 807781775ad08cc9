/**
 * Bench `class-join-storm`: a thousand viewers join one class within ten seconds. Ours is a cluster on this machine
 * with real Redis and PostgreSQL, two signaling nodes and two media nodes in processes of their own; each viewer
 * connects, joins (ticket, attendance, snapshot, roster), gets a transport and waits for the first packets of sound and
 * picture. Against it stands the same storm on two bare mediasoup workers behind plain HTTP, which ask nobody anything:
 * the limit of this machine with this tool.
 *
 * The viewers are light ones (Go and Pion, `loadtest/viewers`): a real browser each would need a rack. They do what a
 * page does on the wire: WebSocket, ICE, DTLS, SRTP, beats. The learners are made in the database and their tickets
 * signed beforehand, as the pages' service signs them: logging in hashes passwords slowly by design, and people log in
 * before the bell. Lost is who has no sound and picture after 30 s, or whose socket breaks at any time until all have
 * stayed together for five seconds.
 */
import { alone, median, quantile, type BenchOptions, type Figure } from './figure.ts';
import { openBareStorm } from './storm/bare-storm.ts';
import { openOurStorm } from './storm/our-storm.ts';
import type { StormSide } from './storm/side.ts';
import { raiseStorm, type JoinCosts, type Storm } from './storm/storm.ts';

const defaultViewers = 1_000;
/** A storm takes the better part of a minute. */
const mostRounds = 3;
const options = { spreadMs: 10_000, patienceMs: 30_000, stayMs: 5_000 };

/** @public bench.ts loads it by name. */
export async function run({ rounds, viewers }: BenchOptions): Promise<Figure[]> {
  const sides: StormSide[] = [];
  const storms: Record<StormSide['name'], Storm[]> = { ours: [], bare: [] };
  const turns = Math.min(rounds, mostRounds);
  try {
    for (const open of [openOurStorm, openBareStorm])
      sides.push(await open({ viewers: viewers ?? defaultViewers }));
    for (let turn = 0; turn < turns; turn++)
      for (const side of turn % 2 === 0 ? sides : sides.toReversed())
        storms[side.name].push(await raiseStorm(side, options));
  } finally {
    for (const side of sides) await side.close();
  }
  return figuresOf(storms, turns);
}

function figuresOf({ ours, bare }: Record<StormSide['name'], Storm[]>, rounds: number): Figure[] {
  const time = (name: string, share: number): Figure => {
    const of = ({ mediaMs }: Storm) => quantile(mediaMs, share);
    return {
      figure: name,
      value: median(ours.map(of)),
      unit: 'ms',
      against: 'bare mediasoup',
      againstValue: median(bare.map(of)),
      ratio: median(
        ours.map((storm, round) => {
          const other = bare[round];
          return other ? of(storm) / of(other) : NaN;
        }),
      ),
      rounds,
    };
  };
  // Nobody may be lost in any round, so the worst one speaks.
  const worst = (storms: readonly Storm[]) => Math.max(...storms.map(({ lost }) => lost.length));
  return [
    time('storm_p50_ms', 0.5),
    time('storm_p95_ms', 0.95),
    {
      figure: 'storm_lost',
      value: worst(ours),
      unit: 'viewers',
      against: 'bare mediasoup',
      againstValue: worst(bare),
      ratio: null,
      rounds,
    },
    ...perJoin(ours, bare, rounds),
  ];
}

/** What a join costs each of our processes, for the simulation; bare mediasoup has no signaling to compare with. */
function perJoin(ours: readonly Storm[], bare: readonly Storm[], rounds: number): Figure[] {
  const costOf = (process: string, pick: (each: JoinCosts) => number): Figure =>
    alone(
      `storm_${process}_ms_per_join`,
      median(ours.map(({ perJoin }) => pick(perJoin))),
      'ms of processor time',
      rounds,
    );
  const compared = (process: string, pick: (each: JoinCosts) => number): Figure => ({
    ...costOf(process, pick),
    against: 'bare mediasoup',
    againstValue: median(bare.map(({ perJoin }) => pick(perJoin))),
    ratio: median(
      ours.map(({ perJoin }, round) => {
        const other = bare[round];
        return other ? pick(perJoin) / pick(other.perJoin) : NaN;
      }),
    ),
  });
  return [
    costOf('signaling', ({ signalingMs }) => signalingMs),
    costOf('coordinator', ({ coordinatorMs }) => coordinatorMs),
    compared('node', ({ nodeMs }) => nodeMs),
    compared('worker', ({ workerMs }) => workerMs),
  ];
}
