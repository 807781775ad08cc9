/** Several pictures in one body. */
import { pictureBundle } from '@keshi/contract/class-checks';
import { frameBytes } from '@keshi/contract/http/identity';

const jpegStart = Buffer.from([0xff, 0xd8, 0xff]);

/** Null when it is not what it says it is. Nothing is decoded: only that each is a JPEG of at most the size of a frame. */
export function unbundle(body: Uint8Array): Uint8Array[] | null {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const pictures: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 4 > bytes.length || pictures.length === pictureBundle.mostPictures) return null;
    const length = bytes.readUInt32BE(at);
    const picture = bytes.subarray(at + 4, at + 4 + length);
    if (length > frameBytes || picture.length !== length) return null;
    if (!picture.subarray(0, jpegStart.length).equals(jpegStart)) return null;
    pictures.push(picture);
    at += 4 + length;
  }
  return pictures.length > 0 ? pictures : null;
}
