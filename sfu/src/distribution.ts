/**
 * A class spread over workers: one origin router where the stage publishes, a router on each worker that has viewers,
 * and pipes between them. A producer crosses to a worker at most once, and only while someone there consumes it.
 *
 * Who closes whom: a place is closed when its last peer leaves (never the origin); a pipe when its last user goes or
 * its producer closes; `close()` closes every router, and with it everything inside.
 */
import type { types } from 'mediasoup';
import { mediaCodecs } from '@keshi/contract/media-codecs';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { Placement } from './placement.ts';
import type { MediaWorker, WorkerPool } from './worker-pool.ts';

/** The class's router on one worker. */
export interface Place {
  readonly media: MediaWorker;
  readonly router: types.Router;
  /** By producer id. */
  readonly pipes: Map<string, Pipe>;
}

interface Pipe {
  users: number;
  readonly opened: Promise<types.Consumer>;
}

export interface Distribution {
  /** The router of the stage, made when there is none (or when the worker of the former one died). */
  origin(): Promise<Place>;
  /** A place for a peer that will need `streams` consumers. Throws `full` when every worker is at its budget. */
  enter(streams: number): Promise<Place>;
  /** Once for every `enter`. */
  leave(place: Place): void;
  /** Resolves when the producer can be consumed at the place. */
  take(place: Place, producer: types.Producer): Promise<void>;
  /** Once for every `take` that resolved. */
  drop(place: Place, producerId: string): void;
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
  const residents = new Map<MediaWorker, number>();
  let originMedia: MediaWorker | null = null;
  let closed = false;

  const loads = () =>
    pool.workers().map((media) => ({
      media,
      peers: media.peers,
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

  function departFrom(media: MediaWorker): void {
    const count = residents.get(media);
    // Closed or forgotten meanwhile, and already taken off the books.
    if (count === undefined) return;
    media.peers -= 1;
    if (count > 1) {
      residents.set(media, count - 1);
      return;
    }
    residents.delete(media);
    if (media !== originMedia) vacate(media);
  }

  async function openPipe(from: Place, to: Place, producer: types.Producer): Promise<types.Consumer> {
    const { pipeConsumer, pipeProducer } = await from.router.pipeToRouter({
      producerId: producer.id,
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

  function drop(place: Place, producerId: string): void {
    const pipe = place.pipes.get(producerId);
    if (!pipe || --pipe.users > 0) return;
    place.pipes.delete(producerId);
    pipe.opened.then(
      (pipeConsumer) => pipeConsumer.close(),
      () => undefined,
    );
  }

  async function origin(): Promise<Place> {
    if (closed) throw new AppError('media-unavailable', { message: 'class closed' });
    originMedia ??= placement.origin(loads())?.media ?? null;
    if (!originMedia) throw new AppError('media-unavailable', { message: 'no worker', retryMs: 1000 });
    return placeOn(originMedia);
  }

  return {
    origin,

    async enter(streams) {
      if (closed) throw new AppError('media-unavailable', { message: 'class closed' });
      const workers = loads();
      if (workers.length === 0)
        throw new AppError('media-unavailable', { message: 'no worker', retryMs: 1000 });
      const media = placement.peer(workers, streams)?.media;
      if (!media) throw new AppError('full', { retryMs: fullRetryMs });
      // Counted before anything is awaited, so that a crowd arriving at once is spread.
      media.peers += 1;
      residents.set(media, (residents.get(media) ?? 0) + 1);
      try {
        return await placeOn(media);
      } catch (error) {
        departFrom(media);
        throw error;
      }
    },

    leave: ({ media }) => departFrom(media),

    async take(place, producer) {
      const from = await origin();
      if (place === from) return;
      let pipe = place.pipes.get(producer.id);
      if (!pipe) {
        const opened = openPipe(from, place, producer);
        const made: Pipe = { users: 0, opened };
        pipe = made;
        place.pipes.set(producer.id, made);
        const forgetPipe = () => {
          if (place.pipes.get(producer.id) === made) place.pipes.delete(producer.id);
        };
        opened.then((pipeConsumer) => {
          if (pipeConsumer.closed) forgetPipe();
          else pipeConsumer.observer.once('close', forgetPipe);
        }, forgetPipe);
      }
      pipe.users += 1;
      await pipe.opened;
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
      for (const [media, count] of residents) media.peers -= count;
      residents.clear();
    },
  };
}
