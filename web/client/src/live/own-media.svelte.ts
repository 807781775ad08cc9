/** The person's own camera, microphone and screen in a class: one switch each, and why a switch did not work. */
import type { MediaSource } from '@keshi/contract/domain';
import { type Failure, failureOf } from '#net/failure.ts';
import {
  captureCamera,
  captureMicrophone,
  captureScreen,
  CaptureError,
  type CaptureFailure,
} from './capture.ts';
import type { DeviceChoice } from './device-choice.svelte.ts';
import type { LiveClass } from './live-class.svelte.ts';

export type OwnSource = Extract<MediaSource, 'camera' | 'mic' | 'screen'>;
export type OwnFailure =
  { kind: 'capture'; source: OwnSource; failure: CaptureFailure } | { kind: 'refused'; failure: Failure };

const sources: readonly OwnSource[] = ['camera', 'mic', 'screen'];

export class OwnMedia {
  #live: LiveClass;
  #devices: DeviceChoice;
  #storage: Storage;
  #key: string;
  #busy = $state.raw<ReadonlySet<OwnSource>>(new Set());
  #failure = $state.raw<OwnFailure | null>(null);

  /** `storage` lives as long as the tab: an instructor who reloads the page is on air again by himself. */
  constructor(deps: { live: LiveClass; devices: DeviceChoice; storage: Storage; classId: string }) {
    this.#live = deps.live;
    this.#devices = deps.devices;
    this.#storage = deps.storage;
    this.#key = `keshi.on-air.${deps.classId}`;
  }

  get failure() {
    return this.#failure;
  }
  clearFailure() {
    this.#failure = null;
  }
  busy(source: OwnSource) {
    return this.#busy.has(source);
  }

  /** What others receive of it now. */
  on(source: OwnSource): boolean {
    const media = this.#live.media;
    return media !== null && media.local.has(source) && !media.isPaused(source);
  }

  /** The host has switched it off; only the host can allow it again. */
  held(source: OwnSource): boolean {
    return this.#live.onStage?.sources.some((row) => row.source === source && row.held) ?? false;
  }

  get speakingInto(): MediaStreamTrack | undefined {
    return this.#live.media?.local.get('mic');
  }

  toggle = (source: OwnSource) => this.#attempt(source, this.on(source) ? 'off' : 'on');
  switchOn = (source: OwnSource) => this.#attempt(source, 'on');
  switchOff = (source: OwnSource) => this.#attempt(source, 'off');

  /** Publishes with tracks that a preview has already opened, so that the camera light never blinks. */
  async publish(tracks: { camera?: MediaStreamTrack | undefined; mic?: MediaStreamTrack | undefined }) {
    const media = this.#live.media;
    if (!media) return;
    try {
      if (tracks.mic) await media.publish('mic', tracks.mic);
      if (tracks.camera) await media.publish('camera', tracks.camera);
    } catch (error) {
      this.#failure = { kind: 'refused', failure: failureOf(error) };
    }
    this.#remember();
  }

  /** After a reload of the page: camera and microphone that were on. A screen asks for a click of its own. */
  async resume() {
    const wanted = (this.#storage.getItem(this.#key) ?? '').split(' ');
    for (const source of ['mic', 'camera'] as const)
      if (wanted.includes(source) && !this.on(source)) await this.switchOn(source);
  }

  /** Takes a newly chosen device into use at once, if its source is on. */
  async changeDevice(source: 'camera' | 'mic') {
    if (this.on(source)) await this.switchOn(source);
  }

  async #attempt(source: OwnSource, want: 'on' | 'off') {
    if (this.#busy.has(source)) return;
    this.#busy = new Set(this.#busy).add(source);
    this.#failure = null;
    try {
      await (want === 'on' ? this.#open(source) : this.#shut(source));
    } catch (error) {
      if (error instanceof CaptureError) {
        // Whoever closes the browser's own dialog knows that nothing is shared.
        if (error.failure !== 'cancelled')
          this.#failure = { kind: 'capture', source, failure: error.failure };
      } else this.#failure = { kind: 'refused', failure: failureOf(error) };
    } finally {
      const busy = new Set(this.#busy);
      busy.delete(source);
      this.#busy = busy;
      this.#remember();
    }
  }

  async #open(source: OwnSource) {
    const media = this.#live.media;
    if (!media) return;
    if (source === 'mic' && media.local.has('mic') && media.isPaused('mic')) {
      await media.pause('mic', false);
      return;
    }
    switch (source) {
      case 'camera':
        return media.publish('camera', await captureCamera(this.#devices.of('camera')));
      case 'mic':
        return media.publish('mic', await captureMicrophone(this.#devices.of('microphone')));
      case 'screen': {
        const { video, audio } = await captureScreen();
        await media.publish('screen', video);
        if (audio) await media.publish('screen-audio', audio);
      }
    }
  }

  async #shut(source: OwnSource) {
    const media = this.#live.media;
    if (!media) return;
    // A muted microphone answers at once when it is needed; a camera that is off must not show its light.
    if (source === 'mic') return media.pause('mic', true);
    await media.unpublish(source);
    if (source === 'screen' && media.local.has('screen-audio')) await media.unpublish('screen-audio');
  }

  #remember() {
    this.#storage.setItem(this.#key, sources.filter((source) => this.on(source)).join(' '));
  }
}
