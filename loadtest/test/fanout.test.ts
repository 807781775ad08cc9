/** A small class told something by each side of the bench `fanout`, in the processes that the bench runs. */
import { expect, test } from 'vitest';
import { ours } from '../src/fanout/our-side.ts';
import { bareWs, plainSocketIo, rawTcp } from '../src/fanout/peer-side.ts';
import { takeTurn } from '../src/fanout/turn.ts';

const options = {
  members: 50,
  frames: 2,
  frameEveryMs: 700,
  messages: 20,
  messagesPerSecond: 20,
  speakers: 20,
  settleMs: 200,
};

test.for([ours, plainSocketIo, bareWs, rawTcp])(
  'fifty members of $name get every message once',
  { timeout: 120_000 },
  async (side) => {
    // A message that is missing, or comes twice, fails the turn.
    const turn = await takeTurn(side, options);
    expect(turn.delaysMs).toHaveLength(options.frames * options.members);
    expect(turn.livelyDelaysMs).toHaveLength(options.messages * options.members);
    expect(Math.min(...turn.delaysMs, ...turn.livelyDelaysMs)).toBeGreaterThan(0);
    expect(turn.deliveriesPerSecond).toBeGreaterThan(0);
    expect(turn.connectsPerSecond).toBeGreaterThan(0);
    expect(turn.joinsPerSecond === null).toBe(side !== ours);
  },
);
