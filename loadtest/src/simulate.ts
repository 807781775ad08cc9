/**
 * `npm run simulate`: how many SFU nodes the largest days need, and what happens when nodes fail on them, by the real
 * placement functions under a model with measured costs. Prints one JSON line for each scenario and draws
 * `loadtest/reports/simulate.svg`.
 *
 * `npm run simulate -- --check` compares the model with real nodes on this machine, exit code 1 when they differ by
 * more than a tenth; `npm run simulate -- --measure` prints the costs of a packet here, for `costs.ts`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openFeeder } from './capacity/feeder.ts';
import { median } from './figure.ts';
import { openBlackHole } from './forward/black-hole.ts';
import { checkModel, errorOf, tolerance } from './simulate/check.ts';
import { delays, measuredCosts, stage } from './simulate/costs.ts';
import { openCostMeter, type PacketCosts } from './simulate/measure-costs.ts';
import { plot, type Panel } from './simulate/plot.ts';
import { scenarios } from './simulate/scenarios.ts';
import { sizeCluster } from './simulate/size-cluster.ts';

const reports = fileURLToPath(new URL('../reports', import.meta.url));
const rounds = 9;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, measure: { type: 'boolean' } } });
  if (values.check) await check();
  else if (values.measure) await measure();
  else await simulate();
}

async function simulate(): Promise<void> {
  const panels: Panel[] = [];
  for (const scenario of scenarios) {
    const outcome = sizeCluster(scenario, { costs: measuredCosts, delays, stage });
    panels.push({ title: scenario.name, outcome });
    const { samples: _, failures, ...figures } = outcome;
    const rounded = Object.fromEntries(
      Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(4))]),
    );
    const healing = failures.map(({ atMs, hit, healedAfterMs }) => ({
      atSeconds: atMs / 1_000,
      hit,
      secondsUntilAllHaveMedia: healedAfterMs === null ? null : Number((healedAfterMs / 1_000).toFixed(1)),
    }));
    console.log(
      JSON.stringify({
        scenario: scenario.name,
        classes: scenario.classes.length,
        workersPerNode: scenario.workersPerNode,
        ...rounded,
        failures: healing,
      }),
    );
  }
  await mkdir(reports, { recursive: true });
  await writeFile(`${reports}/simulate.svg`, plot(panels));
}

async function check(): Promise<void> {
  const { layout, processor } = await checkModel(rounds);
  for (const comparison of [...layout, ...processor]) {
    const { what, predicted, measured } = comparison;
    console.log(JSON.stringify({ what, predicted, measured, error: Number(errorOf(comparison).toFixed(3)) }));
  }
  const worst = Math.max(...[...layout, ...processor].map(errorOf));
  if (worst <= tolerance) return;
  console.error(`The model is off by ${(100 * worst).toFixed(0)} %.`);
  process.exitCode = 1;
}

async function measure(): Promise<void> {
  const feeder = await openFeeder();
  const blackHole = await openBlackHole();
  const meter = await openCostMeter(feeder, blackHole.sink, 0);
  try {
    const windows: PacketCosts[] = [];
    for (let round = 0; round < rounds; round++) windows.push((await meter.measure()).costs);
    const of = (name: keyof PacketCosts) => Number(median(windows.map((costs) => costs[name])).toFixed(1));
    console.log(
      JSON.stringify({
        publishedMicros: of('publishedMicros'),
        fromPipeMicros: of('fromPipeMicros'),
        toViewerMicros: of('toViewerMicros'),
        intoPipeMicros: of('intoPipeMicros'),
      }),
    );
  } finally {
    await meter.close();
    feeder.close();
    await blackHole.close();
  }
}

await main();
