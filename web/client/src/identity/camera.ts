/** One picture after the other from a camera, as JPEG, and small enough to look at in the page. */
import type { Pixels } from './frame-look.ts';

const lookWidth = 80;

/** What a picture is made with; by default what recognising somebody needs. */
export interface PictureSize {
  readonly width: number;
  readonly quality: number;
}
const toRecognise: PictureSize = { width: 640, quality: 0.88 };

export interface Camera {
  /** Null while there is no picture yet. */
  take(): Promise<{ jpeg: Blob; look: Pixels } | null>;
}

/** Draws what `video` shows. */
export function createCamera(video: HTMLVideoElement, size: PictureSize = toRecognise): Camera {
  const whole = document.createElement('canvas');
  const small = document.createElement('canvas');
  return {
    async take() {
      if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return null;
      const ratio = video.videoHeight / video.videoWidth;
      drawTo(whole, video, Math.min(size.width, video.videoWidth), ratio);
      const drawn = drawTo(small, video, lookWidth, ratio);
      if (!drawn) return null;
      const look = drawn.getImageData(0, 0, small.width, small.height);
      const jpeg = await new Promise<Blob | null>((resolve) =>
        whole.toBlob(resolve, 'image/jpeg', size.quality),
      );
      return jpeg && { jpeg, look };
    },
  };
}

function drawTo(canvas: HTMLCanvasElement, video: HTMLVideoElement, width: number, ratio: number) {
  canvas.width = width;
  canvas.height = Math.round(width * ratio);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context?.drawImage(video, 0, 0, canvas.width, canvas.height);
  return context;
}
