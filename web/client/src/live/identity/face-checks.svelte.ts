/** Showing oneself in a class: the server asks and judges; the page explains, takes pictures and sends them. */
import type { IdentityAsk, OwnEyeNotice } from '@keshi/contract/class-checks';
import type { Verdict } from '@keshi/contract/proctor';
import type { Api } from '#net/api.ts';
import { failureOf, type Failure } from '#net/failure.ts';
import { CaptureError, type CaptureFailure } from '../capture.ts';
import type { LiveClass } from '../live-class.svelte.ts';
import { bundle } from './bundle.ts';
import { openFaceCamera, type FaceCamera } from './face-camera.ts';
import { openOwnEye } from './own-eye.ts';

export type Step =
  | { state: 'opening' }
  | { state: 'no-camera'; failure: CaptureFailure }
  /** One looks at oneself; the picture is taken in a moment. */
  | { state: 'looking' }
  | { state: 'taking' }
  | { state: 'judging' }
  | { state: 'failed'; failure: Failure }
  | { state: 'judged'; verdict: Verdict };

export interface Showing {
  readonly ask: IdentityAsk;
  readonly step: Step;
}

interface Deps {
  live: () => LiveClass;
  api: Api;
  deviceId: () => string | undefined;
}

/** Time to see oneself before the picture is taken. */
const lookMs = 2_500;
/** Between two pictures of one check: long enough for somebody to have moved, or to turn the head and back in all of them. */
const apartMs = 700;
const turnApartMs = 900;
/** What passed is said for so long. */
const saidMs = 4_000;

export class FaceChecks {
  #showing = $state.raw<Showing | null>(null);
  #open = $state(false);
  #checked = $state(false);
  #track = $state.raw<MediaStreamTrack | null>(null);
  #camera: FaceCamera | null = null;
  #closeEye: (() => void) | null = null;
  #round: AbortController | null = null;
  #takeNow: (() => void) | null = null;
  #saidTimer: ReturnType<typeof setTimeout> | undefined;
  #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  get showing(): Showing | null {
    return this.#showing;
  }
  get track(): MediaStreamTrack | null {
    return this.#track;
  }
  /** The sheet is up. */
  get open(): boolean {
    return this.#open;
  }
  set open(open: boolean) {
    this.#open = open;
  }
  /** Passed a moment ago. */
  get checked(): boolean {
    return this.#checked;
  }

  /** What the class asks now; null when nothing is asked any more. */
  asked(ask: IdentityAsk | null): void {
    const before = this.#showing;
    if (ask === null) {
      // What was judged stays to be read until the sheet is closed.
      if (before && before.step.state !== 'judged') this.#end();
      return;
    }
    if (before?.ask.id === ask.id) return;
    void this.#answer(ask);
  }

  /** Again for the same question, after the camera or the network failed. */
  again(): void {
    if (this.#showing) void this.#answer(this.#showing.ask);
  }

  take(): void {
    this.#takeNow?.();
  }

  /** Asks the class to be asked again. */
  async retry(): Promise<void> {
    await this.#deps.live().ask('identity.retry', {});
  }

  close(): void {
    this.#end();
    clearTimeout(this.#saidTimer);
    this.#closeCamera();
  }

  #closeCamera(): void {
    this.#closeEye?.();
    this.#closeEye = null;
    this.#camera?.close();
    this.#camera = null;
    this.#track = null;
  }

  #end(): void {
    this.#round?.abort();
    this.#round = null;
    this.#showing = null;
    this.#open = false;
  }

  async #answer(ask: IdentityAsk): Promise<void> {
    this.#round?.abort();
    const round = new AbortController();
    this.#round = round;
    const { signal } = round;
    const become = (step: Step) => {
      if (!signal.aborted) this.#showing = { ask, step };
    };
    // A check while the camera is open is taken quietly: it interrupts nobody.
    const quiet = ask.purpose === 'check' && ask.motion === null && this.#camera !== null;
    try {
      this.#open = !quiet;
      become({ state: 'opening' });
      const camera = await this.#opened();
      if (signal.aborted) return;
      if (!quiet) {
        become({ state: 'looking' });
        await this.#looked(signal);
      }
      become({ state: 'taking' });
      const pictures = await camera.take(ask.pictures, ask.motion ? turnApartMs : apartMs, signal);
      become({ state: 'judging' });
      const verdict = await this.#send(ask, pictures, signal);
      if (signal.aborted) return;
      become({ state: 'judged', verdict });
      this.#said(verdict);
    } catch (thrown) {
      if (signal.aborted) return;
      this.#open = true;
      become(endOf(thrown));
    }
  }

  async #opened(): Promise<FaceCamera> {
    if (this.#camera) return this.#camera;
    const camera = await openFaceCamera(this.#deps.deviceId(), () => this.#ended());
    this.#camera = camera;
    this.#track = camera.track;
    this.#closeEye = openOwnEye(camera.track, (notice) => this.#tell(notice));
    return camera;
  }

  /** Only makes the class ask at once: what is lost on the way is noticed again, or by the next check. */
  #tell(notice: OwnEyeNotice): void {
    void this.#deps
      .live()
      .ask('identity.notice', { notice })
      .catch(() => undefined);
  }

  /** [PR5] Unplugged, or taken away by the system: the server asks at once, and the next answer opens it again. */
  #ended(): void {
    this.#closeCamera();
    this.#tell('ended');
  }

  #looked(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, lookMs);
      const takeNow = () => done();
      this.#takeNow = takeNow;
      signal.addEventListener('abort', done);
      function done() {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
    });
  }

  async #send(ask: IdentityAsk, pictures: readonly Blob[], signal: AbortSignal): Promise<Verdict> {
    const { api } = this.#deps;
    for (;;) {
      try {
        const answer = await api.call('answerCheck', {
          params: { id: ask.id },
          query: { nonce: ask.nonce },
          upload: bundle(pictures),
          signal,
        });
        return answer.verdict;
      } catch (thrown) {
        const { code, retryMs } = failureOf(thrown);
        // Nothing is lost by waiting; the deadline is the server's, and it says so itself.
        if (signal.aborted || !worthAnotherTry.includes(code)) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, retryMs ?? 1_000));
      }
    }
  }

  #said(verdict: Verdict): void {
    if (verdict !== 'match') {
      this.#open = true;
      return;
    }
    this.#open = false;
    this.#showing = null;
    this.#checked = true;
    clearTimeout(this.#saidTimer);
    this.#saidTimer = setTimeout(() => (this.#checked = false), saidMs);
  }
}

const worthAnotherTry: readonly Failure['code'][] = ['offline', 'busy', 'rate-limited', 'unavailable'];

function endOf(thrown: unknown): Step {
  if (thrown instanceof CaptureError) return { state: 'no-camera', failure: thrown.failure };
  return { state: 'failed', failure: failureOf(thrown) };
}
