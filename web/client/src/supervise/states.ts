import type { PresenceState } from '@keshi/contract/domain';
import type { Tone } from '#ui/state.ts';

export const stateTones: Record<PresenceState, Exclude<Tone, 'plain'>> = {
  present: 'counting',
  away: 'attention',
  offline: 'absent',
};
