/**
 * Bench `study`: reports of players per second of processor time, each answered once what it credited is committed. A
 * thousand learners study at once, as fast as they are answered, over HTTP to PostgreSQL. Against it stand a bare
 * `node:http` server with a group commit of its own, which checks nobody and credits whatever it is told, and the same
 * with one transaction a report. Counted is the processor time of the server's process and of PostgreSQL's.
 *
 * At the end the server is killed while reports are on their way: none that was answered may be missing.
 */
import { alone, median, type BenchOptions, type Figure } from './figure.ts';
import { openStudySides } from './study/sides.ts';

const defaultLearners = 1_000;
const turnMs = 6_000;
const mostRounds = 5;

/** @public bench.ts loads it by name. */
export async function run({ rounds, viewers }: BenchOptions): Promise<Figure[]> {
  const turns = Math.min(rounds, mostRounds);
  const sides = await openStudySides({ learners: viewers ?? defaultLearners });
  const perCore = { ours: [] as number[], bare: [] as number[], single: [] as number[] };
  try {
    for (const side of sides.all) await side.turn(turnMs / 3);
    for (let round = 0; round < turns; round++)
      for (const side of round % 2 === 0 ? sides.all : sides.all.toReversed())
        perCore[side.name].push(await side.turn(turnMs));
    const lost = await sides.killOurs();
    const against = (name: 'bare' | 'single', figure: string, peer: string): Figure => ({
      figure,
      value: median(perCore.ours),
      unit: 'reports per second of processor time',
      against: peer,
      againstValue: median(perCore[name]),
      ratio: median(perCore.ours.map((value, round) => value / (perCore[name][round] ?? NaN))),
      rounds: turns,
    });
    return [
      against('bare', 'reports_per_core_s', 'bare node:http with group commit'),
      against('single', 'reports_vs_single_rows', 'bare node:http, a transaction a report'),
      alone('reports_lost', lost, 'reports'),
    ];
  } finally {
    await sides.close();
  }
}
