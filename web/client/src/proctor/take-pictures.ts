/** [PR4] The pictures that answer a check. Whatever is wrong with the camera is said instead of sent. */
import { type CameraView, openCameraView } from './camera-view.ts';
import { lightOf } from './pixels.ts';

export interface TakeOptions {
  readonly stream: MediaStream;
  readonly count: number;
  /** From one picture to the next, ms. */
  readonly everyMs: number;
  /** Pictures are no larger than this, lying or upright as the camera is; never enlarged. 640 × 480 by default. */
  readonly size?: { readonly width: number; readonly height: number };
  /** Of the JPEG, 0 to 1; less where a picture would have too many bytes. */
  readonly quality?: number;
  readonly signal?: AbortSignal;
}

export interface TakenPicture {
  readonly jpeg: Blob;
  readonly width: number;
  readonly height: number;
  /** After the first picture, ms. */
  readonly afterMs: number;
}

export type TakeFailure =
  /** The camera is gone: unplugged, or its permission withdrawn. */
  | 'ended'
  /** The system or another program holds its pictures back. */
  | 'muted'
  /** It sends pictures that show nothing at all. */
  | 'black'
  /** Nothing came from it in time. */
  | 'no-picture'
  /** `signal`. */
  | 'aborted';

export type Taken =
  | { readonly kind: 'taken'; readonly pictures: readonly TakenPicture[] }
  /** With what had been taken before. */
  | { readonly kind: 'failed'; readonly why: TakeFailure; readonly pictures: readonly TakenPicture[] };

const mostBytes = 120 * 1024;
const leastQuality = 0.4;
const qualityStep = 0.12;
const pictureWithinMs = 5_000;
const drawnWithinMs = 500;
const askAgainMs = 50;
/** Beneath either a picture shows nothing; a dim room is for the server to judge, which says what to change. */
const blackest = 8;
const leastContrast = 2;
const lookSide = 80;

export async function takePictures(options: TakeOptions): Promise<Taken> {
  const { stream, count, everyMs, size = { width: 640, height: 480 }, quality = 0.88, signal } = options;
  const pictures: TakenPicture[] = [];
  const failed = (why: TakeFailure): Taken => ({ kind: 'failed', why, pictures });
  const view = openCameraView(stream);
  if (!view) return failed('ended');
  try {
    let first: number | null = null;
    while (pictures.length < count) {
      if (first !== null) await until(first + pictures.length * everyMs, view.track, signal);
      const video = await nextFrame(view, signal);
      if (signal?.aborted) return failed('aborted');
      if (!video) return failed(whyNone(view.track));
      const at = performance.now();
      first ??= at;
      const canvas = draw(video, size);
      if (isBlack(canvas)) return failed('black');
      const jpeg = await encode(canvas, quality);
      if (!jpeg) return failed('no-picture');
      const { width, height } = canvas;
      pictures.push({ jpeg, width, height, afterMs: Math.round(at - first) });
    }
    return { kind: 'taken', pictures };
  } finally {
    view.close();
  }
}

function whyNone(track: MediaStreamTrack): TakeFailure {
  if (track.readyState === 'ended') return 'ended';
  return track.muted || !track.enabled ? 'muted' : 'no-picture';
}

/** Waits until a picture has come that was not there before. Null when none comes in time, or the camera is gone. */
async function nextFrame(
  view: CameraView,
  signal: AbortSignal | undefined,
): Promise<HTMLVideoElement | null> {
  const deadline = performance.now() + pictureWithinMs;
  while (!signal?.aborted && view.track.readyState === 'live' && performance.now() < deadline) {
    if (view.video) await drawnAnew(view.video);
    if (view.video) return view.video;
    await pause(askAgainMs);
  }
  return null;
}

/** Browsers stop drawing in pages that are hidden: after a while the picture that is there has to do. */
function drawnAnew(video: HTMLVideoElement): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, drawnWithinMs);
    if ('requestVideoFrameCallback' in video)
      video.requestVideoFrameCallback(() => {
        clearTimeout(timer);
        resolve();
      });
  });
}

/** In steps, so that a camera that goes or a check that is called off ends the wait. */
async function until(at: number, track: MediaStreamTrack, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    const left = at - performance.now();
    if (left <= 0 || signal?.aborted || track.readyState === 'ended') return;
    await pause(Math.min(left, askAgainMs));
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function draw(video: HTMLVideoElement, size: { width: number; height: number }): HTMLCanvasElement {
  const { videoWidth, videoHeight } = video;
  const [longer, shorter] = [Math.max(size.width, size.height), Math.min(size.width, size.height)];
  const isUpright = videoHeight > videoWidth;
  const factor = Math.min(
    1,
    (isUpright ? shorter : longer) / videoWidth,
    (isUpright ? longer : shorter) / videoHeight,
  );
  return drawn(video, Math.round(videoWidth * factor), Math.round(videoHeight * factor));
}

function drawn(from: CanvasImageSource, width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, width);
  canvas.height = Math.max(1, height);
  canvas.getContext('2d', { willReadFrequently: true })?.drawImage(from, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function isBlack(canvas: HTMLCanvasElement): boolean {
  const factor = lookSide / Math.max(canvas.width, canvas.height);
  const small = drawn(canvas, Math.round(canvas.width * factor), Math.round(canvas.height * factor));
  const pixels = small.getContext('2d')?.getImageData(0, 0, small.width, small.height);
  if (!pixels) return true;
  const { brightness, contrast } = lightOf(pixels);
  return brightness < blackest || contrast < leastContrast;
}

/** As good as it may be for its bytes. Null when the browser makes no JPEG, or none that is small enough. */
async function encode(canvas: HTMLCanvasElement, quality: number): Promise<Blob | null> {
  for (let tried = quality; ; tried = Math.max(leastQuality, tried - qualityStep)) {
    const jpeg = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', tried));
    if (jpeg?.type !== 'image/jpeg') return null;
    if (jpeg.size <= mostBytes) return jpeg;
    if (tried <= leastQuality) return null;
  }
}
