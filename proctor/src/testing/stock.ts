/** face-api.js as its users run it on a server without a graphics card: the WASM backend of TensorFlow.js. Not for production code. */
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import faceapi from 'face-api.js/dist/face-api.node-wasm.js';
import { modelFolder } from '../graph/weights.ts';

export type StockLibrary = { tf: typeof tf; faceapi: typeof faceapi };

/** Rejects when anything but WASM would run: the library falls back to something twenty times slower by itself. */
export async function openStock(): Promise<StockLibrary> {
  const folder = dirname(
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json'),
  );
  wasm.setWasmPaths(join(folder, 'dist') + sep);
  await tf.setBackend('wasm');
  await tf.ready();
  if (tf.getBackend() !== 'wasm') throw new Error(`the stock library runs on ${tf.getBackend()}`);
  const { tinyFaceDetector, faceLandmark68Net, faceRecognitionNet } = faceapi.nets;
  for (const net of [tinyFaceDetector, faceLandmark68Net, faceRecognitionNet])
    await net.loadFromDisk(modelFolder);
  return { tf, faceapi };
}
