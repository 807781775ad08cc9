/** A small storm: the whole cluster, and the viewers' tool that the bench storms it with. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBareStorm } from '../src/storm/bare-storm.ts';
import { openOurStorm } from '../src/storm/our-storm.ts';
import type { StormSide } from '../src/storm/side.ts';
import { raiseStorm } from '../src/storm/storm.ts';
import { buildGoTool } from '../src/go-tool.ts';

const viewers = 40;
const options = { spreadMs: 2_000, patienceMs: 30_000, stayMs: 1_000 };

let ours: StormSide;
beforeAll(async () => {
  // The first build fetches the tool's modules.
  await buildGoTool('viewers');
  ours = await openOurStorm({ viewers });
}, 300_000);
afterAll(() => ours?.close(), 120_000);

test('forty viewers join a class on two media nodes, and none is lost', { timeout: 90_000 }, async () => {
  const { results, lost, mediaMs, perJoin } = await raiseStorm(ours, options);
  expect(lost).toEqual([]);
  expect(results.map(({ n }) => n)).toEqual(Array.from({ length: viewers }, (_, n) => n));
  expect(Math.max(...mediaMs)).toBeLessThan(options.patienceMs);
  expect(perJoin.nodeMs).toBeGreaterThan(0);
});

test('a viewer with a forged ticket is refused, and counts as lost', { timeout: 90_000 }, async () => {
  const invite = async () => {
    const { publisher, viewers: tickets } = await ours.invite();
    const [first = '', second = ''] = tickets;
    return { publisher, viewers: [`${first.slice(0, -4)}AAAA`, second] };
  };
  const { lost } = await raiseStorm({ ...ours, invite }, options);
  expect(lost).toMatchObject([{ n: 0, outcome: 'lost', detail: 'refused: unauthenticated' }]);
});

test('the bare script serves the same storm', { timeout: 90_000 }, async () => {
  const bare = await openBareStorm({ viewers });
  try {
    const { lost, mediaMs } = await raiseStorm(bare, options);
    expect(lost).toEqual([]);
    expect(mediaMs).toHaveLength(viewers);
  } finally {
    await bare.close();
  }
});
