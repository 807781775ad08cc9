import { describe, expect, it } from 'vitest';
import type { Question, StageMember } from '@keshi/contract/signaling';
import { liveMsAt } from '../src/live/live-time.ts';
import { createQualityJudge, qualityOf } from '../src/live/network-quality.ts';
import { inOrder } from '../src/live/questions.ts';
import { lettersOf, marked, sameChoice } from '../src/live/quiz-options.ts';
import { isQuiet, stageHealth } from '../src/live/stage-health.ts';
import { arrange, layerFor, tilesOf } from '../src/live/stage-tiles.ts';

const host: StageMember = {
  userId: 'host',
  name: '周老师',
  role: 'host',
  state: 'on',
  sources: [
    { source: 'camera', paused: false, held: false },
    { source: 'mic', paused: false, held: false },
  ],
};
const guest = (userId: string, state: 'invited' | 'on' = 'on'): StageMember => ({
  userId,
  name: userId,
  role: 'attendee',
  state,
  sources: [],
});
const sharing: StageMember = {
  ...host,
  sources: [...host.sources, { source: 'screen', paused: false, held: false }],
};
const nobody = { userId: 'me', local: new Map() };

describe('the stage', () => {
  it('shows the host first, and nobody who is only invited', () => {
    const tiles = tilesOf([guest('a'), guest('b', 'invited'), host], [], nobody);
    expect(tiles.map(({ key }) => key)).toEqual(['host-camera', 'a-camera']);
  });

  it('gives a shared screen the large place, with the instructor beside it', () => {
    const tiles = tilesOf([sharing, guest('a')], [], nobody);
    const { main, inset, strip } = arrange(tiles, 'speaker', ['a']);
    expect([main?.key, inset?.key, strip.map(({ key }) => key)]).toEqual([
      'host-screen',
      'host-camera',
      ['a-camera'],
    ]);
  });

  it('shows nothing but the main picture when that is asked for', () => {
    const { main, inset, strip } = arrange(tilesOf([sharing, guest('a')], [], nobody), 'screen', []);
    expect([main?.key, inset, strip]).toEqual(['host-screen', null, []]);
  });

  it('makes whoever speaks large, unless their camera is off', () => {
    const speaker = { ...guest('a'), sources: [{ source: 'camera', paused: false, held: false } as const] };
    expect(arrange(tilesOf([host, speaker], [], nobody), 'speaker', ['a']).main?.key).toBe('a-camera');
    expect(arrange(tilesOf([host, guest('a')], [], nobody), 'speaker', ['a']).main?.key).toBe('host-camera');
  });

  it('says that a camera was switched off by the host', () => {
    const held = { ...guest('a'), sources: [{ source: 'camera', paused: false, held: true } as const] };
    expect(tilesOf([held], [], nobody)[0]).toMatchObject({ off: true, held: true });
  });

  it('asks for no more lines than are shown', () => {
    expect([180, 360, 720].map((height) => layerFor(height).spatial)).toEqual([0, 1, 2]);
  });
});

describe('what learners get of the instructor', () => {
  const sending = {
    picture: { source: 'camera', lines: 720, fps: 24 } as const,
    level: 0.2,
    limited: 'none' as const,
    lossRate: 0,
  };

  it('is said to be missing when nothing goes up', () => {
    expect(stageHealth(null, 0)).toEqual({ picture: 'none', sound: 'none', lossy: false });
  });

  it('tells a dead microphone from a breath', () => {
    expect(isQuiet({ ...sending, level: 0 })).toBe(true);
    expect(stageHealth({ ...sending, level: 0 }, 1).sound).toBe('good');
    expect(stageHealth({ ...sending, level: 0 }, 3).sound).toBe('silent');
  });

  it('lets a screen stand still, and not a camera', () => {
    expect(stageHealth({ ...sending, picture: { source: 'screen', lines: 810, fps: 0 } }, 0).picture).toBe(
      'good',
    );
    expect(stageHealth({ ...sending, picture: { source: 'camera', lines: 720, fps: 3 } }, 0).picture).toBe(
      'choppy',
    );
  });
});

describe('questions and answers', () => {
  const question = (id: string, change: Partial<Question>): Question => ({
    id,
    at: 1,
    from: { userId: 'a', name: '张三', role: 'attendee' },
    text: id,
    state: 'open',
    votes: 0,
    voted: false,
    answer: null,
    answeredBy: null,
    answeredAt: null,
    ...change,
  });

  it('puts what many want to know first, then what has waited longest', () => {
    const { open, settled } = inOrder([
      question('late', { at: 3 }),
      question('early', { at: 1 }),
      question('wanted', { at: 5, votes: 4 }),
      question('done', { state: 'done' }),
      question('gone', { state: 'deleted' }),
    ]);
    expect(open.map(({ id }) => id)).toEqual(['wanted', 'early', 'late']);
    expect(settled.map(({ id }) => id)).toEqual(['done']);
  });

  it('marks one option or several', () => {
    expect(marked([0], 2, false)).toEqual([2]);
    expect(marked([2], 0, true)).toEqual([0, 2]);
    expect(marked([0, 2], 0, true)).toEqual([2]);
    expect(lettersOf([2, 0])).toBe('AC');
    expect(sameChoice([0, 2], [2, 0])).toBe(true);
  });
});

describe('live time', () => {
  it('[AT5] runs on while the class is live, and stands still in a pause', () => {
    expect(liveMsAt({ state: 'live', liveMs: 60_000 }, 1_000, 6_000)).toBe(65_000);
    expect(liveMsAt({ state: 'paused', liveMs: 60_000 }, 1_000, 6_000)).toBe(60_000);
  });
});

describe('the quality of the network', () => {
  it('is poor when a picture that is shown gets no layer', () => {
    expect(qualityOf({ lossRate: 0, rttMs: 20, starved: true })).toBe('poor');
    expect(qualityOf({ lossRate: 0.03, rttMs: 20, starved: false })).toBe('fair');
    expect(qualityOf({ lossRate: 0, rttMs: 20, starved: false })).toBe('good');
  });

  it('does not frighten anybody with a hiccup', () => {
    const judge = createQualityJudge();
    expect((['good', 'poor', 'good', 'poor', 'poor', 'good'] as const).map(judge)).toEqual([
      'good',
      'good',
      'good',
      'good',
      'poor',
      'good',
    ]);
  });
});
