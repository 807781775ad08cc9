/** What a load showed, for people (HTML with plots) and for programs (JSON). */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commitOf } from '../commit.ts';
import { drawLines } from './lines.ts';
import type { LoadResult } from './run-load.ts';
import type { LoadScenario } from './scenarios.ts';

const reports = fileURLToPath(new URL('../../reports', import.meta.url));

export interface Report {
  scenario: LoadScenario;
  scale: number;
  result: LoadResult;
  /** Null: with the others when the scale is full, nowhere when it is not. */
  folder: string | null;
  say: (line: string) => void;
}

export async function writeReport({ scenario, scale, result, folder, say }: Report): Promise<void> {
  const into = folder ?? (scale === 1 ? reports : null);
  if (!into) return;
  const told = toldOf(scenario, scale, result);
  await mkdir(into, { recursive: true });
  await writeFile(join(into, `${scenario.name}.json`), `${JSON.stringify(told, null, 1)}\n`);
  await writeFile(join(into, `${scenario.name}.html`), page(told));
  say(`the report is ${join(into, `${scenario.name}.html`)}`);
}

const round = (value: number) => Number(value.toPrecision(4));

function toldOf(scenario: LoadScenario, scale: number, { samples, figures, ...result }: LoadResult) {
  const { classes, ...settings } = scenario;
  return {
    ...settings,
    scale,
    classes: classes.length,
    learners: classes.reduce((sum, size) => sum + size, 0),
    passed: result.crossed.length === 0,
    ...result,
    kbPerConnection: round(result.kbPerConnection),
    machine: {
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 1e9),
      processor: cpus()[0]?.model ?? 'unknown',
      kernel: release(),
      node: process.version,
    },
    commit: commitOf(import.meta.dirname),
    at: new Date().toISOString(),
    media: 'modelled (npm run simulate), not part of this load',
    figures: Object.fromEntries(
      Object.entries(figures).map(([name, values]) => [
        name,
        Object.fromEntries(Object.entries(values).map(([what, value]) => [what, round(value)])),
      ]),
    ),
    samples: samples.map((sample) =>
      Object.fromEntries(Object.entries(sample).map(([name, value]) => [name, round(value)])),
    ),
  };
}

const escape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function page(told: ReturnType<typeof toldOf>): string {
  const { figures, samples, crossed, machine, ...settings } = told;
  const rows = Object.entries(figures).map(
    ([name, values]) =>
      `<tr><th scope="row">${escape(name)}</th><td>${Object.entries(values)
        .map(([what, value]) => `${escape(what)} <b>${value}</b>`)
        .join(' · ')}</td></tr>`,
  );
  const facts = Object.entries({ ...settings, ...machine }).map(
    ([name, value]) =>
      `<tr><th scope="row">${escape(name)}</th><td>${escape(typeof value === 'object' ? JSON.stringify(value) : String(value))}</td></tr>`,
  );
  const at = samples.map(({ atSeconds }) => atSeconds ?? 0);
  const line = (name: string) => samples.map((sample) => sample[name] ?? 0);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(told.name)}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#22272e;background:#fff}
table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:500;padding:.2rem 1rem .2rem 0;vertical-align:top}
td{padding:.2rem 0;overflow-wrap:anywhere}tr+tr{border-top:1px solid #e3e6ea}svg{max-width:100%;height:auto}
</style>
<h1>${escape(told.name)}: ${told.passed ? 'passed' : 'did not pass'}</h1>
<p>${escape(told.says)}. ${crossed.length ? `Did not hold: ${escape(crossed.join('; '))}.` : 'Every threshold held.'} Media at this size is modelled, not measured.</p>
${drawLines('Cores busy', at, { 'signaling nodes': line('signalingCores'), generators: line('generatorCores'), 'whole machine': line('machineCores') })}
${drawLines('Memory of the signaling nodes, MB', at, { 'signaling nodes': line('signalingMb') })}
<h2>Figures</h2><table>${rows.join('')}</table>
<h2>Settings and machine</h2><table>${facts.join('')}</table>
</html>
`;
}
