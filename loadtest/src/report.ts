/** Reports of loads, for people (HTML with plots) and for programs (JSON). */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commitOf } from './commit.ts';
import { drawLines } from './lines.ts';

type Numbers = Readonly<Record<string, number>>;

export interface Report {
  name: string;
  says: string;
  scale: number;
  /** What was asked for and what it was asked of. */
  settings: Readonly<Record<string, unknown>>;
  figures: Readonly<Record<string, Numbers>>;
  /** Thresholds that did not hold; a load without any has passed. */
  crossed: readonly string[];
  samples: readonly (Numbers & { readonly atSeconds: number })[];
  /** Of each plot by its title: which of the samples' numbers are drawn, by what they are called. */
  plots: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const reports = fileURLToPath(new URL('../reports', import.meta.url));

/** Into `folder`; null: with the others when the scale is full, nowhere when it is not. */
export async function writeReport(
  report: Report,
  { folder, say }: { folder: string | null; say: (line: string) => void },
): Promise<void> {
  const into = folder ?? (report.scale === 1 ? reports : null);
  if (!into) return;
  const { name, says, scale, crossed, figures, samples, settings } = report;
  const facts = {
    ...{ says, scale },
    ...settings,
    ...{ passed: crossed.length === 0, crossed },
    machine: {
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 1e9),
      processor: cpus()[0]?.model ?? 'unknown',
      kernel: release(),
      node: process.version,
    },
    commit: commitOf(import.meta.dirname),
    at: new Date().toISOString(),
  };
  const numbers = { figures: mapped(figures, rounded), samples: samples.map(rounded) };
  await mkdir(into, { recursive: true });
  await writeFile(join(into, `${name}.json`), `${JSON.stringify({ name, ...facts, ...numbers }, null, 1)}\n`);
  await writeFile(join(into, `${name}.html`), page(report, facts, numbers.figures));
  say(`the report is ${join(into, `${name}.html`)}`);
}

const mapped = <T, U>(of: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, change(value)]));
const rounded = (of: Numbers) => mapped(of, (value) => Number(value.toPrecision(4)));

const escape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const rowOf = (name: string, value: string) =>
  `<tr><th scope="row">${escape(name)}</th><td>${value}</td></tr>`;

function page(
  { name, says, crossed, samples, plots }: Report,
  { machine, ...facts }: Readonly<Record<string, unknown>> & { machine: Readonly<Record<string, unknown>> },
  figures: Readonly<Record<string, Numbers>>,
): string {
  const at = samples.map(({ atSeconds }) => atSeconds);
  const drawn = Object.entries(plots).map(([title, lines]) =>
    drawLines(
      title,
      at,
      mapped(lines, (key) => samples.map((sample) => sample[key] ?? 0)),
    ),
  );
  const said = Object.entries(figures).map(([figure, values]) =>
    rowOf(
      figure,
      Object.entries(values)
        .map(([what, value]) => `${escape(what)} <b>${value}</b>`)
        .join(' · '),
    ),
  );
  const settings = Object.entries({ ...facts, ...machine }).map(([fact, value]) =>
    rowOf(fact, escape(typeof value === 'object' ? JSON.stringify(value) : String(value))),
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(name)}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#22272e;background:#fff}
table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:500;padding:.2rem 1rem .2rem 0;vertical-align:top}
td{padding:.2rem 0;overflow-wrap:anywhere}tr+tr{border-top:1px solid #e3e6ea}svg{max-width:100%;height:auto}
</style>
<h1>${escape(name)}: ${crossed.length === 0 ? 'passed' : 'did not pass'}</h1>
<p>${escape(says)}. ${crossed.length ? `Did not hold: ${escape(crossed.join('; '))}.` : 'Every threshold held.'}</p>
${drawn.join('\n')}
<h2>Figures</h2><table>${said.join('')}</table>
<h2>Settings and machine</h2><table>${settings.join('')}</table>
</html>
`;
}
