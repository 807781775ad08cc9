/**
 * Bench `join`: from the click on the join button to the first picture shown and the first packet of sound, in real
 * Chromium on loopback. Ours is the whole product: permission, ticket, socket, class, attendance, media. Against it
 * stands a page with bare mediasoup and mediasoup-client that asks nobody anything. One viewer joins both in turn;
 * both instructors publish all the time, so that neither side has the machine to itself.
 */
import { desktop, openBrowser } from '@keshi/e2e/chromium';
import type { Page } from 'playwright-core';
import { median, quantile, type BenchOptions, type Figure } from './figure.ts';
import { openBareClass } from './join/bare-class.ts';
import { openOurClass } from './join/our-class.ts';
import { measureJoin, type Join, type JoinSide } from './join/side.ts';
import { ensureBrowser } from './servers.ts';

const joinsPerRound = 5;

/** @public bench.ts loads it by name. */
export async function run({ rounds }: BenchOptions): Promise<Figure[]> {
  await ensureBrowser();
  const viewer = await openBrowser(desktop);
  const sides: JoinSide[] = [];
  try {
    sides.push(await openOurClass(viewer.page));
    sides.push(await openBareClass());
    // The first join of each fills caches and starts encoders.
    for (const side of sides) await measureJoin(side, viewer.page);
    const measured: Record<JoinSide['name'], Join[]>[] = [];
    for (let turn = 0; turn < rounds; turn++) measured.push(await playRound(sides, viewer.page, turn));
    return figuresOf(measured);
  } finally {
    await viewer.close();
    for (const side of sides) await side.close();
  }
}

async function playRound(
  sides: readonly JoinSide[],
  page: Page,
  turn: number,
): Promise<Record<JoinSide['name'], Join[]>> {
  const joins: Record<JoinSide['name'], Join[]> = { ours: [], bare: [] };
  for (let attempt = 0; attempt < joinsPerRound; attempt++)
    // Who goes first changes, so that neither always follows the other.
    for (const side of (turn + attempt) % 2 === 0 ? sides : sides.toReversed())
      joins[side.name].push(await measureJoin(side, page));
  return joins;
}

function figuresOf(measured: readonly Record<JoinSide['name'], Join[]>[]): Figure[] {
  const rounds = measured.length;
  const ours = measured.flatMap((round) => round.ours);
  const bare = measured.flatMap((round) => round.bare);
  const time = (figure: string, share: number): Figure => {
    const of = (joins: readonly Join[]) =>
      quantile(
        joins.map(({ totalMs }) => totalMs),
        share,
      );
    return {
      figure,
      value: of(ours),
      unit: 'ms',
      against: 'bare mediasoup',
      againstValue: of(bare),
      ratio: median(measured.map((round) => of(round.ours) / of(round.bare))),
      rounds,
    };
  };
  const trips = (joins: readonly Join[]) => median(joins.map(({ roundTrips }) => roundTrips));
  const signaling = (joins: readonly Join[]) => median(joins.map((join) => join.signalingMs / join.totalMs));
  return [
    time('join_p50_ms', 0.5),
    time('join_p95_ms', 0.95),
    {
      figure: 'join_round_trips',
      value: trips(ours),
      unit: 'round trips',
      against: 'bare mediasoup',
      againstValue: trips(bare),
      ratio: trips(ours) / trips(bare),
      rounds,
    },
    {
      figure: 'join_signaling_share',
      value: signaling(ours),
      unit: 'of the join',
      against: 'bare mediasoup',
      againstValue: signaling(bare),
      ratio: signaling(ours) / signaling(bare),
      rounds,
    },
  ];
}
