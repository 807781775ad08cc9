/** What played since the last answered report, as stretches of the lesson in ms. Pure. */
export type Stretch = [from: number, to: number];

/** Two looks at a playing picture are at most this far apart, ms; further is a jump. */
const mostApartMs = 2_000;
const mostStretches = 8;

/** The stretches after one more look at a picture that plays. */
export function lookedAt(stretches: readonly Stretch[], position: number): Stretch[] {
  const at = Math.max(0, Math.round(position));
  const last = stretches.at(-1);
  if (last && at >= last[1] && at - last[1] <= mostApartMs) return [...stretches.slice(0, -1), [last[0], at]];
  return [...stretches, [at, at]];
}

/** What could not be reported goes with what came after it; of too many the latest are kept. */
export function joined(before: readonly Stretch[], after: readonly Stretch[]): Stretch[] {
  const all: Stretch[] = [];
  for (const [from, to] of [...before, ...after]) {
    const last = all.at(-1);
    if (last && from >= last[0] && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all.slice(-mostStretches);
}

/** What is worth reporting. */
export const told = (stretches: readonly Stretch[]): Stretch[] =>
  joined(
    [],
    stretches.filter(([from, to]) => to > from),
  );

/** How much of the stretches is not credited yet, ms. */
export function freshMs(stretches: readonly Stretch[], coverage: readonly Stretch[]): number {
  let sum = 0;
  for (const [from, to] of joined([], stretches)) {
    let fresh = to - from;
    for (const [start, end] of coverage) fresh -= Math.max(0, Math.min(to, end) - Math.max(from, start));
    sum += Math.max(0, fresh);
  }
  return sum;
}
