/** What a camera may see, as clips for the fake one: real faces, nobody, and nothing. */
import { decode } from '../../proctor/src/engine/picture.ts';
import { portrait } from '../../proctor/src/testing/samples.ts';
import type { Still } from './camera-clip.ts';

export type Scene = 'face' | 'nobody' | 'two' | 'covered';

export const sceneSize = { width: 320, height: 240 };
/** The clip's frames a second. */
const rate = 10;
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

/** The scene without noise: a photo held into the camera by a program. */
export const photo = async (what: Scene): Promise<Still> => ({ pixels: await picture(what), frames: 1 });

async function picture(what: Scene): Promise<Buffer> {
  const out = room();
  switch (what) {
    case 'covered':
      return Buffer.alloc(out.length, 6);
    case 'nobody':
      return out;
    case 'face':
      await paste(out, 'plain', 160);
      return out;
    case 'two':
      await paste(out, 'plain', 85);
      await paste(out, 'other', 235);
      return out;
  }
}

/** A wall with a window and a shelf. */
function room(): Buffer {
  const { width, height } = sceneSize;
  const out = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
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
        (y * width + x) * 3,
      );
    }
  return out;
}

async function paste(out: Buffer, who: 'plain' | 'other', centre: number): Promise<void> {
  const face = await decode(await portrait(who), 140, 10_000_000);
  const left = centre - Math.floor(face.width / 2);
  const top = Math.floor((sceneSize.height - face.height) / 2);
  for (let y = 0; y < face.height; y += 1) {
    const row = face.data.subarray(y * face.width * 3, (y + 1) * face.width * 3);
    out.set(row, ((top + y) * sceneSize.width + left) * 3);
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
