/**
 * [PR5] Watches over one camera: an empty chair, a second face, a covered lens, a picture that stands still, a camera
 * that is silent or gone. What it notices only makes the server ask at once; nothing is decided here, and no picture
 * leaves the page by it. Import this file where faces are checked and nowhere else: the worker and its weights (0.2 MB)
 * are fetched when the first watch begins.
 */
import { type CameraView, openCameraView } from './camera-view.ts';
import type { Look, Sight } from './look.ts';
import type { FromEye, ToEye } from './messages.ts';
import { afterLook, lookEveryMs, type Notice, unwatched } from './watching.ts';

/** Why faces cannot be looked for here. `muted` and `ended` are noticed all the same. */
export type Blindness =
  /** This browser has no workers, or none that can draw. */
  | 'unsupported'
  /** The worker or its weights did not load, or it broke. */
  | 'failed';

/** One look, for those who measure: what it took in the worker, and until the picture was there, ms. */
export interface LookCost {
  readonly sight: Sight;
  readonly eyeMs: number;
  readonly pictureMs: number;
}

export interface WatchOptions {
  readonly stream: MediaStream;
  readonly onNotice: (notice: Notice) => void;
  /** Called at most once. */
  readonly onBlind?: (why: Blindness) => void;
  readonly onLook?: (cost: LookCost) => void;
}

export interface Watch {
  /** Ends it; nothing is said afterwards. The camera stays as it is. */
  close(): void;
}

const lookSide = 320;

/** A stream without a camera is told as `ended` at once. */
export function createWatch(options: WatchOptions): Watch {
  const { stream, onNotice, onBlind, onLook } = options;
  const view = openCameraView(stream);
  let watching = unwatched;
  let closed = false;
  let eye: Eye | null = null;
  let timer: ReturnType<typeof setInterval> | undefined;

  function close() {
    if (closed) return;
    closed = true;
    eye?.close();
    clearInterval(timer);
    view?.track.removeEventListener('ended', ended);
    view?.close();
  }

  function ended() {
    if (closed) return;
    close();
    onNotice({ kind: 'ended' });
  }

  function hear(look: Look) {
    if (closed) return;
    const { watching: next, notice } = afterLook(watching, look);
    watching = next;
    if (notice) onNotice(notice);
  }

  function withoutEye(why: Blindness) {
    if (closed || timer !== undefined) return;
    eye?.close();
    eye = null;
    // Whether anything comes from the camera can be seen without an eye; what is on it then counts as one person.
    const look = () =>
      hear(
        view?.track.muted
          ? { kind: 'no-picture', at: performance.now() }
          : { kind: 'sight', faces: 1, covered: false, same: false, at: performance.now() },
      );
    timer = setInterval(look, lookEveryMs);
    onBlind?.(why);
  }

  if (!view || view.track.readyState === 'ended') {
    queueMicrotask(ended);
    return { close };
  }
  view.track.addEventListener('ended', ended);
  if (canSee())
    eye = openEye(view, {
      look: hear,
      cost: (cost) => onLook?.(cost),
      blind: () => withoutEye('failed'),
    });
  else queueMicrotask(() => withoutEye('unsupported'));
  return { close };
}

const canSee = () =>
  typeof Worker === 'function' &&
  typeof OffscreenCanvas === 'function' &&
  typeof createImageBitmap === 'function';

interface Eye {
  close(): void;
}

function openEye(
  view: CameraView,
  tell: { look: (look: Look) => void; cost: (cost: LookCost) => void; blind: () => void },
): Eye {
  const worker = new Worker(new URL('./eye.worker.ts', import.meta.url), { type: 'module' });
  /** Of the picture that the eye has now. */
  let sent: { at: number; hidden: boolean; pictureMs: number } | null = null;

  async function look() {
    // A look that takes longer than the time between two is not joined by a second one.
    if (sent) return;
    const at = performance.now();
    sent = { at, hidden: document.hidden, pictureMs: 0 };
    const bitmap = await view.picture(lookSide);
    if (!bitmap) {
      sent = null;
      return tell.look({ kind: 'no-picture', at });
    }
    sent = { ...sent, pictureMs: performance.now() - at };
    const message: ToEye = { bitmap };
    worker.postMessage(message, [bitmap]);
  }

  function saw(sight: Sight, eyeMs: number) {
    if (!sent) return;
    const { at, hidden, pictureMs } = sent;
    sent = null;
    // A page that is hidden may be shown the same picture again and again by its own browser.
    tell.look(hidden && sight.same ? { kind: 'unsaid', at } : { kind: 'sight', at, ...sight });
    tell.cost({ sight, eyeMs, pictureMs });
  }

  worker.onmessage = ({ data }: MessageEvent<FromEye>) => {
    switch (data.kind) {
      case 'look':
        return void look();
      case 'sight':
        return saw(data.sight, data.ms);
      case 'blind':
        return tell.blind();
    }
  };
  worker.onerror = () => tell.blind();
  return { close: () => worker.terminate() };
}
