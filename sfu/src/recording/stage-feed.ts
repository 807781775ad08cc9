/**
 * Keeps one recorder process supplied with what is on the stage: every voice, and the pictures of the scene. Streams
 * are opened and closed as the stage changes; one that cannot be opened is tried again while it is there.
 */
import type { Logger } from '@keshi/runtime/log';
import type { RecorderCommand } from './recorder-messages.ts';
import { chooseScene, type Scene } from './scene.ts';
import type { StageTap, TappedStream } from './stage-tap.ts';

export interface StageFeed {
  /** The recorder's socket for that stream. */
  bound(streamId: string, port: number): void;
  keyFrameWanted(streamId: string): void;
  /** Gives all streams back. Idempotent. */
  close(): void;
}

export interface StageFeedOptions {
  tap: StageTap;
  send: (command: RecorderCommand) => void;
  log: Logger;
}

interface Feed {
  bound: PromiseWithResolvers<number>;
  tapped: TappedStream | null;
  closed: boolean;
}

const loopback = '127.0.0.1';
const againMs = 1_000;

export function createStageFeed({ tap, send, log }: StageFeedOptions): StageFeed {
  const feeds = new Map<string, Feed>();
  let told: Scene | null = null;
  let again: NodeJS.Timeout | null = null;
  let closed = false;

  function drop(id: string): void {
    const feed = feeds.get(id);
    if (!feed) return;
    feeds.delete(id);
    feed.closed = true;
    feed.tapped?.close();
    send({ type: 'gone', id });
  }

  async function open(id: string, kind: 'audio' | 'video'): Promise<void> {
    const feed: Feed = { bound: Promise.withResolvers(), tapped: null, closed: false };
    feeds.set(id, feed);
    send({ type: 'open', id, kind });
    try {
      const port = await feed.bound.promise;
      if (feed.closed) return;
      const tapped = await tap.open(id, { ip: loopback, port });
      if (feed.closed) return tapped.close();
      feed.tapped = tapped;
      send({ type: 'ready', id, rtp: tapped.rtpParameters });
      await tapped.closed;
      if (feed.closed) return;
    } catch (error) {
      if (feed.closed) return;
      log.warn({ err: error, stream: id }, 'stream could not be recorded');
    }
    // Still on the stage, as after a worker's death, it is opened anew in a moment.
    if (feeds.get(id) === feed) drop(id);
    again ??= setTimeout(() => {
      again = null;
      follow();
    }, againMs);
  }

  function follow(): void {
    if (closed) return;
    const streams = tap.streams();
    const scene = chooseScene(streams);
    const wanted = streams.filter(
      ({ id, kind }) => kind === 'audio' || id === scene.main || id === scene.camera,
    );
    if (told?.main !== scene.main || told.camera !== scene.camera) send({ type: 'scene', ...scene });
    told = scene;
    const ids = new Set(wanted.map(({ id }) => id));
    for (const id of [...feeds.keys()]) if (!ids.has(id)) drop(id);
    for (const { id, kind } of wanted) if (!feeds.has(id)) void open(id, kind);
  }

  const silence = tap.onChange(follow);
  follow();

  return {
    bound: (id, port) => feeds.get(id)?.bound.resolve(port),
    keyFrameWanted(id) {
      feeds
        .get(id)
        ?.tapped?.requestKeyFrame()
        .catch((error: unknown) => {
          if (feeds.has(id)) log.debug({ err: error, stream: id }, 'key frame could not be asked for');
        });
    },
    close() {
      if (closed) return;
      closed = true;
      silence();
      if (again) clearTimeout(again);
      for (const id of [...feeds.keys()]) drop(id);
    },
  };
}
