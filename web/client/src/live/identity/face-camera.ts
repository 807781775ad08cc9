/** The camera for checks: opened with the first of them, and open until the class is left. */
import { createCamera, type PictureSize } from '#identity/camera.ts';
import { captureFace } from '../capture.ts';

export interface FaceCamera {
  readonly track: MediaStreamTrack;
  /** One picture after the other. Rejects with an `AbortError` when the camera has ended. */
  take(count: number, apartMs: number, signal: AbortSignal): Promise<Blob[]>;
  close(): void;
}

const lookAgainMs = 100;

/** Throws `CaptureError`. */
export async function openFaceCamera(
  deviceId: string | undefined,
  onEnded: () => void,
  size?: PictureSize,
): Promise<FaceCamera> {
  const track = await captureFace(deviceId);
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  track.addEventListener('ended', onEnded);
  await video.play().catch(() => undefined);
  const camera = createCamera(video, size);

  async function one(signal: AbortSignal): Promise<Blob> {
    for (;;) {
      signal.throwIfAborted();
      if (track.readyState === 'ended') throw new DOMException('the camera has ended', 'AbortError');
      const picture = await camera.take();
      if (picture) return picture.jpeg;
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  return {
    track,
    async take(count, apartMs, signal) {
      const pictures: Blob[] = [];
      while (pictures.length < count) {
        if (pictures.length > 0) await new Promise((resolve) => setTimeout(resolve, apartMs));
        pictures.push(await one(signal));
      }
      return pictures;
    },
    close() {
      track.removeEventListener('ended', onEnded);
      track.stop();
      video.srcObject = null;
    },
  };
}
