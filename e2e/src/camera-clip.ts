/** A clip for the fake camera, uncompressed, from pictures as RGB pixels. */
import { writeFile } from 'node:fs/promises';

export interface Still {
  /** RGB, three bytes a pixel. */
  pixels: Buffer;
  /** How many frames it stands. */
  frames: number;
}

/** Width and height even. The camera shows the clip over and over. */
export async function writeClip(
  file: string,
  { width, height, stills }: { width: number; height: number; stills: readonly Still[] },
): Promise<void> {
  const parts = [Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`)];
  for (const { pixels, frames } of stills) {
    const frame = Buffer.concat([Buffer.from('FRAME\n'), planes(pixels, width, height)]);
    for (let n = 0; n < frames; n += 1) parts.push(frame);
  }
  await writeFile(file, Buffer.concat(parts));
}

/** Y, then U and V at half the size, of the full range. */
function planes(pixels: Buffer, width: number, height: number): Buffer {
  const luma = Buffer.alloc(width * height);
  const half = (width / 2) * (height / 2);
  const [blue, red] = [Buffer.alloc(half), Buffer.alloc(half)];
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 3;
      const [r, g, b] = [pixels[at] ?? 0, pixels[at + 1] ?? 0, pixels[at + 2] ?? 0];
      luma[y * width + x] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
      if (x % 2 || y % 2) continue;
      const place = (y / 2) * (width / 2) + x / 2;
      blue[place] = Math.round(128 - 0.1687 * r - 0.3313 * g + 0.5 * b);
      red[place] = Math.round(128 + 0.5 * r - 0.4187 * g - 0.0813 * b);
    }
  return Buffer.concat([luma, blue, red]);
}
