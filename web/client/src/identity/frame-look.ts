/**
 * A first look at a frame in the page, so that somebody who sits in the dark or too far away hears of it at once. It
 * decides nothing: the server judges every frame.
 */
export type LookHint = 'dark' | 'bright' | 'closer' | 'back' | 'centre';

export interface Pixels {
  /** RGBA. */
  data: Uint8ClampedArray;
  width: number;
  height: number;
}

const darkest = 45;
const brightest = 225;
/** Parts of the picture's height and width. */
const smallFace = 0.25;
const largeFace = 0.85;
const offCentre = 0.22;
/** Fewer pixels of skin than this part of the picture say nothing about where a face is. */
const leastSkin = 0.02;

/** Null when nothing is to be said. */
export function lookAt({ data, width, height }: Pixels): LookHint | null {
  let light = 0;
  const columns = new Uint32Array(width);
  const rows = new Uint32Array(height);
  let skin = 0;
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 4;
      const [r, g, b] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
      light += 0.299 * r + 0.587 * g + 0.114 * b;
      if (!isSkin(r, g, b)) continue;
      skin += 1;
      columns[x] = (columns[x] ?? 0) + 1;
      rows[y] = (rows[y] ?? 0) + 1;
    }
  const mean = light / (width * height);
  if (mean < darkest) return 'dark';
  if (mean > brightest) return 'bright';
  if (skin < leastSkin * width * height) return null;
  const across = middleOf(columns, skin);
  const down = middleOf(rows, skin);
  const tall = (down.to - down.from) / height;
  if (tall > largeFace) return 'back';
  if (tall < smallFace) return 'closer';
  return Math.abs((across.from + across.to) / 2 / width - 0.5) > offCentre ? 'centre' : null;
}

/** In YCbCr, where skin of every shade lies in one corner. */
function isSkin(r: number, g: number, b: number): boolean {
  const cb = 128 - 0.169 * r - 0.331 * g + 0.5 * b;
  const cr = 128 + 0.5 * r - 0.419 * g - 0.081 * b;
  return cb > 77 && cb < 127 && cr > 133 && cr < 178;
}

/** Between which places the middle nine tenths lie: a few pixels far away do not make a face large. */
function middleOf(counts: Uint32Array, total: number): { from: number; to: number } {
  let [sum, from, to] = [0, 0, counts.length - 1];
  for (const [place, count] of counts.entries()) {
    if (sum < total * 0.05) from = place;
    if (sum < total * 0.95) to = place;
    sum += count;
  }
  return { from, to };
}
