/** A supervisor would like to look: the learner says yes or no each time, and pictures go out for as long as it is yes. */
import type { LiveLook } from '@keshi/contract/live-looks';
import { CaptureError, type CaptureFailure } from '../capture.ts';
import type { LiveClass } from '../live-class.svelte.ts';
import { openFaceCamera, type FaceCamera } from './face-camera.ts';

interface Deps {
  live: () => LiveClass;
  deviceId: () => string | undefined;
  now: () => number;
}

/** Enough to know a person by, and small enough for a bad network. */
const size = { width: 320, quality: 0.7 };
const apartMs = 700;

export class BeingLookedAt {
  #look = $state.raw<LiveLook | null>(null);
  #track = $state.raw<MediaStreamTrack | null>(null);
  #failure = $state.raw<CaptureFailure | null>(null);
  #camera: FaceCamera | null = null;
  #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Somebody asks to look, or looks. */
  get look(): LiveLook | null {
    return this.#look;
  }
  /** What is shown; null while nothing is. */
  get track(): MediaStreamTrack | null {
    return this.#track;
  }
  get failure(): CaptureFailure | null {
    return this.#failure;
  }

  asked(look: LiveLook | null): void {
    if (look === null || look.lookId === this.#look?.lookId) return;
    this.#closeCamera();
    this.#failure = null;
    this.#look = look;
  }

  async show(): Promise<void> {
    const look = this.#look;
    if (!look) return;
    try {
      this.#failure = null;
      const camera = await openFaceCamera(this.#deps.deviceId(), () => this.stop(), size);
      this.#camera = camera;
      this.#track = camera.track;
      while (this.#camera === camera && this.#deps.now() < look.until) {
        const [picture] = await camera.take(1, apartMs, new AbortController().signal);
        if (picture && this.#camera === camera) await this.#send(look, await inBase64(picture));
        await new Promise((resolve) => setTimeout(resolve, apartMs));
      }
      if (this.#camera === camera) this.stop();
    } catch (thrown) {
      this.#closeCamera();
      if (thrown instanceof CaptureError) this.#failure = thrown.failure;
      // Nobody looks any more.
      else this.#look = null;
    }
  }

  /** No, or no longer. */
  stop(): void {
    const look = this.#look;
    this.#look = null;
    this.#closeCamera();
    if (look) void this.#send(look, null).catch(() => undefined);
  }

  close(): void {
    this.#look = null;
    this.#closeCamera();
  }

  async #send({ lookId }: LiveLook, picture: string | null): Promise<void> {
    await this.#deps.live().ask('identity.show', { lookId, picture });
  }

  #closeCamera(): void {
    this.#camera?.close();
    this.#camera = null;
    this.#track = null;
  }
}

async function inBase64(picture: Blob): Promise<string> {
  const bytes = new Uint8Array(await picture.arrayBuffer());
  return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));
}
