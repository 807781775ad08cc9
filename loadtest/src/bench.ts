/**
 * `npm run bench -- NAME [--rounds n] [--viewers n] [--set DIR]`: runs one bench and prints one JSON line per figure. Ratios are ours over the
 * peer's within one run, because wall time depends on the machine and its neighbours.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { commitOf } from './commit.ts';
import { figure, type Bench, type Figure } from './figure.ts';
import { ensureServers } from './servers.ts';

/** Loaded only when asked for: each brings its own servers and libraries. */
const files: Record<string, string> = {
  forward: './forward.ts',
  join: './join.ts',
  'sfu-capacity': './sfu-capacity.ts',
  'class-join-storm': './class-join-storm.ts',
  fanout: './fanout.ts',
  faces: './faces.ts',
  exam: './exam.ts',
  study: './study.ts',
};

const defaultRounds = 7;
const usage = `Usage: npm run bench -- ${Object.keys(files).join('|')} [--rounds n] [--viewers n] [--set DIR]`;
const count = (most: number) => z.coerce.number().int().min(1).max(most);
const benchModule = z.object({ run: z.custom<Bench>((value) => typeof value === 'function') });

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string' }, viewers: { type: 'string' }, set: { type: 'string' } },
  });
  const [name = ''] = positionals;
  const file = files[name];
  const rounds = count(1_000).default(defaultRounds).safeParse(values.rounds);
  const viewers = count(9_000).optional().safeParse(values.viewers);
  if (!file || !rounds.success || !viewers.success) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  await ensureServers();
  const loaded: unknown = await import(new URL(file, import.meta.url).href);
  const { run } = benchModule.parse(loaded);
  const options = { rounds: rounds.data, viewers: viewers.data ?? null, set: values.set ?? null };
  const commit = commitOf(import.meta.dirname);
  for (const measured of await run(options))
    console.log(JSON.stringify(toLine(name, figure.parse(measured), commit)));
}

function toLine(
  bench: string,
  { figure, value, unit, against, againstValue, ratio, rounds }: Figure,
  commit: string,
) {
  return {
    bench,
    figure,
    value: round(value),
    unit,
    against,
    against_value: againstValue === null ? null : round(againstValue),
    ratio: ratio === null ? null : round(ratio),
    rounds,
    commit,
  };
}

const round = (value: number) => Number(value.toPrecision(4));

await main();
