/**
 * `npm run load -- SCENARIO [--scale 0.01] [--profile FOLDER] [--verbose]`: the product under a load that k6 makes, on this
 * machine. Exit code 1 when a threshold did not hold. At full scale the report goes to `loadtest/reports/`, at others where `--report`
 * says. Media at this size is modelled (`npm run simulate`), not measured here.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ensureK6 } from '../../start/k6/install.mjs';
import { buildGoTool } from './go-tool.ts';
import { examStart } from './http-load/exam-start.ts';
import type { HttpLoad } from './http-load/http-load.ts';
import { studyProgress } from './http-load/study-progress.ts';
import { reportOf } from './load/report.ts';
import { runLoad } from './load/run-load.ts';
import { scenarioNames, scenarioOf } from './load/scenarios.ts';
import { writeReport } from './report.ts';
import { ensureServers } from './servers.ts';

const httpLoads: Readonly<Record<string, HttpLoad>> = {
  [studyProgress.name]: studyProgress,
  [examStart.name]: examStart,
};
const usage = `Usage: npm run load -- ${[...scenarioNames, ...Object.keys(httpLoads)].join('|')} [--scale 0.01] [--report FOLDER] [--profile FOLDER] [--verbose]`;

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      scale: { type: 'string' },
      report: { type: 'string' },
      profile: { type: 'string' },
      verbose: { type: 'boolean' },
    },
  });
  const scale = z.coerce.number().gt(0).max(1).default(1).safeParse(values.scale);
  const over = httpLoads[positionals[0] ?? ''];
  const scenario = scale.success ? scenarioOf(positionals[0] ?? '', scale.data) : null;
  if (scale.success && over) return playOverHttp(over, scale.data, values);
  if (!scenario || !scale.success) {
    console.error(usage);
    return 2;
  }
  await ensureServers();
  const programs = { k6: await ensureK6(), holder: await buildGoTool('holder') };
  const say = (line: string) => console.error(`… ${line}`);
  const ended = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ended.abort());
  const result = await runLoad({
    scenario,
    signal: ended.signal,
    programs,
    say,
    profileInto: values.profile ?? null,
    ...(values.verbose && { onOutput: (text: string) => process.stderr.write(text) }),
  });
  await writeReport(reportOf(scenario, scale.data, result), { folder: values.report ?? null, say });
  for (const [name, figures] of Object.entries(result.figures))
    console.log(JSON.stringify({ name, ...figures }));
  console.log(
    JSON.stringify({ name: 'kb_per_connection', value: Number(result.kbPerConnection.toFixed(2)) }),
  );
  for (const threshold of result.crossed) console.error(`✗ ${threshold}`);
  return result.crossed.length === 0 ? 0 : 1;
}

async function playOverHttp(
  load: HttpLoad,
  scale: number,
  { report, verbose }: { report?: string | undefined; verbose?: boolean | undefined },
): Promise<number> {
  const say = (line: string) => console.error(`… ${line}`);
  const ended = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ended.abort());
  await ensureServers();
  const result = await load.run({
    scale,
    k6: await ensureK6(),
    say,
    signal: ended.signal,
    ...(verbose && { onOutput: (text: string) => process.stderr.write(text) }),
  });
  const { lines, ...told } = result;
  await writeReport(
    { name: load.name, says: load.says, scale, ...told, plots: { 'Cores busy': lines } },
    { folder: report ?? null, say },
  );
  for (const [name, figures] of Object.entries(result.figures))
    console.log(JSON.stringify({ name, ...figures }));
  for (const threshold of result.crossed) console.error(`✗ ${threshold}`);
  return result.crossed.length === 0 ? 0 : 1;
}

process.exitCode = await main();
