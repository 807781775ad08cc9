/** Playing a recording: one or two views of it in elements, and what the controls over them show and do. */
import { untrack } from 'svelte';
import { playHls, type HlsPlayback, type HlsState } from '#net/hls.ts';
import { keepTogether } from './keeping-together.ts';

/** Loaded ahead of the position, s: little before anybody pressed play, less of the small picture. */
const ahead = { waiting: 4, main: 30, camera: 10 } as const;
/** A follower that was told to jump is given this long to load before it is told again, ms. */
const jumpPauseMs = 1_500;
const volumeKey = 'keshi.replay-volume';

export const rates = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;

interface Options {
  durationMs: number;
  storage: Storage;
  /** The addresses are not valid any more; `setSources` follows. */
  onrefused: () => void;
  /** How far one may jump, ms, and how fast it may run; asked each time. Everywhere and at any speed when not given. */
  bounds?: () => { to: number; rate: number };
}

const unbounded = () => ({ to: Infinity, rate: Infinity });
/** What plays on meanwhile is no jump, ms. */
const jumpMs = 1_500;

export class Playback {
  readonly durationMs: number;
  #onrefused: () => void;
  #storage: Storage;
  #bounds: NonNullable<Options['bounds']>;
  #sources: { main: string; camera: string | null } | null = null;
  #main: { element: HTMLVideoElement; hls: HlsPlayback | null } | null = null;
  /** Somebody wants it to play: what breaks off goes on by itself. */
  #wanted = false;
  #camera: { element: HTMLVideoElement; hls: HlsPlayback | null; jumpedAt: number } | null = null;

  #state = $state.raw<HlsState>({ state: 'loading' });
  #position = $state(0);
  #playing = $state(false);
  #waiting = $state(false);
  #touched = $state(false);
  #rate = $state(1);
  #volume = $state(1);
  #muted = $state(false);
  #buffered = $state.raw<readonly { from: number; to: number }[]>([]);
  #cameraShown = $state(false);

  constructor({ durationMs, storage, onrefused, bounds = unbounded }: Options) {
    this.durationMs = durationMs;
    this.#bounds = bounds;
    this.#onrefused = onrefused;
    this.#storage = storage;
    const kept = Number(storage.getItem(volumeKey) ?? 1);
    if (kept > 0 && kept <= 1) this.#volume = kept;
  }

  get state(): HlsState {
    return this.#state;
  }
  /** Ms. */
  get position(): number {
    return this.#position;
  }
  get playing(): boolean {
    return this.#playing;
  }
  /** It should play and has nothing to play yet. */
  get waiting(): boolean {
    return this.#waiting;
  }
  /** Somebody has pressed play or chosen a place. */
  get touched(): boolean {
    return this.#touched;
  }
  get rate(): number {
    return this.#rate;
  }
  get volume(): number {
    return this.#muted ? 0 : this.#volume;
  }
  /** Loaded stretches, ms. */
  get buffered(): readonly { from: number; to: number }[] {
    return this.#buffered;
  }
  /** The camera's element has a picture of the present place. */
  get cameraShown(): boolean {
    return this.#cameraShown;
  }

  /** New addresses of the same recording: it goes on where it is. */
  setSources(main: string, camera: string | null) {
    this.#sources = { main, camera };
    if (this.#main) this.#openMain();
    if (this.#camera) this.#openCamera();
  }

  /** An attachment for the element with picture and sound. Closes what it opened when the element goes. */
  main = (element: HTMLVideoElement) => untrack(() => this.#takeMain(element));

  /** An attachment for the element that shows the camera, without sound, wherever the main one is. */
  camera = (element: HTMLVideoElement) => untrack(() => this.#takeCamera(element));

  #takeMain(element: HTMLVideoElement): () => void {
    const listening = new AbortController();
    const { signal } = listening;
    const on = (names: string, listen: () => void) => {
      for (const name of names.split(' ')) element.addEventListener(name, listen, { signal });
    };
    this.#main = { element, hls: null };
    on('timeupdate seeking seeked', () => this.#moved());
    on('progress timeupdate', () => this.#measure());
    on('play playing pause ended seeked', () => {
      this.#playing = !element.paused && !element.ended;
      this.#follow();
    });
    on('pause', () => {
      // A stream that is torn down pauses as well, which nobody asked for.
      if (this.#state.state === 'ready' && !element.ended) this.#wanted = false;
    });
    on('waiting stalled', () => (this.#waiting = !element.paused && element.readyState < 3));
    on('playing canplay pause seeked', () => (this.#waiting = false));
    on('ratechange', () => this.#paced(element));
    element.volume = this.#volume;
    element.muted = this.#muted;
    this.#openMain();
    const pace = setInterval(() => this.#follow(), 200);
    return () => {
      listening.abort();
      clearInterval(pace);
      this.#main?.hls?.close();
      this.#main = null;
    };
  }

  #takeCamera(element: HTMLVideoElement): () => void {
    element.muted = true;
    this.#camera = { element, hls: null, jumpedAt: -Infinity };
    this.#openCamera();
    return () => {
      this.#camera?.hls?.close();
      this.#camera = null;
      this.#cameraShown = false;
    };
  }

  play() {
    if (!this.#main) return;
    this.#touch();
    this.#wanted = true;
    if (this.#main.element.ended) this.seek(0);
    // Refused without a gesture, or broken off by another command: the element tells how things stand.
    this.#main.element.play().catch(() => undefined);
  }

  pause() {
    this.#wanted = false;
    this.#main?.element.pause();
  }

  toggle() {
    if (this.#playing) this.pause();
    else this.play();
  }

  /** To a place, ms; beyond the ends means the ends. */
  seek(position: number) {
    const to = Math.min(Math.max(0, position), Math.max(0, this.durationMs - 100), this.#bounds().to);
    this.#touch();
    this.#position = to;
    if (this.#main) this.#main.element.currentTime = to / 1000;
  }

  skip(by: number) {
    this.seek(this.#position + by);
  }

  setRate(wanted: number) {
    const rate = Math.min(wanted, this.#bounds().rate);
    this.#rate = rate;
    if (this.#main) {
      this.#main.element.defaultPlaybackRate = rate;
      this.#main.element.playbackRate = rate;
    }
  }

  /** 0 to 1. */
  setVolume(volume: number) {
    const next = Math.min(1, Math.max(0, volume));
    this.#muted = next === 0;
    if (next > 0) {
      this.#volume = next;
      this.#storage.setItem(volumeKey, String(next));
    }
    this.#applyVolume();
  }

  toggleMute() {
    this.#muted = !this.#muted;
    this.#applyVolume();
  }

  #applyVolume() {
    if (!this.#main) return;
    this.#main.element.muted = this.#muted;
    this.#main.element.volume = this.#volume;
  }

  #touch() {
    if (this.#touched) return;
    this.#touched = true;
    this.#main?.hls?.setAhead(ahead.main);
  }

  #openMain() {
    if (!this.#main || !this.#sources) return;
    const { element, hls } = this.#main;
    const startAt = this.#position / 1000;
    hls?.close();
    this.#main.hls = playHls({
      element,
      url: this.#sources.main,
      mode: 'replay',
      startAt,
      aheadSeconds: this.#touched ? ahead.main : ahead.waiting,
      onState: (state) => {
        this.#state = state;
        if (state.state === 'ready') {
          element.playbackRate = this.#rate;
          if (this.#wanted) element.play().catch(() => undefined);
        }
        if (state.state === 'refused') this.#onrefused();
      },
    });
  }

  #openCamera() {
    if (!this.#camera) return;
    this.#camera.hls?.close();
    this.#camera.hls = null;
    const url = this.#sources?.camera;
    if (!url) return;
    this.#camera.hls = playHls({
      element: this.#camera.element,
      url,
      mode: 'replay',
      startAt: this.#position / 1000,
      aheadSeconds: ahead.camera,
      // Whatever befalls it, the main view tells how things stand.
      onState: () => undefined,
    });
  }

  /** Menus of the browser and keys of the keyboard change it as well. */
  #paced(element: HTMLVideoElement) {
    const { rate } = this.#bounds();
    if (element.playbackRate > rate) element.playbackRate = rate;
    else this.#rate = element.playbackRate;
  }

  #moved() {
    if (!this.#main) return;
    const { to } = this.#bounds();
    if (this.#main.element.currentTime * 1000 > to + jumpMs) this.#main.element.currentTime = to / 1000;
    this.#position = Math.min(this.durationMs, Math.round(this.#main.element.currentTime * 1000));
    this.#follow();
  }

  #measure() {
    if (!this.#main) return;
    const { buffered } = this.#main.element;
    this.#buffered = Array.from({ length: buffered.length }, (_, index) => ({
      from: buffered.start(index) * 1000,
      to: buffered.end(index) * 1000,
    }));
  }

  /** Brings the camera to where the main view is, and lets it run or stand as that does. */
  #follow() {
    if (!this.#main || !this.#camera) return;
    const { element: main, hls } = this.#main;
    const { element: camera, hls: cameraHls, jumpedAt } = this.#camera;
    this.#cameraShown = camera.readyState >= 2;
    if (camera.readyState < 1) return;
    // Its segments are cut at key frames of its own, so the same moment stands elsewhere in its playlist.
    const instant = hls?.instantAt(main.currentTime) ?? null;
    const place = (instant === null ? null : cameraHls?.placeOf(instant)) ?? main.currentTime;
    const { seekTo, rate } = keepTogether(place, camera.currentTime, main.playbackRate);
    const now = performance.now();
    if (seekTo !== undefined && !camera.seeking && now - jumpedAt > jumpPauseMs) {
      camera.currentTime = seekTo;
      this.#camera.jumpedAt = now;
    }
    camera.playbackRate = rate;
    const runs = !main.paused && main.readyState >= 3;
    if (runs && camera.paused) camera.play().catch(() => undefined);
    if (!runs && !camera.paused) camera.pause();
  }
}
