import type { Tone } from '#ui/state.ts';

/** A rate under the minimum of its course [AT6] asks for attention; it is never a finding by itself. */
export function rateTone(rate: number | null, minimum: number): Exclude<Tone, 'plain'> {
  if (rate === null) return 'absent';
  return rate >= minimum ? 'counting' : 'attention';
}
