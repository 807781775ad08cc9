/**
 * The processes that share a load: k6 plays those who do something and a sample of those who listen, the lean holder the
 * rest. Each gets a plan of its own and answers with its figures.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Lively, LoadScenario } from './scenarios.ts';

export interface LoadMember {
  url: string;
  ticket: string;
  role: 'host' | 'attendee' | 'observer';
  classAt: number;
  n: number;
  at: number;
}

const metric = z.object({
  type: z.enum(['counter', 'trend', 'rate', 'gauge']),
  values: z.record(z.string(), z.number()),
  thresholds: z.record(z.string(), z.object({ ok: z.boolean() })).optional(),
});
const summary = z.record(z.string(), metric);
export type Summary = z.infer<typeof summary>;

export interface Generator {
  readonly pid: number;
  /** Rejects when it could not run; thresholds that were crossed are in the summary. */
  readonly finished: Promise<Summary>;
  stop(): void;
}

/** Open files are limited to 20,000 a process here, and some are needed for more than sockets. */
export const membersPerGenerator = 16_000;
const membersPerVirtualUser = 500;
/** One source address makes connecting slow long before its ports are used up. */
const sourceAddresses = '127.0.0.2-127.0.0.33';
const thresholdsCrossed = 99;
const endsWithinMs = 120_000;

export interface Programs {
  /** Paths. */
  k6: string;
  holder: string;
}

export interface GeneratorOptions {
  programs: Programs;
  kind: keyof Programs;
  folder: string;
  n: number;
  scenario: LoadScenario;
  members: readonly LoadMember[];
  total: { members: number; learners: number };
  startAtMs: number;
  onOutput: (text: string) => void;
}

export async function startGenerator(options: GeneratorOptions): Promise<Generator> {
  const { programs, kind, folder, n, scenario, members, total, startAtMs } = options;
  const plan = join(folder, `plan-${n}.json`);
  const answer = join(folder, `summary-${n}.json`);
  const settings: Record<string, number | Lively> = {
    startAtMs,
    rampMs: scenario.rampMs,
    holdMs: scenario.holdMs,
    vus: Math.ceil(members.length / membersPerVirtualUser),
    own: members.length,
    ...total,
    churnPercent: scenario.churnPercent,
    ...(scenario.stormAfterMs !== null && {
      stormAtMs: startAtMs + scenario.rampMs + scenario.stormAfterMs,
    }),
    ...(scenario.lively && { lively: scenario.lively }),
  };
  await writeFile(plan, JSON.stringify({ settings, members }));
  const env = { PLAN: plan, SUMMARY: answer };
  const child =
    kind === 'k6'
      ? spawn(programs.k6, k6Arguments(scenario, env), { stdio: ['ignore', 'pipe', 'pipe'] })
      : spawn(programs.holder, [], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2_000);
      options.onOutput(chunk.toString());
    });
  return {
    pid: child.pid ?? 0,
    finished: finish(child, {
      answer,
      endsAtMs: startAtMs + scenario.rampMs + scenario.holdMs,
      said: () => said,
    }),
    stop: () => void child.kill('SIGKILL'),
  };
}

function k6Arguments(scenario: LoadScenario, env: Readonly<Record<string, string>>): string[] {
  const script = fileURLToPath(new URL(`../../k6/${scenario.script}`, import.meta.url));
  const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  return [
    'run',
    '--quiet',
    '--no-usage-report',
    '--address=',
    `--local-ips=${sourceAddresses}`,
    ...variables,
    script,
  ];
}

/** A generator that waits for ever for a connection it began is ended, and has failed. */
async function finish(
  child: ChildProcess,
  { answer, endsAtMs, said }: { answer: string; endsAtMs: number; said: () => string },
): Promise<Summary> {
  const timer = setTimeout(() => child.kill('SIGKILL'), endsAtMs + endsWithinMs - Date.now());
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  if (code !== 0 && code !== thresholdsCrossed)
    throw new Error(`a generator ended with ${code ?? signal}:\n${said()}`);
  return summary.parse(JSON.parse(await readFile(answer, 'utf8')));
}

/** Figures of all generators as one: counts are added; of times the slowest generator's are told. */
export function mergeSummaries(summaries: readonly Summary[]): {
  figures: Record<string, Record<string, number>>;
  crossed: string[];
} {
  const figures: Record<string, Record<string, number>> = {};
  const crossed = new Set<string>();
  for (const each of summaries)
    for (const [name, { type, values, thresholds }] of Object.entries(each)) {
      const known = (figures[name] ??= {});
      for (const [what, value] of Object.entries(values)) {
        const adds = type === 'counter' || what === 'count';
        known[what] = adds
          ? (known[what] ?? 0) + value
          : Math.max(known[what] ?? Number.NEGATIVE_INFINITY, value);
      }
      for (const [threshold, { ok }] of Object.entries(thresholds ?? {}))
        if (!ok) crossed.add(`${name}: ${threshold}`);
    }
  return { figures, crossed: [...crossed] };
}
