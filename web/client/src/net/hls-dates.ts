/** Between places in a playlist and server time, by the dates its segments carry. Pure. */

export interface DatedFragment {
  /** Place of its first moment in the playlist, s. */
  start: number;
  /** S. */
  duration: number;
  /** Server time of its first moment, ms. */
  programDateTime: number | null;
}

/** Server time of a place, ms; null where the playlist has nothing, or no dates. */
export function instantAt(fragments: readonly DatedFragment[], seconds: number): number | null {
  const found = fragments.findLast(({ start }) => start <= seconds) ?? fragments[0];
  if (!found || found.programDateTime === null) return null;
  return found.programDateTime + (seconds - found.start) * 1000;
}

/**
 * Place of a moment, s; the next recorded one for what lies between two segments. Null where the playlist has nothing, or
 * no dates.
 */
export function placeOf(fragments: readonly DatedFragment[], instant: number): number | null {
  const next = fragments.findIndex(
    ({ programDateTime, duration }) => (programDateTime ?? -Infinity) + duration * 1000 > instant,
  );
  const found = next === -1 ? fragments.at(-1) : fragments[next];
  if (!found || found.programDateTime === null) return null;
  const within = Math.min(Math.max(0, (instant - found.programDateTime) / 1000), found.duration);
  return found.start + within;
}
