/**
 * `npm run bench -- NAME [--rounds n]`: runs one bench and prints one JSON line per figure. Ratios are ours over the
 * peer's within one run, because wall time depends on the machine and its neighbours.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { figure, type Bench, type Figure } from './figure.ts';

/** Loaded only when asked for: each brings its own servers and libraries. */
const files: Record<string, string> = {
  forward: './forward.ts',
  join: './join.ts',
};

const defaultRounds = 7;
const usage = `Usage: npm run bench -- ${Object.keys(files).join('|')} [--rounds n]`;
const benchModule = z.object({ run: z.custom<Bench>((value) => typeof value === 'function') });

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string' } },
  });
  const [name = ''] = positionals;
  const file = files[name];
  const rounds = z.coerce.number().int().min(1).max(1000).default(defaultRounds).safeParse(values.rounds);
  if (!file || !rounds.success) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  const loaded: unknown = await import(new URL(file, import.meta.url).href);
  const { run } = benchModule.parse(loaded);
  const commit = commitOf(import.meta.dirname);
  for (const measured of await run({ rounds: rounds.data }))
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

/** The commit measured, with a mark when the files differ from it; "unknown" outside a checkout. */
function commitOf(cwd: string): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain') ? '-modified' : '');
  } catch {
    return 'unknown';
  }
}

await main();
