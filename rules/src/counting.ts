/**
 * The learner's chip: does my time count at this moment, and if not, why?
 */
import type { ReasonCode } from '@keshi/contract/domain';

export interface CountingFacts {
  readonly live: 'not-started' | 'live' | 'paused' | 'ended';
  /** `outage`: not connected while an outage of ours lasts or its time to return has not passed. */
  readonly connection: 'connected' | 'disconnected' | 'outage' | 'left' | 'replaced';
  readonly visible: boolean;
  readonly pip: boolean;
  /** An identity check is past its deadline; one that is asked for and still within its time stops nothing [AT1]. */
  readonly identityOverdue: boolean;
}

export type Counting =
  | { readonly state: 'counting'; readonly reason: Extract<ReasonCode, 'counting'> }
  | { readonly state: 'not-live'; readonly reason: Extract<ReasonCode, 'not-started' | 'paused'> }
  | { readonly state: 'ended'; readonly reason: Extract<ReasonCode, 'ended'> }
  | {
      readonly state: 'disconnected';
      readonly reason: Extract<ReasonCode, 'disconnected' | 'service-outage' | 'left' | 'replaced'>;
    }
  | { readonly state: 'hidden'; readonly reason: Extract<ReasonCode, 'hidden'> }
  | { readonly state: 'identity'; readonly reason: Extract<ReasonCode, 'identity-pending'> };

/**
 * [AT1, AT5] What comes first is what the learner can do least about: an ended class needs no reconnect, and a
 * lost connection no answer to an identity check.
 */
export function counting(facts: CountingFacts): Counting {
  if (facts.live === 'ended') return { state: 'ended', reason: 'ended' };
  switch (facts.connection) {
    case 'disconnected':
      return { state: 'disconnected', reason: 'disconnected' };
    case 'outage':
      return { state: 'disconnected', reason: 'service-outage' };
    case 'left':
    case 'replaced':
      return { state: 'disconnected', reason: facts.connection };
    case 'connected':
      return whileConnected(facts, facts.live);
  }
}

function whileConnected(facts: CountingFacts, live: 'not-started' | 'live' | 'paused'): Counting {
  if (live !== 'live') return { state: 'not-live', reason: live };
  if (facts.identityOverdue) return { state: 'identity', reason: 'identity-pending' };
  if (!facts.visible && !facts.pip) return { state: 'hidden', reason: 'hidden' };
  return { state: 'counting', reason: 'counting' };
}
