/** A load over plain HTTP: made by one k6, on a cluster of its own making, and told as the others are. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commitOf } from '../commit.ts';
import { drawLines } from '../load/lines.ts';

export interface HttpLoadOptions {
  /** Of the full load, more than 0 and at most 1. */
  scale: number;
  /** Path of the program. */
  k6: string;
  say: (line: string) => void;
  signal: AbortSignal;
  onOutput?: (text: string) => void;
}

export interface HttpLoadResult {
  settings: Readonly<Record<string, number>>;
  figures: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Thresholds that did not hold; a load without any has passed. */
  crossed: readonly string[];
  samples: readonly (Readonly<Record<string, number>> & { readonly atSeconds: number })[];
  /** Which of the samples' numbers are cores that were busy, by what they are called. */
  lines: Readonly<Record<string, string>>;
}

export interface HttpLoad {
  readonly name: string;
  readonly says: string;
  run(options: HttpLoadOptions): Promise<HttpLoadResult>;
}

const reports = fileURLToPath(new URL('../../reports', import.meta.url));
const round = (value: number) => Number(value.toPrecision(4));
const rounded = (of: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, round(value)]));

/** For people (HTML with a plot) and for programs (JSON). Where nothing is said: with the others, when the scale is full. */
export async function writeHttpReport(of: {
  load: HttpLoad;
  scale: number;
  result: HttpLoadResult;
  folder: string | null;
  say: (line: string) => void;
}): Promise<void> {
  const { load, scale, result, say } = of;
  const into = of.folder ?? (scale === 1 ? reports : null);
  if (!into) return;
  const told = {
    name: load.name,
    says: load.says,
    scale,
    ...result.settings,
    passed: result.crossed.length === 0,
    crossed: result.crossed,
    machine: {
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 1e9),
      processor: cpus()[0]?.model ?? 'unknown',
      kernel: release(),
      node: process.version,
    },
    commit: commitOf(import.meta.dirname),
    at: new Date().toISOString(),
    figures: Object.fromEntries(
      Object.entries(result.figures).map(([name, values]) => [name, rounded(values)]),
    ),
    samples: result.samples.map(rounded),
  };
  await mkdir(into, { recursive: true });
  await writeFile(join(into, `${load.name}.json`), `${JSON.stringify(told, null, 1)}\n`);
  await writeFile(join(into, `${load.name}.html`), page(told, result));
  say(`the report is ${join(into, `${load.name}.html`)}`);
}

const escape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const rowOf = (name: string, value: string) =>
  `<tr><th scope="row">${escape(name)}</th><td>${escape(value)}</td></tr>`;

interface Told {
  name: string;
  says: string;
  passed: boolean;
  figures: Readonly<Record<string, Readonly<Record<string, number>>>>;
  machine: Readonly<Record<string, string | number>>;
}

function page(told: Told, { settings, crossed, samples, lines }: HttpLoadResult): string {
  const figures = Object.entries(told.figures).map(([name, values]) =>
    rowOf(
      name,
      Object.entries(values)
        .map(([what, value]) => `${what} ${value}`)
        .join(' · '),
    ),
  );
  const facts = Object.entries({ ...settings, ...told.machine }).map(([name, value]) =>
    rowOf(name, String(value)),
  );
  const drawn = Object.fromEntries(
    Object.entries(lines).map(([name, key]) => [name, samples.map((sample) => sample[key] ?? 0)]),
  );
  const at = samples.map(({ atSeconds }) => atSeconds);
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
<p>${escape(told.says)}. ${crossed.length ? `Did not hold: ${escape(crossed.join('; '))}.` : 'Every threshold held.'}</p>
${drawLines('Cores busy', at, drawn)}
<h2>Figures</h2><table>${figures.join('')}</table>
<h2>Settings and machine</h2><table>${facts.join('')}</table>
</html>
`;
}
