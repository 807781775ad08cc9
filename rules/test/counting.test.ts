import { describe, expect, it } from 'vitest';
import { counting } from '../src/counting.ts';
import type { CountingFacts } from '../src/counting.ts';

const fine: CountingFacts = {
  live: 'live',
  connection: 'connected',
  visible: true,
  pip: false,
  identityOverdue: false,
};

describe('[AT1] the chip', () => {
  it.each<[Partial<CountingFacts>, string, string]>([
    [{}, 'counting', 'counting'],
    [{ visible: false, pip: true }, 'counting', 'counting'],
    [{ visible: false }, 'hidden', 'hidden'],
    [{ identityOverdue: true }, 'identity', 'identity-pending'],
    [{ identityOverdue: true, visible: false }, 'identity', 'identity-pending'],
    [{ live: 'paused', visible: false }, 'not-live', 'paused'],
    [{ live: 'not-started' }, 'not-live', 'not-started'],
    [{ connection: 'disconnected', identityOverdue: true }, 'disconnected', 'disconnected'],
    [{ connection: 'outage', live: 'paused' }, 'disconnected', 'service-outage'],
    [{ connection: 'left' }, 'disconnected', 'left'],
    [{ connection: 'replaced' }, 'disconnected', 'replaced'],
    [{ live: 'ended', connection: 'disconnected' }, 'ended', 'ended'],
  ])('%j is %s, %s', (change, state, reason) => {
    expect(counting({ ...fine, ...change })).toEqual({ state, reason });
  });
});
