/**
 * Pictures of text lessons. Whatever is uploaded is decoded and drawn anew, so that what is kept is a picture and nothing
 * else: no place where it was taken, no second format hidden behind the first.
 */
import { randomUUID } from 'node:crypto';
import { lessonFolder, pictureName, pictureNamesIn } from '@keshi/contract/lessons';
import { AppError } from '@keshi/runtime/errors';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import sharp from 'sharp';

/** Of either side, in pixels; larger ones are made smaller. */
const longestSide = 2_000;
/** What is decoded at most: a small file may claim to be a huge picture. */
const mostPixels = 50_000_000;
const mostPictures = 200;

export const picturesFolder = (lessonId: string): string => `${lessonFolder(lessonId)}pictures/`;

/** By its first bytes, whatever its name says. */
function isPicture(bytes: Uint8Array): boolean {
  const starts = (...expected: number[]) => expected.every((byte, at) => bytes[at] === byte);
  const isPng = starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const isJpeg = starts(0xff, 0xd8, 0xff);
  const isWebp =
    starts(0x52, 0x49, 0x46, 0x46) && Buffer.from(bytes.subarray(8, 12)).toString('latin1') === 'WEBP';
  return isPng || isJpeg || isWebp;
}

/** Throws `invalid-input` for what is no picture, is damaged, or too large to be decoded. */
async function redrawn(bytes: Uint8Array): Promise<Buffer> {
  if (!isPicture(bytes)) throw new AppError('invalid-input', { fields: ['body'] });
  try {
    return await sharp(bytes, { limitInputPixels: mostPixels, failOn: 'error' })
      .rotate()
      .resize({ width: longestSide, height: longestSide, fit: 'inside', withoutEnlargement: true })
      // What shows through shows white.
      .flatten({ background: '#ffffff' })
      .jpeg({ quality: 85, mozjpeg: true })
      .toBuffer();
  } catch (cause) {
    throw new AppError('invalid-input', { fields: ['body'], cause });
  }
}

/** Answers its name, by which the text shows it. Throws `conflict` when a lesson has as many as it may. */
export async function keepPicture(store: MediaStore, lessonId: string, bytes: Uint8Array): Promise<string> {
  const picture = await redrawn(bytes);
  const folder = picturesFolder(lessonId);
  if ((await store.list(folder)).length >= mostPictures) throw new AppError('conflict', { fields: ['body'] });
  const name = pictureName(randomUUID());
  await store.put(folder + name, picture, { contentType: 'image/jpeg' });
  return name;
}

/** Which of the pictures that a text shows are not there. */
export async function missingPictures(store: MediaStore, lessonId: string, body: string): Promise<string[]> {
  const names = pictureNamesIn(body);
  if (names.length === 0) return [];
  const folder = picturesFolder(lessonId);
  const kept = new Set((await store.list(folder)).map(({ name }) => name));
  return names.filter((name) => !kept.has(folder + name));
}

/** Removes those that the text does not show any more. */
export async function sweepPictures(store: MediaStore, lessonId: string, body: string): Promise<void> {
  const folder = picturesFolder(lessonId);
  const shown = new Set(pictureNamesIn(body));
  for (const { name } of await store.list(folder)) {
    if (!shown.has(name.slice(folder.length))) await store.remove(name);
  }
}
