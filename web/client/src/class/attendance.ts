import type { Tone } from '#ui/state.ts';

/** The default of AT6. Where a reply carries the course's own minimum, that one is used. */
export const defaultMinimumRate = 0.8;

/** A rate under the minimum asks for attention; it is never a finding by itself. */
export function rateTone(rate: number | null, minimum = defaultMinimumRate): Exclude<Tone, 'plain'> {
  if (rate === null) return 'absent';
  return rate >= minimum ? 'counting' : 'attention';
}
