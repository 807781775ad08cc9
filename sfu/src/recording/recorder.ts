/**
 * The recorder of one class, inside its process: streams come in as RTP, sound is mixed and pictures are laid onto
 * takes in steps of the monotonic clock, whole segments go to the media store.
 */
import { initName, segmentName } from '@keshi/contract/recordings';
import type { RtpParametersJson } from '@keshi/contract/media';
import type { Logger } from '@keshi/runtime/log';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { createAudioSource, type AudioSource } from './audio-source.ts';
import { createDirector } from './director.ts';
import { createMixer, stepMs } from './mixer.ts';
import type { RecorderTrouble } from './recorder-messages.ts';
import { openRtpSocket, type RtpSocket } from './rtp-sockets.ts';
import { createShelf, type ShelfTrouble } from './shelf.ts';
import type { Slate } from './slate.ts';
import { createVideoSource, type VideoSource } from './video-source.ts';

export interface Recorder {
  /** Resolves with the port that takes the stream's packets; null when it has been closed meanwhile. */
  open(id: string, kind: 'audio' | 'video'): Promise<number | null>;
  /** What comes there. A codec that is not recorded is logged and left out. */
  ready(id: string, rtp: RtpParametersJson): Promise<void>;
  gone(id: string): void;
  scene(main: string | null, camera: string | null): void;
  /** Nothing from before this call is recorded. */
  roll(): void;
  /** Everything up to that server time is recorded. Resolves when the last segments are on their way to the store. */
  cut(atMs: number): Promise<void>;
  /** Waits for the store, within the time; resolves with how many objects it did not take. */
  settle(timeoutMs: number): Promise<number>;
  /** Ends what is under way at once. Idempotent. The store stays its maker's. */
  close(): void;
}

export interface RecorderOptions {
  classId: string;
  store: MediaStore;
  slate: Slate;
  log: Logger;
  onBegan: (atMs: number) => void;
  onKeyFrameWanted: (id: string) => void;
  /** Null: nothing is wrong any more. */
  onTrouble: (reason: RecorderTrouble | null) => void;
}

interface Stream {
  readonly kind: 'audio' | 'video';
  socket: RtpSocket | null;
  audio: AudioSource | null;
  video: VideoSource | null;
}

/** What is recorded lies so far behind what happens: the network's jitter and repeated packets fit into it. */
const delayMs = 120;
const tickMs = 10;
const lateMs = 100;

export function createRecorder(options: RecorderOptions): Recorder {
  const { classId, store, slate, log, onTrouble } = options;
  const streams = new Map<string, Stream>();
  const mixer = createMixer();
  // A step of the system's clock must not tear the recording: only the beginning is read from it.
  const epoch = Date.now() - performance.now();
  const now = () => epoch + performance.now();
  let positionMs = Math.floor((now() - delayMs) / stepMs) * stepMs;
  let scene: { main: string | null; camera: string | null } = { main: null, camera: null };
  let storage: ShelfTrouble | null = null;
  let encoderFails = false;

  const tell = () => onTrouble(storage ?? (encoderFails ? 'encoder-failing' : null));
  const shelf = createShelf({
    store,
    log,
    onTrouble(reason) {
      storage = reason;
      tell();
    },
  });
  const director = createDirector({
    slate,
    log,
    began: options.onBegan,
    init: (view, take, bytes) => shelf.add({ name: initName({ classId, view, take }), bytes, isInit: true }),
    segment: (view, take, { startMs, durationMs, bytes }) =>
      shelf.add({ name: segmentName({ classId, view, take, startMs, durationMs }), bytes, isInit: false }),
    encoderFailing(failing) {
      encoderFails = failing;
      tell();
    },
  });

  function show(): void {
    const videoOf = (id: string | null) => (id === null ? null : (streams.get(id)?.video ?? null));
    const main = videoOf(scene.main);
    // What is named but not there yet is waited for like a picture that has not come.
    director.show(main ?? (scene.main === null ? null : notYet), videoOf(scene.camera));
  }

  function* audioSources(): Generator<AudioSource> {
    for (const { audio } of streams.values()) if (audio) yield audio;
  }

  let tickedMs = now();

  function tick(): void {
    const nowMs = now();
    // After a stall of this process the packets that came meanwhile are read first: they are not lost.
    const isLate = nowMs - tickedMs > lateMs;
    tickedMs = nowMs;
    for (const { audio, video } of isLate ? [] : streams.values()) {
      audio?.tick(nowMs);
      video?.tick(nowMs);
    }
    slate.tick(nowMs);
    for (; positionMs + stepMs + delayMs <= nowMs; positionMs += stepMs) {
      const pcm = mixer.mix(audioSources(), positionMs);
      director.step({ atMs: positionMs, toMs: positionMs + stepMs, pcm });
    }
  }
  const timer = setInterval(tick, tickMs);

  function gone(id: string): void {
    const stream = streams.get(id);
    if (!stream) return;
    streams.delete(id);
    stream.socket?.close();
    stream.audio?.close();
    show();
  }

  return {
    async open(id, kind) {
      gone(id);
      const stream: Stream = { kind, socket: null, audio: null, video: null };
      streams.set(id, stream);
      const socket = await openRtpSocket((message) => (stream.audio ?? stream.video)?.push(message, now()));
      if (streams.get(id) !== stream) {
        socket.close();
        return null;
      }
      stream.socket = socket;
      return socket.port;
    },
    async ready(id, rtp) {
      const stream = streams.get(id);
      if (!stream) return;
      if (stream.kind === 'video') {
        stream.video = createVideoSource({ rtp, askForKeyFrame: () => options.onKeyFrameWanted(id) });
        show();
      } else {
        const audio = await createAudioSource(rtp);
        if (streams.get(id) === stream) stream.audio = audio;
        else audio?.close();
      }
      if (!stream.audio && !stream.video)
        log.warn({ stream: id, codec: rtp.codecs[0]?.mimeType }, 'codec is not recorded');
    },
    gone,
    scene(main, camera) {
      scene = { main, camera };
      show();
    },
    roll() {
      for (const { video } of streams.values()) video?.forget();
      director.begin(Math.ceil(now()));
    },
    cut: (atMs) => director.end(Math.min(atMs, now())),
    settle: (timeoutMs) => shelf.settle(timeoutMs),
    close() {
      clearInterval(timer);
      for (const id of [...streams.keys()]) gone(id);
      director.close();
      shelf.close();
    },
  };
}

const notYet = { current: null, onPicture: () => () => undefined };
