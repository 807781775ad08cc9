/**
 * A class spread over the workers of this node: one origin router, where its stage publishes and streams of other
 * nodes arrive, a router on each worker that has viewers, and pipes between them. A stream crosses to a worker at most
 * once, and only while someone there consumes it.
 *
 * Who closes whom: a place is closed when its last peer leaves (never the origin); a pipe when its last user goes or
 * its producer closes; `close()` closes every router, and with it everything inside.
 */
import type { types } from 'mediasoup';
import { mediaCodecs } from '@keshi/contract/media-codecs';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { reservation, type Placement } from './placement.ts';
import type { StageStream } from './stream.ts';
import type { MediaWorker, WorkerPool } from './worker-pool.ts';

/** The class's router on one worker. */
export interface Place {
  readonly media: MediaWorker;
  readonly router: types.Router;
  /** By producer id. */
  readonly pipes: Map<string, Pipe>;
}

/** A viewer's part of a worker's budget. */
export interface Seat {
  readonly place: Place;
  /** Idempotent. */
  leave(): void;
}

interface Pipe {
  users: number;
  readonly opened: Promise<types.Consumer>;
}

export interface Distribution {
  /** The router of the stage, made when there is none (or when the worker of the former one died). */
  origin(): Promise<Place>;
  /** A seat for a viewer that will need `streams` consumers. Throws `full` when every worker is at its budget. */
  enter(streams: number, audioOnly: boolean): Promise<Seat>;
  /** Resolves when the stream can be consumed at the place. */
  take(place: Place, stream: StageStream): Promise<void>;
  /** Once for every `take` that resolved. */
  drop(place: Place, stream: StageStream): void;
  /** The worker died: whatever was there is gone. */
  forget(media: MediaWorker): void;
  /** Idempotent. */
  close(): void;
}

export interface DistributionOptions {
  pool: WorkerPool;
  placement: Placement;
  log: Logger;
}

/** When a full node may be asked again. */
const fullRetryMs = 10_000;

export function createDistribution({ pool, placement, log }: DistributionOptions): Distribution {
  const places = new Map<MediaWorker, Promise<Place>>();
  const residents = new Map<MediaWorker, { peers: number; reserved: number }>();
  let originMedia: MediaWorker | null = null;
  let closed = false;

  const loads = () =>
    pool.workers().map((media) => ({
      media,
      reserved: media.reserved,
      mbps: media.mbps,
      consumers: media.census.consumers + media.census.pipes,
      hasRouter: places.has(media),
    }));

  function placeOn(media: MediaWorker): Promise<Place> {
    const known = places.get(media);
    if (known) return known;
    const made = makePlace(media);
    places.set(media, made);
    made.catch(() => {
      if (places.get(media) === made) places.delete(media);
    });
    return made;
  }

  async function makePlace(media: MediaWorker): Promise<Place> {
    try {
      const router = await media.worker.createRouter({ mediaCodecs: [...mediaCodecs] });
      if (!closed) return { media, router, pipes: new Map() };
      router.close();
    } catch (cause) {
      throw new AppError('media-unavailable', { cause, retryMs: 1000 });
    }
    throw new AppError('media-unavailable', { message: 'class closed' });
  }

  function vacate(media: MediaWorker): void {
    const place = places.get(media);
    if (!place) return;
    places.delete(media);
    place.then(
      ({ router }) => router.close(),
      () => undefined,
    );
  }

  function departFrom(media: MediaWorker, reserved: number): void {
    const here = residents.get(media);
    // Closed or forgotten meanwhile, and already taken off the books.
    if (!here) return;
    media.peers -= 1;
    media.reserved -= reserved;
    if (here.peers > 1) {
      residents.set(media, { peers: here.peers - 1, reserved: here.reserved - reserved });
      return;
    }
    residents.delete(media);
    if (media !== originMedia) vacate(media);
  }

  async function openPipe(from: Place, to: Place, producerId: string): Promise<types.Consumer> {
    const { pipeConsumer, pipeProducer } = await from.router.pipeToRouter({
      producerId,
      router: to.router,
      enableSctp: false,
      listenInfo: { protocol: 'udp', ip: '127.0.0.1', sendBufferSize: 4 << 20, recvBufferSize: 4 << 20 },
    });
    if (!pipeConsumer || !pipeProducer) throw new Error('no pipe was made');
    // mediasoup's own listeners do not catch what a dying worker rejects, which would end the process.
    pipeConsumer.observer.removeAllListeners('pause').removeAllListeners('resume');
    const follow = (step: () => Promise<void>) => {
      step().catch((error: unknown) => log.debug({ err: error }, 'pipe could not follow its producer'));
    };
    pipeConsumer.observer.on('pause', () => follow(() => pipeProducer.pause()));
    pipeConsumer.observer.on('resume', () => follow(() => pipeProducer.resume()));
    return pipeConsumer;
  }

  function drop(place: Place, stream: StageStream): void {
    leavePipe(place, stream.id);
    stream.release();
  }

  function leavePipe(place: Place, producerId: string): void {
    const pipe = place.pipes.get(producerId);
    if (!pipe || --pipe.users > 0) return;
    place.pipes.delete(producerId);
    pipe.opened.then(
      (pipeConsumer) => pipeConsumer.close(),
      () => undefined,
    );
  }

  /** Resolves when the stream, which is at the origin, is at the place too. */
  async function pipeTo(place: Place, from: Place, producerId: string): Promise<void> {
    let pipe = place.pipes.get(producerId);
    if (!pipe) {
      const opened = openPipe(from, place, producerId);
      const made: Pipe = { users: 0, opened };
      pipe = made;
      place.pipes.set(producerId, made);
      const forgetPipe = () => {
        if (place.pipes.get(producerId) === made) place.pipes.delete(producerId);
      };
      opened.then((pipeConsumer) => {
        if (pipeConsumer.closed) forgetPipe();
        else pipeConsumer.observer.once('close', forgetPipe);
      }, forgetPipe);
    }
    pipe.users += 1;
    await pipe.opened;
  }

  async function origin(): Promise<Place> {
    if (closed) throw new AppError('media-unavailable', { message: 'class closed' });
    originMedia ??= placement.origin(loads())?.media ?? null;
    if (!originMedia) throw new AppError('media-unavailable', { message: 'no worker', retryMs: 1000 });
    return placeOn(originMedia);
  }

  return {
    origin,

    async enter(streams, audioOnly) {
      if (closed) throw new AppError('media-unavailable', { message: 'class closed' });
      const workers = loads();
      if (workers.length === 0)
        throw new AppError('media-unavailable', { message: 'no worker', retryMs: 1000 });
      const reserved = reservation(streams, audioOnly, placement.policy);
      const media = placement.peer(workers, reserved)?.media;
      if (!media) throw new AppError('full', { retryMs: fullRetryMs });
      // Counted before anything is awaited, so that a crowd arriving at once is spread.
      media.peers += 1;
      media.reserved += reserved;
      const here = residents.get(media) ?? { peers: 0, reserved: 0 };
      residents.set(media, { peers: here.peers + 1, reserved: here.reserved + reserved });
      let seated = true;
      const leave = () => {
        if (!seated) return;
        seated = false;
        departFrom(media, reserved);
      };
      try {
        return { place: await placeOn(media), leave };
      } catch (error) {
        leave();
        throw error;
      }
    },

    async take(place, stream) {
      const from = await origin();
      await stream.arrive(from);
      if (place === from) return;
      try {
        await pipeTo(place, from, stream.id);
      } catch (error) {
        stream.release();
        throw error;
      }
    },

    drop,

    forget(media) {
      places.delete(media);
      residents.delete(media);
      if (originMedia === media) originMedia = null;
    },

    close() {
      if (closed) return;
      closed = true;
      for (const media of places.keys()) vacate(media);
      for (const [media, { peers, reserved }] of residents) {
        media.peers -= peers;
        media.reserved -= reserved;
      }
      residents.clear();
    },
  };
}
