/**
 * What is published in a class on this node: the producers of the instructor and co-speakers, on the origin router. A source
 * is paused while its page wants it so, or while it is held; a hold survives the producer, its transport and the
 * peer's media session, because a page that reloads must not get its voice back by that.
 */
import type { types } from 'mediasoup';
import type { MediaSource } from '@keshi/contract/domain';
import type { RtpParametersJson } from '@keshi/contract/media';
import type { PublishingVia } from '@keshi/contract/sfu';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { AudioLevels } from './audio-levels.ts';
import { negotiate, toRtpParameters } from './negotiation.ts';
import type { StageStream } from './stream.ts';

export interface StageProducer extends StageStream {
  readonly producer: types.Producer;
  /** Where it is published: the router other nodes take it from. */
  readonly router: types.Router;
  /** What its page asked for last. */
  pageWantsPause: boolean;
}

export interface NewProducer {
  peerId: string;
  router: types.Router;
  transport: types.Transport;
  kind: 'audio' | 'video';
  source: MediaSource;
  via: PublishingVia;
  rtpParameters: RtpParametersJson;
  paused: boolean;
  audioLevels: AudioLevels | null;
}

export interface StageListener {
  opened(entry: StageProducer): void;
  closed(entry: StageProducer): void;
  paused(entry: StageProducer): void;
}

export interface Stage {
  producers(): StageProducer[];
  get(producerId: string): StageProducer | null;
  /** Closes the peer's former producer of that source. Throws `media-refused` for parameters that cannot work. */
  open(options: NewProducer): Promise<StageProducer>;
  /** Idempotent. The peer's own producers only: throws `media-not-found` otherwise. */
  pause(peerId: string, producerId: string, paused: boolean): Promise<void>;
  closeProducer(peerId: string, producerId: string): void;
  /** Also before the source exists, and after it has gone. Idempotent. */
  hold(peerId: string, source: MediaSource, held: boolean): Promise<void>;
}

/**
 * One key frame per layer in this time at most, however many viewers arrive or lose packets: a key frame costs
 * several times its neighbours. The first request is never delayed.
 */
const keyFrameRequestDelay = 500;

const kindOf: Record<MediaSource, 'audio' | 'video'> = {
  camera: 'video',
  screen: 'video',
  mic: 'audio',
  'screen-audio': 'audio',
};

function toStageProducer({
  producer,
  router,
  peerId,
  source,
  via,
  paused,
}: Pick<NewProducer, 'router' | 'peerId' | 'source' | 'via' | 'paused'> & {
  producer: types.Producer;
}): StageProducer {
  return {
    id: producer.id,
    kind: producer.kind,
    since: Date.now(),
    producer,
    router,
    peerId,
    source,
    via,
    pageWantsPause: paused,
    get paused() {
      return producer.paused;
    },
    get closed() {
      return producer.closed;
    },
    // It is published on the origin router, so it is there for as long as it lives.
    async arrive() {
      if (producer.closed) throw new AppError('media-not-found');
      return producer;
    },
    release() {},
    here: () => (producer.closed ? null : producer),
  };
}

export function createStage({ listener, log }: { listener: StageListener; log: Logger }): Stage {
  const entries = new Map<string, StageProducer>();
  const holds = new Map<string, Set<MediaSource>>();

  const isHeld = (peerId: string, source: MediaSource) => holds.get(peerId)?.has(source) ?? false;
  const mustPause = ({ peerId, source, pageWantsPause }: StageProducer) =>
    pageWantsPause || isHeld(peerId, source);

  function find(peerId: string, source: MediaSource): StageProducer | undefined {
    for (const entry of entries.values())
      if (entry.peerId === peerId && entry.source === source) return entry;
    return undefined;
  }

  function own(peerId: string, producerId: string): StageProducer {
    const entry = entries.get(producerId);
    if (entry?.peerId !== peerId) throw new AppError('media-not-found');
    return entry;
  }

  async function settle(entry: StageProducer): Promise<void> {
    const { producer } = entry;
    const paused = mustPause(entry);
    if (producer.closed || producer.paused === paused) return;
    try {
      await (paused ? producer.pause() : producer.resume());
    } catch (cause) {
      // A producer that closed meanwhile is paused enough.
      if (producer.closed) return;
      throw new AppError('media-unavailable', { cause });
    }
    listener.paused(entry);
  }

  return {
    producers: () => [...entries.values()],
    get: (producerId) => entries.get(producerId) ?? null,

    async open({ peerId, router, transport, kind, source, via, rtpParameters, paused, audioLevels }) {
      if (kindOf[source] !== kind) throw new AppError('invalid-input', { fields: ['kind'] });
      // Before the new one is made: both would claim the same mid and SSRCs.
      find(peerId, source)?.producer.close();
      const producer = await negotiate(router, () =>
        transport.produce({
          kind,
          rtpParameters: toRtpParameters(rtpParameters),
          paused: paused || isHeld(peerId, source),
          ...(kind === 'video' ? { keyFrameRequestDelay } : {}),
          appData: { peerId, source },
        }),
      );
      if (transport.closed) {
        producer.close();
        throw new AppError('media-not-found', { message: 'transport closed while publishing' });
      }
      const entry = toStageProducer({ producer, router, peerId, source, via, paused });
      entries.set(producer.id, entry);
      producer.observer.once('close', () => {
        entries.delete(producer.id);
        audioLevels?.remove(producer.id);
        listener.closed(entry);
      });
      listener.opened(entry);
      if (source === 'mic')
        audioLevels?.add(producer.id, peerId).catch((error: unknown) => {
          if (!producer.closed) log.warn({ err: error }, 'audio level cannot be observed');
        });
      // It may have been held while it was being made.
      await settle(entry);
      return entry;
    },

    async pause(peerId, producerId, paused) {
      const entry = own(peerId, producerId);
      entry.pageWantsPause = paused;
      await settle(entry);
    },

    closeProducer(peerId, producerId) {
      own(peerId, producerId).producer.close();
    },

    async hold(peerId, source, held) {
      const sources = holds.get(peerId) ?? new Set();
      if (held) holds.set(peerId, sources.add(source));
      else if (sources.delete(source) && sources.size === 0) holds.delete(peerId);
      const entry = find(peerId, source);
      if (entry) await settle(entry);
    },
  };
}
