/** [PR5] The eye: finds faces in pictures of the camera, away from the page. No picture leaves it. */
import weightsAddress from 'face-api.js/model/tiny_face_detector_model.bin?url';
import { createFaceNetwork, type FaceNetwork } from './face-network.ts';
import { leastScore, type Sight, sightOf } from './look.ts';
import type { FromEye, ToEye } from './messages.ts';
import { differenceOf, lightOf, lumaOf, type Pixels } from './pixels.ts';
import { lookEveryMs } from './watching.ts';
import { readWeights } from './weights.ts';

const longestSide = 320;

const tell = (message: FromEye) => self.postMessage(message);

async function openNetwork(): Promise<FaceNetwork> {
  const response = await fetch(weightsAddress);
  if (!response.ok) throw new Error(`the weights: ${response.status}`);
  return createFaceNetwork(readWeights(new Uint8Array(await response.arrayBuffer())));
}

/** Draws into one canvas for as long as the eye is open. */
function createReader(): (bitmap: ImageBitmap) => Pixels {
  const canvas = new OffscreenCanvas(longestSide, longestSide);
  const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false });
  if (!context) throw new Error('no canvas');
  return (bitmap) => {
    const factor = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height));
    const width = Math.max(64, Math.round(bitmap.width * factor));
    const height = Math.max(64, Math.round(bitmap.height * factor));
    context.drawImage(bitmap, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  };
}

function createEye(network: FaceNetwork, read: (bitmap: ImageBitmap) => Pixels) {
  let last: Uint8Array = new Uint8Array();
  return (bitmap: ImageBitmap): Sight => {
    const picture = read(bitmap);
    const luma = lumaOf(picture);
    const difference = differenceOf(luma, last);
    last = luma;
    return sightOf(network.find(picture, leastScore), lightOf(picture), difference);
  };
}

async function open(): Promise<void> {
  const see = createEye(await openNetwork(), createReader());
  self.onmessage = ({ data: { bitmap } }: MessageEvent<ToEye>) => {
    const from = performance.now();
    const sight = see(bitmap);
    bitmap.close();
    tell({ kind: 'sight', sight, ms: performance.now() - from });
  };
  tell({ kind: 'look' });
  setInterval(() => tell({ kind: 'look' }), lookEveryMs);
}

open().catch(() => tell({ kind: 'blind' }));
