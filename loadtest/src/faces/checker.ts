/** One identity check, from a JPEG to a descriptor, by either side. */
import type { Engine } from '@keshi/proctor/engine/engine';
import { decode } from '@keshi/proctor/engine/picture';
import type { StockLibrary } from '@keshi/proctor/testing/stock';

export interface Checker {
  /** Milliseconds by stage, where they are known. Rejects when not exactly one face was described. */
  check(jpeg: Buffer, mirrored?: boolean): Promise<Readonly<Record<string, number>>>;
}

export function openOurChecker(engine: Engine): Checker {
  return {
    async check(jpeg, mirrored = false) {
      const { analysis, ms } = await engine.analyse(jpeg, { mirrored });
      if (analysis.problem !== null || !analysis.detail?.descriptor) throw new Error('no face was described');
      return { ...ms };
    },
  };
}

export function openStockChecker({ tf, faceapi }: StockLibrary): Checker {
  const options = new faceapi.TinyFaceDetectorOptions({ inputSize: 320, scoreThreshold: 0.4 });
  return {
    async check(jpeg) {
      const { data, width, height } = await decode(jpeg, 640, 4_000_000);
      const picture = tf.tensor3d(Uint8Array.from(data), [height, width, 3], 'int32');
      try {
        const faces = await faceapi
          .detectAllFaces(picture, options)
          .withFaceLandmarks()
          .withFaceDescriptors();
        if (faces.length !== 1) throw new Error(`${faces.length} faces were described`);
      } finally {
        picture.dispose();
      }
      return {};
    },
  };
}
