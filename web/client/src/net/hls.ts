/** Playing an HLS playlist in a video element, until it is closed, whatever happens to the network meanwhile. */
import { type DatedFragment, instantAt, placeOf } from './hls-dates.ts';

export type HlsState =
  | { state: 'loading' }
  /** The playlist is there; whether the picture runs is the element's to say. */
  | { state: 'ready' }
  /** Not there yet, or lost: it is asked for again by itself. */
  | { state: 'retrying' }
  /** The address is not valid any more; another one must be asked for. Nothing more happens by itself. */
  | { state: 'refused' }
  | { state: 'unsupported' };

export interface HlsPlayback {
  /** How much is loaded ahead of the position, s. */
  setAhead(seconds: number): void;
  /** Server time of a place (s) in this playlist, ms; null while that is not known. */
  instantAt(seconds: number): number | null;
  /** The place of a moment in this playlist, s; null while that is not known. */
  placeOf(instant: number): number | null;
  /** Lets go of the element and its network. Idempotent. */
  close(): void;
}

interface Options {
  element: HTMLVideoElement;
  url: string;
  /** `live` follows the end some seconds behind it; `replay` is a whole recording. */
  mode: 'live' | 'replay';
  /** Where a replay begins, s. */
  startAt?: number;
  aheadSeconds: number;
  onState: (state: HlsState) => void;
}

/** Behind the end of a live playlist: segments of one or two seconds, stored and listed, and some for a bad moment. */
const liveBehindSeconds = 6;
const mediaRecoveries = 2;
const mediaRecoveryMs = 10_000;

/** How long to wait before attempt `attempt` (from 1), ms; `random` in [0, 1) spreads a full class over the time. */
export function retryDelay(attempt: number, random: number): number {
  const longest = Math.min(15_000, 1_000 * 2 ** (attempt - 1));
  return longest * (0.5 + random / 2);
}

/** Browsers with Media Source Extensions play through hls.js, loaded on first use; the others know HLS themselves. */
export function playHls(options: Options): HlsPlayback {
  const { element, url, mode, onState } = options;
  let ahead = options.aheadSeconds;
  let position = options.startAt ?? 0;
  let attempt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  let stop: () => void = () => undefined;
  let applyAhead: () => void = () => undefined;
  let fragments: () => readonly DatedFragment[] = () => [];

  const tell = (state: HlsState) => {
    if (!closed) onState(state);
  };

  function leave() {
    if (element.currentTime > 0) position = element.currentTime;
    stop();
    stop = () => undefined;
    fragments = () => [];
  }

  function retry() {
    leave();
    attempt += 1;
    tell({ state: 'retrying' });
    timer = setTimeout(() => void open(), retryDelay(attempt, Math.random()));
  }

  function refuse() {
    leave();
    tell({ state: 'refused' });
  }

  async function open(): Promise<void> {
    let light: typeof import('hls.js/light');
    try {
      light = await import('hls.js/light');
    } catch {
      if (!closed) retry();
      return;
    }
    if (closed) return;
    if (light.default.isSupported()) openWith(light);
    else if (element.canPlayType('application/vnd.apple.mpegurl') !== '') openNative();
    else tell({ state: 'unsupported' });
  }

  function openWith({ default: Hls, Events, ErrorTypes }: typeof import('hls.js/light')) {
    const hls = new Hls({
      // Our segments are fragmented MP4 already: there is nothing for a worker to do.
      enableWorker: false,
      lowLatencyMode: false,
      maxBufferLength: ahead,
      ...(mode === 'live'
        ? {
            liveSyncDuration: liveBehindSeconds,
            liveMaxLatencyDuration: 3 * liveBehindSeconds,
            maxLiveSyncPlaybackRate: 1.1,
            backBufferLength: 4,
          }
        : { startPosition: position, maxMaxBufferLength: 120, backBufferLength: 60 }),
    });
    let recoveries: number[] = [];
    applyAhead = () => (hls.config.maxBufferLength = ahead);
    stop = () => hls.destroy();
    fragments = () => hls.latestLevelDetails?.fragments ?? [];
    hls.on(Events.MANIFEST_PARSED, () => tell({ state: 'ready' }));
    hls.on(Events.FRAG_BUFFERED, () => (attempt = 0));
    hls.on(Events.ERROR, (_, { fatal, type, response }) => {
      const refused = response?.code === 401 || response?.code === 403;
      if (refused) return refuse();
      if (!fatal) return;
      const now = performance.now();
      recoveries = recoveries.filter((at) => now - at < mediaRecoveryMs);
      if (type !== ErrorTypes.MEDIA_ERROR || recoveries.length >= mediaRecoveries) return retry();
      recoveries.push(now);
      hls.recoverMediaError();
    });
    hls.loadSource(url);
    hls.attachMedia(element);
  }

  /** iPhones: the browser tells neither the status of an answer nor what it loads ahead. */
  function openNative() {
    const loaded = () => {
      attempt = 0;
      if (mode === 'replay' && position > 0) element.currentTime = position;
      tell({ state: 'ready' });
    };
    const failed = () => void afterNativeFailure();
    element.addEventListener('loadedmetadata', loaded);
    element.addEventListener('error', failed);
    element.src = url;
    applyAhead = () => undefined;
    stop = () => {
      element.removeEventListener('loadedmetadata', loaded);
      element.removeEventListener('error', failed);
      element.removeAttribute('src');
      element.load();
    };
  }

  async function afterNativeFailure(): Promise<void> {
    const status = await fetch(url, { method: 'HEAD', cache: 'no-store' }).then(
      (answer) => answer.status,
      () => 0,
    );
    if (closed) return;
    if (status === 401 || status === 403) refuse();
    else retry();
  }

  tell({ state: 'loading' });
  void open();

  return {
    setAhead(seconds) {
      ahead = seconds;
      applyAhead();
    },
    instantAt: (seconds) => instantAt(fragments(), seconds),
    placeOf: (instant) => placeOf(fragments(), instant),
    close() {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      stop();
    },
  };
}
