import { describe, expect, it } from 'vitest';
import { lookAt, type LookHint } from '../src/identity/frame-look.ts';

const [width, height] = [80, 60];

/** A disc of skin on a blue wall. */
function picture({ x = 0.5, radius = 0.3, light = 1, skin = [225, 170, 140] } = {}) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1) {
      const inside = Math.hypot(column - x * width, row - height / 2) < radius * height;
      const colour = inside ? skin : [70, 100, 160];
      data.set([...colour.map((value) => value * light), 255], (row * width + column) * 4);
    }
  return { data, width, height };
}

describe('a first look at a frame', () => {
  it.each<[string, Parameters<typeof picture>[0], LookHint | null]>([
    ['nothing', {}, null],
    ['nothing, of darker skin', { skin: [120, 80, 60] }, null],
    ['nothing where no face is to be seen', { radius: 0 }, null],
    ['that it is dark', { light: 0.2 }, 'dark'],
    ['that it is too bright', { light: 3 }, 'bright'],
    ['to come closer', { radius: 0.11 }, 'closer'],
    ['to move back', { radius: 0.9 }, 'back'],
    ['to move to the middle', { x: 0.15 }, 'centre'],
  ])('says %s', (_, drawing, hint) => {
    expect(lookAt(picture(drawing))).toBe(hint);
  });
});
