/** A page of nothing but the eye, for the tests in a real browser: what it does is called from there. */
import { type Taken, takePictures, type TakeOptions } from '../../src/proctor/take-pictures.ts';
import { virtualCameraOf } from '../../src/proctor/virtual-cameras.ts';
import { createWatch, type LookCost, type Watch } from '../../src/proctor/watch.ts';
import type { Notice } from '../../src/proctor/watching.ts';

type Heard = { readonly atMs: number } & ({ readonly notice: Notice } | { readonly blind: string });

let watch: Watch | null = null;
let stream = new MediaStream();
let from = 0;
const heard: Heard[] = [];
const looks: (LookCost & { readonly atMs: number })[] = [];
/** Tasks of the page that kept it from answering for 50 ms and more. */
const longTasks: number[] = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) longTasks.push(entry.duration);
}).observe({ type: 'longtask' });

const eyePage = {
  heard,
  looks,
  longTasks,
  async camera(video: MediaTrackConstraints = { width: 640, height: 480 }) {
    stream = await navigator.mediaDevices.getUserMedia({ video });
    return virtualCameraOf(stream.getVideoTracks()[0]?.label ?? '');
  },
  /** A camera that is drawn by the page, one picture after the other. */
  canvas(width: number, height: number, fill: string) {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d');
    const draw = () => {
      if (!context) return;
      context.fillStyle = fill;
      context.fillRect(0, 0, width, height);
      if (fill !== 'noise') return;
      const pixels = context.getImageData(0, 0, width, height);
      for (let at = 0; at < pixels.data.length; at += 1)
        pixels.data[at] = at % 4 === 3 ? 255 : Math.random() * 255;
      context.putImageData(pixels, 0, 0);
    };
    draw();
    setInterval(draw, 100);
    stream = canvas.captureStream(10);
  },
  watch() {
    from = performance.now();
    const atMs = () => performance.now() - from;
    watch = createWatch({
      stream,
      onNotice: (notice) => heard.push({ atMs: atMs(), notice }),
      onBlind: (blind) => heard.push({ atMs: atMs(), blind }),
      onLook: (cost) => looks.push({ ...cost, atMs: atMs() }),
    });
  },
  close: () => watch?.close(),
  /** As if it were unplugged. A page that stops a track itself is told nothing. */
  unplug() {
    const [track] = stream.getVideoTracks();
    track?.stop();
    track?.dispatchEvent(new Event('ended'));
  },
  hide(track: boolean) {
    for (const video of stream.getVideoTracks()) video.enabled = !track;
  },
  async take(options: Omit<TakeOptions, 'stream' | 'signal'>, abortAfterMs?: number) {
    const signal = abortAfterMs === undefined ? undefined : AbortSignal.timeout(abortAfterMs);
    return told(await takePictures({ ...options, stream, ...(signal ? { signal } : {}) }));
  },
};

/** With the bytes in base64, as they can leave the page. */
async function told({ pictures, ...rest }: Taken) {
  const sizes = await Promise.all(
    pictures.map(async ({ jpeg, ...picture }) => {
      const bytes = new Uint8Array(await jpeg.arrayBuffer());
      return { ...picture, base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')) };
    }),
  );
  return { ...rest, pictures: sizes };
}

Object.assign(globalThis, { eyePage });
