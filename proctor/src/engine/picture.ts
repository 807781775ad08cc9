/** A picture in memory, and what can be measured of it without knowing what it shows. */
import sharp from 'sharp';

/** Upright, three bytes a pixel: red, green, blue. */
export interface Picture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface PictureMeasures {
  /** Mean luma, 0 to 255. */
  brightness: number;
  /** Standard deviation of luma: next to nothing is a covered lens or a camera that is off. */
  contrast: number;
  /** Variance of the Laplacian. */
  sharpness: number;
  /** 64 hexadecimal digits, one bit for each of 16 × 16 places: whether it grows brighter to the right. */
  hash: string;
}

// One thread per picture: the pool of workers is what spreads over the cores.
sharp.concurrency(1);
sharp.cache(false);

/** Rejects what cannot be decoded to its end. The bytes have been looked at by `inspectJpeg`. */
export async function decode(jpeg: Uint8Array, longestSide: number, mostPixels: number): Promise<Picture> {
  const { data, info } = await sharp(jpeg, {
    limitInputPixels: mostPixels,
    failOn: 'warning',
    sequentialRead: true,
  })
    .rotate()
    .toColourspace('srgb')
    .resize(longestSide, longestSide, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`${info.channels} channels`);
  return { data, width: info.width, height: info.height };
}

/** At most `side` long, each pixel the mean of those it stands for; the picture itself when it is no longer than that. */
export function shrink(picture: Picture, side: number): Picture {
  const factor = Math.max(picture.width, picture.height) / side;
  if (factor <= 1) return picture;
  const width = Math.max(1, Math.round(picture.width / factor));
  const height = Math.max(1, Math.round(picture.height / factor));
  // What cameras send is twice the size that faces are looked for at.
  const isHalf = width * 2 === picture.width && height * 2 === picture.height;
  return { data: isHalf ? halved(picture, width, height) : boxMeans(picture, width, height), width, height };
}

/** What `boxMeans` yields, for half the size. */
function halved({ data, width }: Picture, toWidth: number, toHeight: number): Uint8Array {
  const out = new Uint8Array(toWidth * toHeight * 3);
  const row = width * 3;
  const mean = (at: number) =>
    ((data[at] ?? 0) + (data[at + 3] ?? 0) + (data[at + row] ?? 0) + (data[at + row + 3] ?? 0)) >> 2;
  let to = 0;
  for (let y = 0; y < toHeight; y++)
    for (let at = 2 * y * row, end = at + row; at < end; at += 6) {
      out[to++] = mean(at);
      out[to++] = mean(at + 1);
      out[to++] = mean(at + 2);
    }
  return out;
}

function boxMeans({ data, width, height }: Picture, toWidth: number, toHeight: number): Uint8Array {
  const out = new Uint8Array(toWidth * toHeight * 3);
  const edges = (to: number, from: number) =>
    Int32Array.from({ length: to + 1 }, (_, index) => Math.floor((index * from) / to));
  const columns = edges(toWidth, width);
  const rows = edges(toHeight, height);
  let to = 0;
  for (let y = 0; y < toHeight; y++) {
    const top = rows[y] ?? 0;
    const bottom = Math.max(top + 1, rows[y + 1] ?? 0);
    for (let x = 0; x < toWidth; x++) {
      const left = columns[x] ?? 0;
      const right = Math.max(left + 1, columns[x + 1] ?? 0);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let row = top; row < bottom; row++) {
        const end = (row * width + right) * 3;
        for (let at = (row * width + left) * 3; at < end; at += 3) {
          red += data[at] ?? 0;
          green += data[at + 1] ?? 0;
          blue += data[at + 2] ?? 0;
        }
      }
      const count = (bottom - top) * (right - left);
      out[to++] = red / count;
      out[to++] = green / count;
      out[to++] = blue / count;
    }
  }
  return out;
}

export function lumaOf({ data }: Picture): Float32Array {
  const luma = new Float32Array(data.length / 3);
  for (let at = 0, from = 0; at < luma.length; at++, from += 3)
    luma[at] = 0.299 * (data[from] ?? 0) + 0.587 * (data[from + 1] ?? 0) + 0.114 * (data[from + 2] ?? 0);
  return luma;
}

/** Of a picture that has been shrunk: what is measured is meant to be the same for cameras of any size. */
export function measure(picture: Picture): PictureMeasures {
  const luma = lumaOf(picture);
  let sum = 0;
  let squares = 0;
  for (const value of luma) {
    sum += value;
    squares += value * value;
  }
  const brightness = sum / luma.length;
  return {
    brightness,
    contrast: Math.sqrt(Math.max(0, squares / luma.length - brightness * brightness)),
    sharpness: laplacianVariance(luma, picture.width, {
      left: 1,
      top: 1,
      right: picture.width - 1,
      bottom: picture.height - 1,
    }),
    hash: gradientHash(picture),
  };
}

export interface Area {
  left: number;
  top: number;
  /** Exclusive. */
  right: number;
  bottom: number;
}

/** The area keeps one pixel away from the edges. */
export function laplacianVariance(luma: Float32Array, width: number, area: Area): number {
  let sum = 0;
  let squares = 0;
  for (let y = area.top; y < area.bottom; y++)
    for (let x = area.left, at = y * width + x; x < area.right; x++, at++) {
      const value =
        4 * (luma[at] ?? 0) -
        (luma[at - 1] ?? 0) -
        (luma[at + 1] ?? 0) -
        (luma[at - width] ?? 0) -
        (luma[at + width] ?? 0);
      sum += value;
      squares += value * value;
    }
  const count = Math.max(1, (area.bottom - area.top) * (area.right - area.left));
  return squares / count - (sum / count) ** 2;
}

function gradientHash(picture: Picture): string {
  const side = 16;
  const luma = lumaOf({ data: boxMeans(picture, side + 1, side), width: side + 1, height: side });
  let bits = 0n;
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const at = y * (side + 1) + x;
      bits = (bits << 1n) | ((luma[at + 1] ?? 0) > (luma[at] ?? 0) ? 1n : 0n);
    }
  return bits.toString(16).padStart((side * side) / 4, '0');
}

/** Spreads what lies between the darkest and the brightest hundredth over the whole range. */
export function stretched(picture: Picture): Picture {
  const counts = new Uint32Array(256);
  for (const value of lumaOf(picture)) counts[Math.round(value)] = (counts[Math.round(value)] ?? 0) + 1;
  const total = picture.data.length / 3;
  const [low, high] = [valueAt(counts, total * 0.01), valueAt(counts, total * 0.99)];
  if (high <= low) return picture;
  const scale = 255 / (high - low);
  const clamp = (value: number) => Math.min(255, Math.max(0, Math.round((value - low) * scale)));
  const table = Uint8Array.from({ length: 256 }, (_, value) => clamp(value));
  return { ...picture, data: picture.data.map((value) => table[value] ?? 0) };
}

function valueAt(counts: Uint32Array, rank: number): number {
  let seen = 0;
  for (const [value, count] of counts.entries()) {
    seen += count;
    if (seen > rank) return value;
  }
  return 255;
}
