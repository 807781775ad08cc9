/** Lines over time as an SVG picture. */
const size = { width: 860, height: 260, left: 60, right: 20, top: 46, bottom: 34 };
const colours = ['#1f6f5c', '#c2571a', '#7a5ea8'];
const ticks = 4;

/** `at` in seconds; one value of each line for each. */
export function drawLines(
  title: string,
  at: readonly number[],
  lines: Readonly<Record<string, readonly number[]>>,
): string {
  const { width, height, left, right, top, bottom } = size;
  const end = Math.max(1, at.at(-1) ?? 1);
  const most = niceAbove(Math.max(...Object.values(lines).flat(), 0));
  const x = (seconds: number) => left + (seconds / end) * (width - left - right);
  const y = (value: number) => height - bottom - (value / most) * (height - top - bottom);
  const grid = Array.from({ length: ticks + 1 }, (_, n) => {
    const value = (most * n) / ticks;
    return `<line x1="${left}" x2="${width - right}" y1="${y(value)}" y2="${y(value)}" stroke="#d9dde2"/><text x="${left - 8}" y="${y(value) + 4}" text-anchor="end">${Number(value.toPrecision(3))}</text>`;
  });
  const times = Array.from({ length: ticks + 1 }, (_, n) => {
    const seconds = (end * n) / ticks;
    return `<text x="${x(seconds)}" y="${height - bottom + 18}" text-anchor="middle">${Math.round(seconds)} s</text>`;
  });
  const drawn = Object.entries(lines).map(([name, values], n) => {
    const points = values
      .map((value, index) => `${x(at[index] ?? 0).toFixed(1)},${y(value).toFixed(1)}`)
      .join(' ');
    const colour = colours[n % colours.length];
    return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2"/><rect x="${left + n * 180}" y="30" width="14" height="3" fill="${colour}"/><text x="${left + n * 180 + 20}" y="36">${name}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#22272e"><text x="${left}" y="18" font-weight="bold">${title}</text>${grid.join('')}${times.join('')}${drawn.join('')}</svg>`;
}

/** The next of 1, 2 or 5 times a power of ten. */
function niceAbove(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}
