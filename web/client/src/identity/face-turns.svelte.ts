/** [PR2] The turns of the head, from the first frame to the last: the page shows, sends and waits, the server decides. */
import type { FacePose, FrameAdvice } from '@keshi/contract/identity';
import { captureCamera, CaptureError, type CaptureFailure } from '#live/capture.ts';
import type { Api } from '#net/api.ts';
import { type Failure, failureOf } from '#net/failure.ts';
import { type Camera, createCamera } from './camera.ts';
import { lookAt, type LookHint } from './frame-look.ts';

export interface Turning {
  step: number;
  steps: number;
  pose: FacePose;
  expiresAt: number;
  /** What the server said of the last frame. */
  advice: FrameAdvice | null;
  hint: LookHint | null;
}

export type Turns =
  | { state: 'idle' }
  | { state: 'opening' }
  | { state: 'no-camera'; failure: CaptureFailure }
  | ({ state: 'turning' } & Turning)
  | { state: 'done' }
  /** Somebody else was seen. */
  | { state: 'void' }
  | { state: 'over' }
  | { state: 'failed'; failure: Failure };

/** Between two frames: time to move, and no more than the server takes from one person. */
const pauseMs = 350;

export class FaceTurns {
  #view = $state.raw<Turns>({ state: 'idle' });
  #track = $state.raw<MediaStreamTrack | null>(null);
  #api: Api;
  #round: AbortController | null = null;

  constructor(api: Api) {
    this.#api = api;
  }

  get view(): Turns {
    return this.#view;
  }

  /** What the preview shows; null while the camera is closed. */
  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  /** Opens the camera, lets the server draw the turns, and goes through them. `video` shows `track`. */
  async run(video: HTMLVideoElement, { replace }: { replace: boolean }): Promise<void> {
    this.close();
    const round = new AbortController();
    this.#round = round;
    const { signal } = round;
    this.#view = { state: 'opening' };
    try {
      const track = await captureCamera();
      if (signal.aborted) return track.stop();
      this.#track = track;
      const { id, ...first } = await this.#api.call('beginFace', { body: { replace }, signal });
      this.#view = { state: 'turning', ...first, advice: null, hint: null };
      await this.#turn(createCamera(video), id, signal);
    } catch (thrown) {
      if (!signal.aborted) this.#view = endOf(thrown);
    } finally {
      if (this.#round === round) this.#stopCamera();
    }
  }

  /** Ends whatever is under way; the camera goes out. */
  close(): void {
    this.#round?.abort();
    this.#round = null;
    this.#stopCamera();
    this.#view = { state: 'idle' };
  }

  async #turn(camera: Camera, id: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(pauseMs, signal);
      const view = this.#view;
      if (signal.aborted || view.state !== 'turning') return;
      const frame = await camera.take();
      if (!frame) continue;
      const hint = lookAt(frame.look);
      this.#view = { ...view, hint };
      // Sending what is black helps nobody; everything else is the server's to judge.
      if (hint === 'dark') continue;
      await this.#send(id, frame.jpeg, { ...view, hint }, signal);
    }
  }

  async #send(id: string, jpeg: Blob, view: Turning, signal: AbortSignal): Promise<void> {
    const turning = { ...view, state: 'turning' } as const;
    try {
      const params = { id, step: view.step };
      const verdict = await this.#api.call('sendFrame', { params, upload: jpeg, signal });
      switch (verdict.kind) {
        case 'again':
          this.#view = { ...turning, advice: verdict.advice };
          return;
        case 'next':
          this.#view = { ...turning, step: verdict.step, pose: verdict.pose, advice: null };
          return;
        case 'done':
          this.#view = { state: 'done' };
          return;
        case 'failed':
          this.#view = { state: 'void' };
          return;
      }
    } catch (thrown) {
      const { code, retryMs } = failureOf(thrown);
      // Nothing is lost by waiting; the deadline is the server's, and it says so itself.
      if (code !== 'rate-limited' && code !== 'busy' && code !== 'offline') throw thrown;
      await pause(retryMs ?? 1_000, signal);
    }
  }

  #stopCamera(): void {
    this.#track?.stop();
    this.#track = null;
  }
}

function endOf(thrown: unknown): Turns {
  if (thrown instanceof CaptureError) return { state: 'no-camera', failure: thrown.failure };
  const failure = failureOf(thrown);
  return failure.code === 'challenge-over' ? { state: 'over' } : { state: 'failed', failure };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
