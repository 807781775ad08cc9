import { expect, test } from 'vitest';
import {
  initName,
  parseSegmentName,
  playable,
  previewIndex,
  previewIndexName,
  previewSheetName,
  segmentName,
} from '../src/recordings.ts';

const classId = '018f0000-0000-7000-8000-000000000001';
const segment = {
  classId,
  view: 'main',
  startMs: 1_795_770_154_128,
  durationMs: 1_987,
  take: 'a1b2c3d4',
} as const;
const name = `recordings/${classId}/main/1795770154128-1987-a1b2c3d4.m4s`;

test('a segment’s name tells all of it', () => {
  expect(segmentName(segment)).toBe(name);
  expect(parseSegmentName(name)).toEqual(segment);
});

test('what two nodes recorded at once plays once', () => {
  const at = (seconds: number, lasts: number, take: string) => ({
    ...segment,
    startMs: segment.startMs + seconds * 1_000,
    durationMs: lasts * 1_000,
    take,
  });
  const one = [at(0, 2, 'aaaaaaaa'), at(2, 2, 'aaaaaaaa'), at(4, 2, 'aaaaaaaa')];
  // Cut at frames, the next take begins a little before the former one's end.
  const next = [at(5.9, 2, 'cccccccc'), at(7.9, 2, 'cccccccc')];
  const other = [at(2.7, 2, 'bbbbbbbb'), at(4.7, 2, 'bbbbbbbb')];
  expect(playable([...next, ...other, ...one])).toEqual([...one, ...next]);
  expect(playable([])).toEqual([]);
});

test('the other names stand beside it', () => {
  expect(initName(segment)).toBe(`recordings/${classId}/main/a1b2c3d4.init.mp4`);
  expect(previewSheetName(classId, 7)).toBe(`recordings/${classId}/preview/0007.jpg`);
  expect(previewIndexName(classId)).toBe(`recordings/${classId}/preview/index.json`);
});

test.each([
  ['a path for a class', { classId: '../other' }],
  ['a path for a view', { view: '../camera' as 'camera' }],
  ['a path for a take', { take: '../../x1' }],
  ['a time of another length', { startMs: 999 }],
  ['half a millisecond', { durationMs: 1.5 }],
  ['no length', { durationMs: 0 }],
])('%s makes no name', (_what, change) => {
  expect(() => segmentName({ ...segment, ...change })).toThrow();
});

test.each([
  name.replace('main', 'other'),
  name.replace(classId, 'x'),
  name.replace('1795', '0795'),
  name.replace('-1987-', '-01987-'),
  name.replace('.m4s', '.m4s.tmp'),
  initName(segment),
  `/${name}`,
  '',
])('%s is not a segment', (other) => {
  expect(parseSegmentName(other)).toBeNull();
});

test('a preview names only files beside itself', () => {
  const index = { everyMs: 2_000, width: 160, height: 90, columns: 10, rows: 10, sheets: ['0000.jpg'] };
  expect(previewIndex.parse(index)).toEqual(index);
  expect(previewIndex.safeParse({ ...index, sheets: ['../0000.jpg'] }).success).toBe(false);
});
