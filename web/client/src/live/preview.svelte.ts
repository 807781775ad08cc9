/** Camera and microphone before anybody else sees or hears them. Tracks handed over are no longer its own to stop. */
import {
  captureCamera,
  captureMicrophone,
  CaptureError,
  listDevices,
  type CaptureFailure,
  type Choice,
} from './capture.ts';
import type { DeviceChoice } from './device-choice.svelte.ts';

export type PreviewSource = 'camera' | 'mic';
type Look =
  | { state: 'off' }
  | { state: 'opening' }
  | { state: 'on'; track: MediaStreamTrack }
  | { state: 'failed'; failure: CaptureFailure };

export class Preview {
  #looks = $state.raw<Record<PreviewSource, Look>>({ camera: { state: 'off' }, mic: { state: 'off' } });
  #lists = $state.raw<{ cameras: Choice[]; microphones: Choice[]; speakers: Choice[] }>({
    cameras: [],
    microphones: [],
    speakers: [],
  });
  #devices: DeviceChoice;
  #closed = false;
  #opening = new Map<PreviewSource, Promise<void>>();

  constructor(devices: DeviceChoice) {
    this.#devices = devices;
  }

  get lists() {
    return this.#lists;
  }
  look(source: PreviewSource): Look {
    return this.#looks[source];
  }
  track(source: PreviewSource): MediaStreamTrack | undefined {
    const look = this.#looks[source];
    return look.state === 'on' ? look.track : undefined;
  }

  async openBoth() {
    await Promise.all([this.open('mic'), this.open('camera')]);
  }

  /** When nothing is being opened any more: whoever is quick to start must not start without a picture. */
  async settled() {
    await Promise.all(this.#opening.values());
  }

  open(source: PreviewSource): Promise<void> {
    const opening = this.#open(source);
    this.#opening.set(source, opening);
    return opening;
  }

  async #open(source: PreviewSource) {
    this.stop(source);
    this.#set(source, { state: 'opening' });
    try {
      const track =
        source === 'camera'
          ? await captureCamera(this.#devices.of('camera'))
          : await captureMicrophone(this.#devices.of('microphone'));
      if (this.#closed) track.stop();
      else this.#set(source, { state: 'on', track });
    } catch (error) {
      this.#set(source, {
        state: 'failed',
        failure: error instanceof CaptureError ? error.failure : 'missing',
      });
    }
    // Names of devices are told only after the first permission.
    this.#lists = await listDevices().catch(() => this.#lists);
  }

  stop(source: PreviewSource) {
    this.track(source)?.stop();
    this.#set(source, { state: 'off' });
  }

  /** Hands the open tracks to whoever publishes them. */
  take(): { camera: MediaStreamTrack | undefined; mic: MediaStreamTrack | undefined } {
    const tracks = { camera: this.track('camera'), mic: this.track('mic') };
    this.#looks = { camera: { state: 'off' }, mic: { state: 'off' } };
    return tracks;
  }

  close() {
    this.#closed = true;
    this.stop('camera');
    this.stop('mic');
  }

  #set(source: PreviewSource, look: Look) {
    this.#looks = { ...this.#looks, [source]: look };
  }
}
