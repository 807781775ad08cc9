import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Look, sightOf } from '../src/proctor/look.ts';
import { differenceOf, lightOf, lumaOf } from '../src/proctor/pixels.ts';
import { virtualCameraOf } from '../src/proctor/virtual-cameras.ts';
import {
  afterLook,
  defaultTimes,
  lookEveryMs,
  type Notice,
  type Trouble,
  unwatched,
} from '../src/proctor/watching.ts';

type Shown = Look extends infer L ? (L extends Look ? Omit<L, 'at'> : never) : never;
const one = { kind: 'sight', faces: 1, covered: false, same: false } as const;
const empty = { ...one, faces: 0 } as const;
const two = { ...one, faces: 2 } as const;
const dark = { ...empty, covered: true } as const;
const frozen = { ...one, same: true } as const;
const silent = { kind: 'no-picture' } as const;
const unsaid = { kind: 'unsaid' } as const;

const lookAt = (shown: Shown, at: number): Look => ({ ...shown, at });

/** What is heard of these looks, and when. */
function heardOf(looks: readonly Look[]): { at: number; notice: Notice }[] {
  let watching = unwatched;
  const heard: { at: number; notice: Notice }[] = [];
  for (const look of looks) {
    const after = afterLook(watching, look);
    watching = after.watching;
    if (after.notice) heard.push({ at: look.at, notice: after.notice });
  }
  return heard;
}
/** So many looks of each, two seconds apart. */
const film = (...parts: readonly (readonly [Shown, number])[]): Look[] =>
  parts
    .flatMap(([shown, count]) => Array.from({ length: count }, () => shown))
    .map((shown, index) => lookAt(shown, index * lookEveryMs));
const kindsOf = (looks: readonly Look[]) => heardOf(looks).map(({ at, notice }) => [at / 1000, notice.kind]);

describe('what is noticed [PR5]', () => {
  it.each<[string, readonly (readonly [Shown, number])[], (readonly [number, string])[]]>([
    ['nothing of somebody who sits there', [[one, 100]], []],
    ['an empty chair after ten seconds, once', [[empty, 60]], [[10, 'nobody']]],
    [
      'nothing of one who looks away for less',
      [
        [one, 2],
        [empty, 5],
        [one, 10],
      ],
      [],
    ],
    [
      'somebody who is back',
      [
        [empty, 6],
        [one, 10],
      ],
      [
        [10, 'nobody'],
        [16, 'back'],
      ],
    ],
    [
      'a second face after three looks',
      [
        [one, 3],
        [two, 3],
        [one, 5],
      ],
      [
        [10, 'several'],
        [16, 'back'],
      ],
    ],
    [
      'nothing of somebody who walks by',
      [
        [one, 3],
        [two, 2],
        [one, 5],
      ],
      [],
    ],
    [
      'a covered lens',
      [
        [one, 2],
        [dark, 10],
      ],
      [[8, 'covered']],
    ],
    [
      'that the chair is empty when the cover is off',
      [
        [dark, 6],
        [empty, 6],
      ],
      [
        [4, 'covered'],
        [14, 'nobody'],
      ],
    ],
    [
      'an empty chair though the lens is covered now and then',
      [
        [empty, 2],
        [dark, 2],
        [empty, 2],
      ],
      [[10, 'nobody']],
    ],
    [
      'a picture that stands still for half a minute',
      [
        [one, 1],
        [frozen, 30],
      ],
      [[32, 'still']],
    ],
    [
      'nothing of pictures that happen to be alike',
      [
        [frozen, 10],
        [one, 1],
        [frozen, 10],
      ],
      [],
    ],
    [
      'a camera that sends nothing',
      [
        [silent, 4],
        [one, 4],
      ],
      [
        [6, 'muted'],
        [12, 'back'],
      ],
    ],
    [
      'one trouble after the other, each when it has lasted',
      [
        [empty, 6],
        [two, 4],
      ],
      [
        [10, 'nobody'],
        [16, 'several'],
      ],
    ],
    ['nothing where nothing can be said', [[unsaid, 100]], []],
  ])('tells %s', (_, parts, expected) => {
    expect(kindsOf(film(...parts))).toEqual(expected);
  });

  it('says how long it has lasted already', () => {
    expect(heardOf(film([one, 1], [empty, 6]))).toEqual([
      { at: 12_000, notice: { kind: 'nobody', forMs: 10_000 } },
    ]);
  });

  it('claims nothing of the time between two looks far apart', () => {
    const looks = [empty, empty, empty].map((shown, index) => lookAt(shown, index * 20_000));
    expect(heardOf(looks)).toEqual([]);
  });

  const shown = fc.constantFrom<Shown>(
    one,
    empty,
    two,
    dark,
    frozen,
    { ...empty, same: true },
    silent,
    unsaid,
  );
  const run = fc.tuple(
    shown,
    fc.integer({ min: 1, max: 20 }),
    fc.constantFrom(500, 2_000, 2_000, 3_000, 7_000),
  );
  const looks = fc.array(run, { maxLength: 30 }).map((runs) => {
    let at = 0;
    return runs.flatMap(([what, count, apart]) =>
      Array.from({ length: count }, () => lookAt(what, (at += apart))),
    );
  });
  const showsTrouble = (look: Look, trouble: Trouble): boolean => {
    if (look.kind === 'unsaid') return false;
    if (look.kind === 'no-picture') return trouble === 'muted' || trouble === 'nobody';
    switch (trouble) {
      case 'muted':
        return false;
      case 'covered':
        return look.covered;
      case 'still':
        return look.same;
      case 'several':
        return look.faces > 1;
      case 'nobody':
        return look.faces === 0;
    }
  };

  it('tells a trouble only of looks that all show it, without a gap, for as long as it must last', () => {
    fc.assert(
      fc.property(looks, (made) => {
        const said = made.filter(({ kind }) => kind !== 'unsaid');
        for (const { at, notice } of heardOf(made)) {
          if (notice.kind === 'back' || notice.kind === 'ended') continue;
          const { kind, forMs } = notice;
          expect(forMs).toBeGreaterThanOrEqual(defaultTimes.hold[kind]);
          const lasting = said.filter((look) => look.at >= at - forMs && look.at <= at);
          expect(lasting.every((look) => showsTrouble(look, kind))).toBe(true);
          lasting.forEach((look, index) =>
            expect(look.at - (lasting[index - 1]?.at ?? look.at)).toBeLessThanOrEqual(defaultTimes.gap),
          );
        }
      }),
    );
  });

  it('never flaps: nothing is told twice in a row, nothing within four seconds, and nobody is back who was not gone', () => {
    fc.assert(
      fc.property(looks, (made) => {
        const heard = heardOf(made);
        heard.forEach(({ at, notice }, index) => {
          const before = heard[index - 1];
          if (!before) return expect(notice.kind).not.toBe('back');
          expect(at - before.at).toBeGreaterThanOrEqual(defaultTimes.over);
          expect(notice.kind).not.toBe(before.notice.kind);
        });
      }),
    );
  });

  it('tells every trouble that lasts, whatever was before', () => {
    const lasting = fc.constantFrom<[Trouble, Shown]>(
      ['nobody', empty],
      ['several', two],
      ['covered', dark],
      ['still', frozen],
      ['muted', silent],
    );
    fc.assert(
      fc.property(looks, lasting, (made, [trouble, what]) => {
        const from = (made.at(-1)?.at ?? 0) + lookEveryMs;
        const count = (defaultTimes.hold[trouble] + defaultTimes.over) / lookEveryMs + 1;
        const rest = Array.from({ length: count }, (_, n) => lookAt(what, from + n * lookEveryMs));
        const last = heardOf([...made, ...rest]).at(-1)?.notice.kind;
        // A covered or silent camera may have been told as an empty chair, of which it is one more.
        const alike: readonly string[] =
          trouble === 'covered' || trouble === 'muted' ? [trouble, 'nobody'] : [trouble];
        expect(alike).toContain(last);
      }),
    );
  });
});

describe('what a look says', () => {
  const face = { x: 0, y: 0, width: 100, height: 120, score: 0.9 };
  const light = { brightness: 120, contrast: 50, roughness: 8 };

  it.each<[string, Parameters<typeof sightOf>, ReturnType<typeof sightOf>]>([
    ['somebody', [[face], light, 0.3], { faces: 1, covered: false, same: false }],
    ['nobody', [[], light, 0.3], { faces: 0, covered: false, same: false }],
    [
      'nobody where the network is unsure',
      [[{ ...face, score: 0.3 }], light, 1],
      { faces: 0, covered: false, same: false },
    ],
    ['two', [[face, { ...face, x: 150, score: 0.6 }], light, 1], { faces: 2, covered: false, same: false }],
    [
      'one before a poster',
      [[face, { ...face, x: 150, width: 20 }], light, 1],
      { faces: 1, covered: false, same: false },
    ],
    ['the dark', [[], { ...light, brightness: 10 }, 1], { faces: 0, covered: true, same: false }],
    ['a finger on the lens', [[], { ...light, roughness: 0.8 }, 1], { faces: 0, covered: true, same: false }],
    [
      'somebody in the dark',
      [[face], { ...light, brightness: 10 }, 1],
      { faces: 1, covered: false, same: false },
    ],
    ['the last picture again', [[face], light, 0.0001], { faces: 1, covered: false, same: true }],
  ])('sees %s', (_, given, expected) => {
    expect(sightOf(...given)).toEqual(expected);
  });

  const drawn = (of: (x: number, y: number) => number, [width, height] = [80, 60]) => {
    const data = new Uint8ClampedArray(width * height * 4).fill(255);
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1) data.fill(of(x, y), (y * width + x) * 4, (y * width + x) * 4 + 3);
    return { data, width, height };
  };

  it('measures light, evenness and edges', () => {
    expect(lightOf(drawn(() => 40))).toEqual({ brightness: 40, contrast: 0, roughness: 0 });
    const stripes = lightOf(drawn((x) => (x % 4 < 2 ? 0 : 200)));
    expect(stripes).toEqual({ brightness: 100, contrast: 100, roughness: 200 });
    // A glow that grows from one side to the other is no edge.
    const glow = lightOf(drawn((x) => 40 + x / 3));
    expect(glow.contrast).toBeGreaterThan(6);
    expect(glow.roughness).toBeLessThan(1.2);
  });

  it('finds noise different and the same picture the same', () => {
    const a = lumaOf(drawn((x, y) => (x * 7 + y * 3) % 256));
    const noisy = lumaOf(drawn((x, y) => ((x * 7 + y * 3) % 256) + ((x * y) % 3) - 1));
    expect(differenceOf(a, a)).toBe(0);
    expect(differenceOf(a, noisy)).toBeGreaterThan(0.5);
    expect(differenceOf(a, lumaOf(drawn(() => 0, [40, 30])))).toBe(1);
  });
});

describe('cameras that are programs', () => {
  it.each([
    ['OBS Virtual Camera (m-de:vice)', 'OBS', 'shows-anything'],
    ['OBS-Camera', 'OBS', 'shows-anything'],
    ['ManyCam Virtual Webcam', 'ManyCam', 'shows-anything'],
    ['Snap Camera', 'Snap Camera', 'shows-anything'],
    ['XSplit VCam', 'XSplit', 'shows-anything'],
    ['VTubeStudioCam', 'VTube Studio', 'shows-anything'],
    ['e2eSoft VCam', 'VCam', 'shows-anything'],
    ['e2eSoft iVCam', 'iVCam', 'passes-on'],
    ['Dummy video device (0x0000) (platform:v4l2loopback-000)', 'v4l2loopback', 'shows-anything'],
    ['抖音直播伴侣', '直播伴侣', 'shows-anything'],
    ['虚拟摄像头', 'virtual camera', 'shows-anything'],
    ['ＯＢＳ　Virtual Camera', 'OBS', 'shows-anything'],
    ['fake_device_0', 'browser test camera', 'shows-anything'],
    ['DroidCam Source 3', 'DroidCam', 'passes-on'],
    ['Camera (NVIDIA Broadcast)', 'NVIDIA Broadcast', 'passes-on'],
  ])('%s is %s', (label, product, use) => {
    expect(virtualCameraOf(label)).toEqual({ product, use });
  });

  it.each([
    '',
    'Integrated Camera (04f2:b6d9)',
    'HD Pro Webcam C920 (046d:082d)',
    'FaceTime HD Camera',
    'USB2.0 HD UVC WebCam',
    'camera2 1, facing front',
    '前置摄像头',
    'Surface Camera Front',
    'Logi 4K Pro',
  ])('%s is a camera', (label) => {
    expect(virtualCameraOf(label)).toBeNull();
  });
});
