/**
 * Bench `faces`: what one identity check costs, ours against face-api.js as it comes (WASM backend, tiny detector at 320,
 * 68 landmarks, descriptor), on the same camera pictures of 640 × 480 in turns within one process. Counted is processor
 * time, decoding included on both sides. Goal: at least five times the checks per core.
 *
 * Then how long a verdict takes, from the client and back to it, at the load one proctor thread carries and at five times
 * as much (`faces/verdict-path.ts`).
 *
 * With `--set DIR` it also says how often the engine is wrong on people it has not seen, and how many findings honest
 * learners would meet (`faces/honest.ts`): DIR holds `images/`, `images.csv` (file, person, faces, note) and `pairs.csv`
 * (file_a, file_b, same, note). `--viewers n` makes these two smaller than with their 300 learners.
 */
import { createEngine } from '@keshi/proctor/engine/engine';
import { openStock } from '@keshi/proctor/testing/stock';
import { portrait } from '@keshi/proctor/testing/samples';
import sharp from 'sharp';
import { accuracyOf } from './faces/accuracy.ts';
import { openOurChecker, openStockChecker, type Checker } from './faces/checker.ts';
import { readFaceSet } from './faces/face-set.ts';
import { incidentFigures } from './faces/incident-figures.ts';
import { verdictFigures } from './faces/verdict-figures.ts';
import { alone, median, type BenchOptions, type Figure } from './figure.ts';

/** Of each side and round: enough that a neighbour's moment does not decide. */
const checksPerRound = 24;
const people = ['plain', 'other', 'turned'] as const;
/** Of the two parts that take time rather than turns. */
const whole = { learners: 300, seconds: 30, hours: 6_000 };
const least = { seconds: 2, hours: 100 };

/** @public bench.ts loads it by name. */
export async function run({ rounds, set, viewers }: BenchOptions): Promise<Figure[]> {
  const engine = await createEngine();
  try {
    const figures = await costs(openOurChecker(engine), openStockChecker(await openStock()), rounds);
    const learners = viewers ?? whole.learners;
    const part = (full: number, few: number) => Math.max(few, Math.round((full * learners) / whole.learners));
    const seconds = part(whole.seconds, least.seconds);
    figures.push(...(await verdictFigures(engine, [await cameraFrame('plain')], { seconds, learners })));
    if (set === null) {
      console.error('faces: no --set DIR given, so nothing is said about accuracy and findings');
      return figures;
    }
    const faces = await readFaceSet(set);
    figures.push(...(await accuracyOf(engine, faces)));
    figures.push(...(await incidentFigures(engine, faces, part(whole.hours, least.hours))));
    return figures;
  } finally {
    await engine.close();
  }
}

async function costs(ours: Checker, stock: Checker, rounds: number): Promise<Figure[]> {
  const frames = await Promise.all(people.map(cameraFrame));
  // The first run of a network makes its plans.
  for (const checker of [ours, stock]) for (const frame of frames) await checker.check(frame);
  const perSecond: Record<'ours' | 'mirrored' | 'stock', number[]> = { ours: [], mirrored: [], stock: [] };
  const stages: Record<string, number[]> = {};
  const turn = async (side: keyof typeof perSecond) => {
    const began = process.cpuUsage();
    for (let check = 0; check < checksPerRound; check++) {
      const frame = frames[check % frames.length] ?? Buffer.alloc(0);
      const checker = side === 'stock' ? stock : ours;
      const times = await checker.check(frame, side === 'mirrored');
      if (side === 'ours') for (const [stage, ms] of Object.entries(times)) (stages[stage] ??= []).push(ms);
    }
    const { user, system } = process.cpuUsage(began);
    perSecond[side].push(checksPerRound / ((user + system) / 1e6));
  };
  for (let round = 0; round < rounds; round++)
    // Who goes first changes, so that nobody always follows the other.
    for (const side of round % 2 === 0 ? (['ours', 'stock'] as const) : (['stock', 'ours'] as const)) {
      await turn(side);
      if (side === 'ours') await turn('mirrored');
    }
  const against = 'face-api.js 1.7.15, WASM, tiny 320';
  const compared = (figure: string, side: 'ours' | 'mirrored'): Figure => ({
    figure,
    value: median(perSecond[side]),
    unit: 'checks per second of processor time',
    against,
    againstValue: median(perSecond.stock),
    ratio: median(perSecond[side].map((value, round) => value / (perSecond.stock[round] ?? NaN))),
    rounds,
  });
  return [
    compared('checks_per_core_s', 'ours'),
    compared('mirrored_checks_per_core_s', 'mirrored'),
    ...Object.entries(stages).map(([stage, values]) => alone(`${stage}_ms`, median(values), 'ms', rounds)),
  ];
}

/** As a page sends it. */
const cameraFrame = async (who: (typeof people)[number]): Promise<Buffer> =>
  sharp(await portrait(who))
    .resize(640, 480, { fit: 'cover' })
    .jpeg({ quality: 80 })
    .toBuffer();
