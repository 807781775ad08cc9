import { expect, test } from 'vitest';
import { mayHavePicture, placeViewer, type NodeLoad, type Wanted } from '../src/media/placement.ts';

const node = (id: string, used = 0, changes: Partial<NodeLoad> = {}): NodeLoad => ({
  id,
  draining: false,
  region: null,
  budget: 1_000,
  used,
  ...changes,
});
const spread = (nodes: string[] = [], hlsRoom = 0) => ({ classId: 'c', nodes: new Set(nodes), hlsRoom });
const wanted = (changes: Partial<Wanted> = {}): Wanted => ({
  streams: 2,
  sounds: 1,
  region: null,
  current: null,
  squeezed: false,
  stage: false,
  without: new Set(),
  ...changes,
});
const on = (nodeId: string, audioOnly = false) => ({ kind: 'node', nodeId, audioOnly });

test('a class stays together until its node carries clearly more than another', () => {
  const nodes = [node('a', 90), node('b')];
  expect(placeViewer(nodes, spread(['a']), wanted())).toEqual(on('a'));
  expect(placeViewer([node('a', 101), node('b')], spread(['a']), wanted())).toEqual(on('b'));
  expect(placeViewer([node('a', 150), node('b', 60)], spread(['a', 'b']), wanted())).toEqual(on('b'));
});

test('[A2] a class of 10,000 spreads evenly over as many nodes as it needs', () => {
  const nodes = Array.from({ length: 30 }, (_, n) => node(`n${n}`));
  const carrying = new Set<string>();
  for (let viewer = 0; viewer < 10_000; viewer++) {
    const placed = placeViewer(nodes, { classId: 'c', nodes: carrying, hlsRoom: 0 }, wanted());
    if (placed.kind !== 'node') throw new Error(`viewer ${viewer}: ${placed.kind}`);
    carrying.add(placed.nodeId);
    const taken = nodes.find(({ id }) => id === placed.nodeId);
    if (taken) taken.used += 2;
  }
  const loads = nodes.map(({ used }) => used);
  expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(102);
});

test('classes that begin at once on an idle cluster fall on different nodes', () => {
  const nodes = Array.from({ length: 10 }, (_, n) => node(`n${n}`));
  const chosen = Array.from({ length: 500 }, (_, n) =>
    placeViewer(nodes, { classId: `class ${n}`, nodes: new Set(), hlsRoom: 0 }, wanted()),
  );
  for (const { id } of nodes) {
    const share = chosen.filter((placed) => placed.kind === 'node' && placed.nodeId === id).length;
    expect(share).toBeGreaterThan(25);
    expect(share).toBeLessThan(85);
  }
});

test('a node of twice the size takes twice as many', () => {
  const nodes = [node('small', 300), node('large', 500, { budget: 2_000 })];
  expect(placeViewer(nodes, spread(['small', 'large']), wanted())).toEqual(on('large'));
});

test('who has media stays where it is, unless the node drains, is out of reach or full', () => {
  const nodes = [node('a', 800), node('b')];
  const here = wanted({ current: 'a' });
  expect(placeViewer(nodes, spread(['a']), here)).toEqual(on('a'));
  expect(placeViewer([node('a', 1_000), node('b')], spread(['a']), here)).toEqual(on('a'));
  expect(placeViewer([node('a', 1_001), node('b')], spread(['a']), here)).toEqual(on('b'));
  // Who hears only stays too, unless there is a picture to be had elsewhere.
  const squeezed = { ...here, squeezed: true };
  expect(placeViewer([node('a', 900), node('b', 900)], spread(['a']), squeezed)).toEqual(on('a', true));
  expect(placeViewer([node('a', 900), node('b', 500)], spread(['a']), squeezed)).toEqual(on('b'));
  expect(placeViewer(nodes, spread(['a']), { ...here, without: new Set(['a']) })).toEqual(on('b'));
  expect(placeViewer([node('a', 0, { draining: true }), node('b')], spread(['a']), here)).toEqual(on('b'));
  // What a page claims of a node that is none is passed over.
  expect(placeViewer(nodes, spread(), wanted({ current: 'forged' }))).toEqual(on('b'));
});

test('rather on a node that drains than on none', () => {
  expect(placeViewer([node('a', 0, { draining: true })], spread(), wanted())).toEqual(on('a'));
  expect(placeViewer([], spread(), wanted())).toEqual({ kind: 'none' });
  expect(placeViewer([node('a')], spread(), wanted({ without: new Set(['a']) }))).toEqual({ kind: 'none' });
});

test('near nodes first, far ones before less', () => {
  const nodes = [node('near', 300, { region: 'bj' }), node('far', 0, { region: 'gz' })];
  expect(placeViewer(nodes, spread(), wanted({ region: 'bj' }))).toEqual(on('near'));
  expect(placeViewer(nodes, spread(), wanted({ region: 'sh' }))).toEqual(on('far'));
  const full = [node('near', 860, { region: 'bj' }), node('far', 0, { region: 'gz' })];
  expect(placeViewer(full, spread(), wanted({ region: 'bj' }))).toEqual(on('far'));
});

test('[A2] picture, then sound, then files, then an honest no', () => {
  const full = (used: number) => [node('a', used)];
  expect(placeViewer(full(848), spread(), wanted())).toEqual(on('a'));
  expect(placeViewer(full(849), spread(), wanted())).toEqual(on('a', true));
  expect(placeViewer(full(999), spread(), wanted())).toEqual(on('a', true));
  expect(placeViewer(full(1_000), spread([], 5), wanted())).toEqual({ kind: 'hls' });
  expect(placeViewer(full(1_000), spread([], 0), wanted())).toEqual({ kind: 'full', retryMs: 10_000 });
  // The stage is never refused.
  expect(placeViewer(full(1_500), spread(), wanted({ stage: true }))).toEqual(on('a'));
});

test('[A2] what was left out comes back only where there is room to spare', () => {
  expect(mayHavePicture([node('a', 700)], 2)).toBe(false);
  expect(mayHavePicture([node('a', 698)], 2)).toBe(true);
  expect(mayHavePicture([node('a', 0, { draining: true })], 2)).toBe(false);
});
