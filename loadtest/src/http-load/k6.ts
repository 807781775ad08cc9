/** One k6 process that plays a load over HTTP: what it is told stands in a file, and so does what it answers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Summary } from '../load/generators.ts';

const thresholdsCrossed = 99;
const summary = z.record(
  z.string(),
  z.object({
    type: z.enum(['counter', 'trend', 'rate', 'gauge']),
    values: z.record(z.string(), z.number()),
    thresholds: z.record(z.string(), z.object({ ok: z.boolean() })).optional(),
  }),
);

export interface K6Run {
  /** Path of the program. */
  k6: string;
  /** In `loadtest/k6`. */
  script: string;
  /** What the script reads from the file that `PLAN` names. */
  plan: object;
  folder: string;
  /** Ends it, and the promise rejects. */
  signal: AbortSignal;
  /** With its id, once it runs. */
  onStart?: (pid: number) => void;
  onOutput?: (text: string) => void;
}

/** Rejects when it could not run; thresholds that were crossed are in the summary. */
export async function runK6({
  k6,
  script,
  plan,
  folder,
  signal,
  onStart,
  onOutput,
}: K6Run): Promise<Summary> {
  const [planFile, answerFile] = [join(folder, 'plan.json'), join(folder, 'summary.json')];
  await writeFile(planFile, JSON.stringify(plan));
  const child = spawn(
    k6,
    [
      ...['run', '--quiet', '--no-usage-report', '--address='],
      ...['--env', `PLAN=${planFile}`, '--env', `SUMMARY=${answerFile}`],
      fileURLToPath(new URL(`../../k6/${script}`, import.meta.url)),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const end = () => void child.kill('SIGKILL');
  signal.addEventListener('abort', end, { once: true });
  process.once('exit', end);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2_000);
      onOutput?.(chunk.toString());
    });
  onStart?.(child.pid ?? 0);
  const [code, killed] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  signal.removeEventListener('abort', end);
  process.off('exit', end);
  if (code !== 0 && code !== thresholdsCrossed) throw new Error(`k6 ended with ${code ?? killed}:\n${said}`);
  return summary.parse(JSON.parse(await readFile(answerFile, 'utf8')));
}
