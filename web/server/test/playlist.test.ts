import type { RecordingSegment } from '@keshi/contract/recordings';
import { describe, expect, it } from 'vitest';
import { cameraView } from '../src/media/camera-view.ts';
import { buildPlaylist } from '../src/media/playlist.ts';

const classId = '018f0000-0000-7000-8000-000000000001';
const t0 = Date.UTC(2026, 10, 27, 8, 0, 0);

/** Segments one after the other from `from` s, each of the given length in ms. */
function take(
  name: string,
  from: number,
  lengths: readonly number[],
  view: 'main' | 'camera' = 'main',
): RecordingSegment[] {
  let at = t0 + from * 1000;
  return lengths.map((durationMs) => {
    const segment = { classId, view, startMs: at, durationMs, take: name.padEnd(8, '0') };
    at += durationMs;
    return segment;
  });
}

const linesOf = (playlist: string) => playlist.trimEnd().split('\n');
const urisOf = (playlist: string) => linesOf(playlist).filter((line) => !line.startsWith('#'));
const starting = (playlist: string, tag: string) => linesOf(playlist).filter((line) => line.startsWith(tag));

describe('playlist', () => {
  const two = [...take('a', 0, [2_000, 2_000]), ...take('b', 4, [1_987, 2_013])];

  it('of a recording that is complete is VOD, with each take’s initialisation, discontinuity and time', () => {
    expect(linesOf(buildPlaylist(two, { ended: true }))).toEqual([
      '#EXTM3U',
      '#EXT-X-VERSION:7',
      '#EXT-X-TARGETDURATION:3',
      '#EXT-X-MEDIA-SEQUENCE:0',
      '#EXT-X-PLAYLIST-TYPE:VOD',
      '#EXT-X-INDEPENDENT-SEGMENTS',
      '#EXT-X-MAP:URI="main/a0000000.init.mp4"',
      '#EXT-X-PROGRAM-DATE-TIME:2026-11-27T08:00:00.000Z',
      '#EXTINF:2.000,',
      `main/${t0}-2000-a0000000.m4s`,
      '#EXTINF:2.000,',
      `main/${t0 + 2_000}-2000-a0000000.m4s`,
      '#EXT-X-DISCONTINUITY',
      '#EXT-X-MAP:URI="main/b0000000.init.mp4"',
      '#EXT-X-PROGRAM-DATE-TIME:2026-11-27T08:00:04.000Z',
      '#EXTINF:1.987,',
      `main/${t0 + 4_000}-1987-b0000000.m4s`,
      '#EXTINF:2.013,',
      `main/${t0 + 5_987}-2013-b0000000.m4s`,
      '#EXT-X-ENDLIST',
    ]);
  });

  it('of a class in progress only grows', () => {
    const before = buildPlaylist(two.slice(0, 3), { ended: false });
    const after = buildPlaylist(two, { ended: false });
    expect(before).toContain('#EXT-X-PLAYLIST-TYPE:EVENT');
    expect(before).not.toContain('ENDLIST');
    expect(after.replace('TARGETDURATION:3', 'TARGETDURATION:2').startsWith(before)).toBe(true);
  });

  it('tells the server time again after a lost segment', () => {
    const segments = take('a', 0, [2_000, 2_000, 2_000]).toSpliced(1, 1);
    const playlist = buildPlaylist(segments, { ended: true });
    expect(starting(playlist, '#EXT-X-DISCONTINUITY')).toHaveLength(1);
    expect(starting(playlist, '#EXT-X-PROGRAM-DATE-TIME')[1]).toBe(
      '#EXT-X-PROGRAM-DATE-TIME:2026-11-27T08:00:04.000Z',
    );
    expect(starting(playlist, '#EXT-X-MAP')).toHaveLength(1);
  });

  it('live holds the newest ten seconds, and its numbers go on from one answer to the next', () => {
    const whole = [...take('a', 0, Array(6).fill(2_000)), ...take('b', 12, Array(20).fill(2_000))];
    const full = buildPlaylist(whole, { ended: false });
    const discontinuityOf = new Map(
      whole.map((segment, index) => [index, segment.take.startsWith('b') ? 1 : 0] as const),
    );
    for (let length = 1; length <= whole.length; length += 1) {
      const playlist = buildPlaylist(whole.slice(0, length), { ended: false, live: true });
      expect(playlist).not.toContain('PLAYLIST-TYPE');
      const sequence = Number(starting(playlist, '#EXT-X-MEDIA-SEQUENCE:')[0]?.split(':')[1]);
      const discontinuity = Number(starting(playlist, '#EXT-X-DISCONTINUITY-SEQUENCE:')[0]?.split(':')[1]);
      expect(urisOf(playlist)).toEqual(urisOf(full).slice(sequence, length));
      expect(length - sequence).toBe(Math.min(length, 5));
      expect(discontinuity).toBe(discontinuityOf.get(sequence));
      expect(linesOf(playlist).filter((line) => line === '#EXT-X-DISCONTINUITY')).toHaveLength(
        sequence < 6 && length > 6 ? 1 : 0,
      );
      // Whoever joins now needs the initialisation and the time first.
      expect(linesOf(playlist)[6]).toMatch(/^#EXT-X-PROGRAM-DATE-TIME|^#EXT-X-MAP/);
      expect(starting(playlist, '#EXT-X-MAP').length).toBeGreaterThan(0);
    }
  });

  it('live has three segments however long they are, and ends with the class', () => {
    const playlist = buildPlaylist(take('a', 0, Array(9).fill(8_000)), { ended: true, live: true });
    expect(urisOf(playlist)).toHaveLength(3);
    expect(playlist).toContain('#EXT-X-TARGETDURATION:8\n');
    expect(playlist.endsWith('#EXT-X-ENDLIST\n')).toBe(true);
  });

  it('of nothing is empty', () => {
    expect(urisOf(buildPlaylist([], { ended: false }))).toEqual([]);
  });
});

describe('camera view', () => {
  const ended = { ended: true };
  const named = (segments: readonly RecordingSegment[]) =>
    segments.map(({ view, startMs }) => `${view} ${(startMs - t0) / 1000}`);

  it('without a camera of its own is the main picture', () => {
    const main = take('a', 0, [2_000, 2_000]);
    expect(cameraView(main, [], ended)).toEqual(main);
  });

  it('is the camera while a screen is shared, and the main picture before and after', () => {
    const main = [
      ...take('a', 0, [2_000, 2_000]),
      ...take('b', 4, [2_000, 2_000, 2_000]),
      ...take('c', 10, [2_000]),
    ];
    const camera = take('d', 4, [2_000, 2_000, 2_000], 'camera');
    expect(named(cameraView(main, camera, ended))).toEqual([
      'main 0',
      'main 2',
      'camera 4',
      'camera 6',
      'camera 8',
      'main 10',
    ]);
  });

  it('is continuous when the two are cut at key frames of their own', () => {
    const main = [...take('a', 0, [2_000]), ...take('b', 2, [1_500, 2_500, 2_000]), ...take('c', 8, [2_000])];
    const camera = take('d', 2.04, [2_000, 2_000, 1_900], 'camera');
    const view = cameraView(main, camera, ended);
    expect(named(view)).toEqual(['main 0', 'camera 2.04', 'camera 4.04', 'camera 6.04', 'main 8']);
    for (const [at, segment] of view.entries()) {
      const previous = view[at - 1];
      if (previous)
        expect(Math.abs(segment.startMs - previous.startMs - previous.durationMs)).toBeLessThan(100);
    }
  });

  it('takes the main picture where the camera has a hole', () => {
    const main = take('b', 0, Array(5).fill(2_000));
    const camera = take('d', 0, Array(5).fill(2_000), 'camera').toSpliced(2, 1);
    expect(named(cameraView(main, camera, ended))).toEqual([
      'camera 0',
      'camera 2',
      'main 4',
      'camera 6',
      'camera 8',
    ]);
  });

  it('never takes back what it has told while the class runs, however late the camera’s segments come', () => {
    const main = [
      ...take('a', 0, Array(5).fill(2_000)),
      ...take('b', 10, Array(10).fill(2_000)),
      ...take('c', 30, Array(10).fill(2_000)),
    ];
    const camera = take('d', 10, [1_500, ...Array(9).fill(2_000), 500], 'camera');
    const endOf = ({ startMs, durationMs }: RecordingSegment) => startMs + durationMs;
    let told: string[] = [];
    for (let now = t0; now <= t0 + 60_000; now += 500) {
      const view = named(
        cameraView(
          main.filter((segment) => endOf(segment) <= now),
          camera.filter((segment) => endOf(segment) <= now - 1_500),
          { ended: false },
        ),
      );
      expect(view.slice(0, told.length)).toEqual(told);
      told = view;
    }
    expect(named(cameraView(main, camera, ended)).slice(0, told.length)).toEqual(told);
  });
});
