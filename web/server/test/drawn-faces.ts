/**
 * Faces drawn by the tests, and an analyser that measures them by their pixels: a disc of skin is a face, its colour is
 * whose it is, and where its two eyes sit tells how far it has turned.
 */
import type { FacePose } from '@keshi/contract/identity';
import type { FrameFacts } from '@keshi/rules/enrolment';
import { createHash } from 'node:crypto';
import sharp from 'sharp';

type Colour = readonly [red: number, green: number, blue: number];

/** Two people, told apart by their skin. */
export const skins = { one: [230, 170, 130], two: [150, 90, 60] } as const satisfies Record<string, Colour>;

export interface Drawing {
  pose?: FacePose;
  skin?: Colour;
  faces?: 0 | 1 | 2;
  /** 1 is daylight. */
  light?: number;
  /** Radius of the face, as a part of the picture's height. */
  size?: number;
  blurred?: boolean;
  width?: number;
  height?: number;
  /** Makes a picture of the same scene another one. */
  grain?: number;
}

const wall: Colour = [60, 90, 150];
const eye: Colour = [20, 20, 30];

/** RGB, three bytes a pixel. */
export function drawPixels(drawing: Drawing): Buffer {
  const { pose = 'centre', skin = skins.one, faces = 1, light = 1, size = 0.3, grain = 0 } = drawing;
  const { width = 320, height = 240 } = drawing;
  const pixels = Buffer.alloc(width * height * 3);
  const radius = size * height;
  // As a camera shows it: who turns to the own left looks to the right of the picture.
  const turn = { centre: 0, left: 0.4, right: -0.4 }[pose] * radius;
  const centres = faces === 2 ? [0.28, 0.72] : faces === 1 ? [0.5] : [];
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      let colour: Colour = wall;
      for (const centre of centres) {
        const [dx, dy] = [x - centre * width, y - height / 2];
        if (dx * dx + dy * dy > radius * radius) continue;
        const isEye = [-0.3, 0.3].some(
          (at) => Math.hypot(dx - turn - at * radius, dy + radius * 0.2) < radius * 0.12,
        );
        colour = isEye ? eye : skin;
      }
      const noise = ((x * 7 + y * 13 + grain * 31) % 5) - 2;
      const at = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel += 1)
        pixels[at + channel] = Math.max(0, Math.min(255, (colour[channel] ?? 0) * light + noise));
    }
  return pixels;
}

export async function drawJpeg(drawing: Drawing = {}): Promise<Buffer> {
  const { width = 320, height = 240 } = drawing;
  const image = sharp(drawPixels(drawing), { raw: { width, height, channels: 3 } });
  return (drawing.blurred ? image.blur(12) : image).jpeg({ quality: 90 }).toBuffer();
}

export async function analyseDrawings(frames: Uint8Array[]): Promise<FrameFacts[]> {
  return Promise.all(frames.map(analyse));
}

async function analyse(frame: Uint8Array): Promise<FrameFacts> {
  const hash = createHash('sha256').update(frame).digest('hex');
  const nothing = { descriptor: null, yaw: null, sharpness: 0, brightness: 0, hash };
  const decoded = await sharp(frame)
    .resize(160, 120, { fit: 'contain' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch(() => null);
  if (!decoded) return { ...nothing, problem: 'not-a-picture' };
  const { data, info } = decoded;
  const { skin, eyes, brightness, sharpness } = measure(data, info.width, info.height);
  const facts = { ...nothing, brightness, sharpness };
  if (brightness < 40) return { ...facts, problem: 'too-dark' };
  if (skin.count === 0) return { ...facts, problem: 'no-face' };
  if (skin.gap) return { ...facts, problem: 'many-faces' };
  if (skin.right - skin.left < 30) return { ...facts, problem: 'too-small' };
  if (sharpness < 4) return { ...facts, problem: 'blurred' };
  const middle = (skin.left + skin.right) / 2;
  const radius = (skin.right - skin.left) / 2;
  const yaw = eyes.count > 0 ? ((eyes.x / eyes.count - middle) / radius) * 75 : null;
  return { ...facts, problem: null, yaw, descriptor: descriptorOf(skin.colour.map((c) => c / skin.count)) };
}

/** Colours 60 apart are a distance of 1 apart. */
function descriptorOf(colour: readonly number[]): Float32Array {
  const descriptor = new Float32Array(128);
  colour.forEach((value, index) => (descriptor[index] = value / 60));
  return descriptor;
}

function measure(data: Buffer, width: number, height: number) {
  const skin = { count: 0, left: width, right: 0, gap: false, colour: [0, 0, 0] };
  const eyes = { count: 0, x: 0 };
  const columns = new Array<boolean>(width).fill(false);
  let [light, edges, edgeSum] = [0, 0, 0];
  const brightnessAt = (x: number, y: number) => {
    const at = (y * width + x) * 3;
    return ((data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0)) / 3;
  };
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 3;
      const [r = 0, g = 0, b = 0] = [data[at], data[at + 1], data[at + 2]];
      light += (r + g + b) / 3;
      if (r > b + 40) {
        skin.count += 1;
        skin.colour = [r, g, b].map((value, index) => (skin.colour[index] ?? 0) + value);
        columns[x] = true;
      } else if (r < 70 && g < 70 && b < 80) {
        eyes.count += 1;
        eyes.x += x;
      }
      if (x > 0 && x < width - 1) {
        const edge = brightnessAt(x - 1, y) - 2 * brightnessAt(x, y) + brightnessAt(x + 1, y);
        edges += 1;
        edgeSum += edge * edge;
      }
    }
  skin.left = Math.max(0, columns.indexOf(true));
  skin.right = columns.lastIndexOf(true);
  skin.gap = columns.slice(skin.left, skin.right).filter((has) => !has).length > 8;
  return { skin, eyes, brightness: light / (width * height), sharpness: edgeSum / Math.max(1, edges) };
}
