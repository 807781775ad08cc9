/** What a camera may see, as clips for the fake one: real faces, nobody, and nothing. */
import { decode } from '../../proctor/src/engine/picture.ts';
import { portrait } from '../../proctor/src/testing/samples.ts';
import type { Still } from './camera-clip.ts';

export type Scene = 'face' | 'nobody' | 'two' | 'covered' | 'dark' | 'other';

export const sceneSize = { width: 320, height: 240 };
/** The clip's frames a second. */
const rate = 10;
const darkness = 0.08;
/** So many different frames: two seconds later never the same one. */
const variants = 11;

/** A scene for some time, with a camera's noise on it; the same noise each time. */
export async function scene(what: Scene, seconds: number): Promise<Still[]> {
  const plain = await picture(what);
  const noisy = Array.from({ length: variants }, (_, n) => withNoise(plain, n + 1));
  return Array.from({ length: seconds * rate }, (_, n) => ({
    pixels: noisy[n % variants] ?? plain,
    frames: 1,
  }));
}

/** The scene without noise: a photo held into the camera by a program. `times` as large as the others. */
export const photo = async (what: Scene, times = 1): Promise<Still> => ({
  pixels: await picture(what, times),
  frames: 1,
});

async function picture(what: Scene, times = 1): Promise<Buffer> {
  const out = room(times);
  switch (what) {
    case 'covered':
      return Buffer.alloc(out.length, 6);
    case 'nobody':
      return out;
    case 'face':
      await paste(out, 'plain', 160, times);
      return out;
    case 'other':
      // Nearer than the others: the picture it is made from is smaller.
      await paste(out, 'other', 160, times, 230);
      return out;
    case 'dark':
      // A room in which the light went out.
      return Buffer.from((await picture('face', times)).map((value) => value * darkness));
    case 'two':
      await paste(out, 'plain', 85, times);
      await paste(out, 'other', 235, times);
      return out;
  }
}

/** A wall with a window and a shelf. */
function room(times: number): Buffer {
  const { width, height } = sceneSize;
  const out = Buffer.alloc(width * height * times * times * 3);
  for (let row = 0; row < height * times; row += 1)
    for (let column = 0; column < width * times; column += 1) {
      const [x, y] = [Math.floor(column / times), Math.floor(row / times)];
      const isWindow = x > 20 && x < 90 && y > 20 && y < 110;
      const isShelf = y > 150 && y < 158;
      const isBook = y > 110 && y <= 150 && x > 180 && x % 14 < 10;
      const wall = 120 + (x / width) * 40;
      const colour = isWindow
        ? [205, 220, 235]
        : isShelf
          ? [90, 60, 40]
          : isBook
            ? [60 + (x % 5) * 30, 80, 120]
            : [wall, wall, wall - 15];
      out.set(
        colour.map((value) => Math.round(value)),
        (row * width * times + column) * 3,
      );
    }
  return out;
}

async function paste(
  out: Buffer,
  who: 'plain' | 'other',
  centre: number,
  times: number,
  size = 140,
): Promise<void> {
  const width = sceneSize.width * times;
  const face = await decode(await portrait(who), size * times, 10_000_000);
  const left = centre * times - Math.floor(face.width / 2);
  const top = Math.floor((sceneSize.height * times - face.height) / 2);
  for (let y = 0; y < face.height; y += 1) {
    const row = face.data.subarray(y * face.width * 3, (y + 1) * face.width * 3);
    out.set(row, ((top + y) * width + left) * 3);
  }
}

/** Up to two steps up or down; the same `seed` makes the same noise. */
function withNoise(pixels: Buffer, seed: number): Buffer {
  let state = seed * 2_654_435_761;
  const out = Buffer.from(pixels);
  for (let at = 0; at < out.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    out[at] = Math.min(255, Math.max(0, (pixels[at] ?? 0) + (state >>> 24) / 51 - 2.5));
  }
  return out;
}
