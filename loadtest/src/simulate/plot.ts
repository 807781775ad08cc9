/** The outcomes as one picture: for each scenario who has media and how full the fullest worker is, over time. */
import type { Outcome, Sample } from './run-scenario.ts';

const width = 860;
const panelHeight = 190;
const margin = { left: 60, right: 60, top: 44, bottom: 34 };
const headHeight = 34;
const colours = {
  media: '#1f6f5c',
  budget: '#c2571a',
  processor: '#7a5ea8',
  failure: '#b3261e',
  grid: '#d9dde2',
};

export interface Panel {
  title: string;
  outcome: Outcome;
}

/** An SVG document; equal outcomes give equal text. */
export function plot(panels: readonly Panel[]): string {
  const height = headHeight + panels.length * panelHeight;
  const body = panels.map(({ title, outcome }, at) =>
    drawPanel(title, outcome, headHeight + at * panelHeight),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#22272e">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    legend(),
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function legend(): string {
  const entries: [string, string][] = [
    ['learners with media', colours.media],
    ['fullest worker, of its budget', colours.budget],
    ['fullest worker, of its core', colours.processor],
    ['a node fails', colours.failure],
  ];
  return entries
    .map(([text, colour], at) => {
      const x = margin.left + at * 195;
      return `<rect x="${x}" y="14" width="14" height="3" fill="${colour}"/><text x="${x + 20}" y="20">${text}</text>`;
    })
    .join('\n');
}

function drawPanel(title: string, outcome: Outcome, top: number): string {
  const { samples, learners, failures, nodes } = outcome;
  const endMs = samples.at(-1)?.atMs ?? 1;
  const inner = {
    left: margin.left,
    right: width - margin.right,
    top: top + margin.top,
    bottom: top + panelHeight - margin.bottom,
  };
  const x = (ms: number) => inner.left + ((inner.right - inner.left) * ms) / endMs;
  const y = (share: number) => inner.bottom - (inner.bottom - inner.top) * Math.min(1, share);
  const line = (of: (sample: Sample) => number, colour: string) => {
    const points = samples.map((sample) => `${short(x(sample.atMs))},${short(y(of(sample)))}`).join(' ');
    return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
  };
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    [
      `<line x1="${inner.left}" x2="${inner.right}" y1="${short(y(share))}" y2="${short(y(share))}" stroke="${colours.grid}"/>`,
      `<text x="${inner.left - 6}" y="${short(y(share) + 4)}" text-anchor="end">${(learners * share).toLocaleString('en')}</text>`,
      `<text x="${inner.right + 6}" y="${short(y(share) + 4)}">${100 * share} %</text>`,
    ].join(''),
  );
  const ticks = Array.from({ length: Math.floor(endMs / 30_000) + 1 }, (_, at) => at * 30_000).map(
    (ms) => `<text x="${short(x(ms))}" y="${inner.bottom + 16}" text-anchor="middle">${ms / 1_000} s</text>`,
  );
  const marks = failures.map(({ atMs, hit, healedAfterMs }) => {
    const healed =
      healedAfterMs === null ? 'not healed' : `healed in ${(healedAfterMs / 1_000).toFixed(1)} s`;
    return [
      `<line x1="${short(x(atMs))}" x2="${short(x(atMs))}" y1="${inner.top}" y2="${inner.bottom}" stroke="${colours.failure}" stroke-dasharray="4 3"/>`,
      `<title>${hit} people, ${healed}</title>`,
    ].join('');
  });
  return [
    `<g><text x="${inner.left}" y="${top + margin.top - 12}" font-weight="bold">${escape(title)}: ${nodes} nodes</text>`,
    ...grid,
    ...ticks,
    ...marks.map((mark) => `<g>${mark}</g>`),
    line(({ withMedia }) => withMedia / learners, colours.media),
    line(({ worstBudgetShare }) => worstBudgetShare, colours.budget),
    line(({ worstProcessorShare }) => worstProcessorShare, colours.processor),
    '</g>',
  ].join('\n');
}

const escape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const short = (value: number) => Number(value.toFixed(1));
