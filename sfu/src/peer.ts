/**
 * One person's media in a class: a receive transport with a consumer per stage producer, and a send transport while
 * on stage.
 *
 * Who closes whom: `close()` closes both transports, and mediasoup closes their consumers and producers with them;
 * each consumer gives up its use of a pipe as it closes; the place is left last. A consumer also closes when its
 * producer does. After `close()` nothing is emitted for this peer any more.
 *
 * First pictures: consumers are made running. Nothing flows before the transport is connected, and in the moment DTLS
 * completes the worker asks for a key frame for each running video consumer by itself, so the first frame costs no
 * extra round trip. A consumer made on a connected transport gets its key frame at once, perhaps before the page is
 * ready for it; a page that then sends `consumer.resume` gets another. The producer limits how often.
 */
import type { types } from 'mediasoup';
import type { ConsumerOptions, DtlsParametersJson, TransportOptions } from '@keshi/contract/media';
import type { SfuEvent } from '@keshi/contract/sfu';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { Distribution, Place } from './distribution.ts';
import { negotiate } from './negotiation.ts';
import type { OpenTransport, PeerTransport, TransportDirection, TransportEnd } from './peer-transport.ts';
import type { StageProducer } from './stage.ts';

export interface PeerOptions {
  classId: string;
  peerId: string;
  place: Place;
  distribution: Distribution;
  rtpCapabilities: types.RtpCapabilities;
  audioOnly: boolean;
  openTransport: OpenTransport;
  emit: (event: SfuEvent) => void;
  /** A transport was lost, or its page closed it. */
  onTransportEnd: (direction: TransportDirection, end: TransportEnd) => void;
  log: Logger;
}

export interface Peer {
  readonly peerId: string;
  readonly place: Place;
  readonly closed: boolean;
  /** Whether anything of it lives in that worker. */
  uses(place: Place['media']): boolean;
  /** Makes the receive transport; once, before anything else. */
  open(): Promise<TransportOptions>;
  recvOptions(): TransportOptions;
  /** Makes the send transport on the stage's router, or returns the one there is. */
  publish(origin: Place): Promise<TransportOptions>;
  /** Idempotent; closes the producers with it. */
  unpublish(): void;
  /** The send transport, by the id the page was given. Throws `media-not-found`. */
  sendTransport(transportId: string): { transport: types.Transport; router: types.Router };
  connect(transportId: string, dtlsParameters: DtlsParametersJson): Promise<void>;
  restartIce(transportId: string): Promise<TransportOptions['iceParameters']>;
  /**
   * Consumes a stage producer. Null when the peer has it already, publishes it itself, wants only sound, cannot
   * decode it, or when it has just gone.
   */
  watch(entry: StageProducer): Promise<ConsumerOptions | null>;
  consumers(): ConsumerOptions[];
  pauseConsumer(consumerId: string): Promise<void>;
  resumeConsumer(consumerId: string): Promise<void>;
  setLayers(consumerId: string, layers: { spatial: number; temporal?: number | undefined }): Promise<void>;
  /** Pauses or resumes what video there is; what is missing is for `watch`. */
  setAudioOnly(audioOnly: boolean): Promise<void>;
  close(): void;
}

interface Watched {
  readonly consumer: types.Consumer;
  readonly entry: StageProducer;
  pausedByPage: boolean;
}

/** When bandwidth is short the slides stay readable before the face stays smooth. */
const screenPriority = 2;

export function createPeer(options: PeerOptions): Peer {
  const { classId, peerId, place, distribution, rtpCapabilities, openTransport, emit, log } = options;
  const watched = new Map<string, Watched>();
  let recv: PeerTransport | null = null;
  let send: { end: PeerTransport; origin: Place } | null = null;
  let audioOnly = options.audioOnly;
  let closed = false;

  const notFound = () => new AppError('media-not-found');

  async function makeTransport(direction: TransportDirection, at: Place): Promise<PeerTransport> {
    try {
      const made = await openTransport({
        direction,
        classId,
        peerId,
        place: at,
        onEnd: (end) => {
          if (!closed) options.onTransportEnd(direction, end);
        },
      });
      if (!closed) return made;
      made.close();
    } catch (cause) {
      throw new AppError('media-unavailable', { cause, retryMs: 1000 });
    }
    throw new AppError('media-unavailable', { message: 'peer closed while joining' });
  }

  function receiver(): PeerTransport {
    if (!recv) throw new AppError('media-unavailable', { message: 'no receive transport' });
    return recv;
  }

  function own(transportId: string): PeerTransport {
    if (recv?.transport.id === transportId) return recv;
    if (send?.end.transport.id === transportId) return send.end;
    throw notFound();
  }

  function ownConsumer(consumerId: string): Watched {
    for (const entry of watched.values()) if (entry.consumer.id === consumerId) return entry;
    throw notFound();
  }

  function toOptions({ consumer, entry }: Watched): ConsumerOptions {
    return {
      id: consumer.id,
      producerId: consumer.producerId,
      userId: entry.peerId,
      source: entry.source,
      kind: consumer.kind,
      rtpParameters: consumer.rtpParameters,
      producerPaused: consumer.producerPaused,
      type: consumer.type,
    };
  }

  /** Applies what page and audio-only mode want together. */
  async function settle(entry: Watched): Promise<void> {
    const { consumer } = entry;
    const paused = entry.pausedByPage || (audioOnly && consumer.kind === 'video');
    if (consumer.closed || consumer.paused === paused) return;
    try {
      await (paused ? consumer.pause() : consumer.resume());
    } catch (cause) {
      if (!consumer.closed) throw new AppError('media-unavailable', { cause });
    }
  }

  function follow(entry: Watched): void {
    const { consumer } = entry;
    const { producerId } = consumer;
    consumer.observer.once('close', () => {
      watched.delete(producerId);
      distribution.drop(place, producerId);
    });
    consumer.on('producerclose', () => {
      if (!closed) emit({ name: 'consumer.closed', payload: { classId, peerId, consumerId: consumer.id } });
    });
    const tellPaused = (paused: boolean) =>
      emit({
        name: 'consumer.producerPaused',
        payload: { classId, peerId, consumerId: consumer.id, paused },
      });
    consumer.on('producerpause', () => tellPaused(true));
    consumer.on('producerresume', () => tellPaused(false));
    consumer.on('layerschange', (layers) => {
      const now = layers && { spatial: layers.spatialLayer, temporal: layers.temporalLayer };
      emit({
        name: 'consumer.layers',
        payload: { classId, peerId, consumerId: consumer.id, layers: now ?? null },
      });
    });
    if (entry.entry.source === 'screen')
      consumer.setPriority(screenPriority).catch((error: unknown) => {
        if (!consumer.closed) log.debug({ err: error }, 'priority not set');
      });
  }

  async function consume(entry: StageProducer): Promise<Watched | null> {
    const { transport } = receiver();
    const { id: producerId } = entry.producer;
    if (!place.router.canConsume({ producerId, rtpCapabilities })) {
      if (!entry.producer.closed) log.debug({ producerId }, 'viewer cannot decode it');
      return null;
    }
    const consumer = await transport.consume({
      producerId,
      rtpCapabilities,
      // The highest layer is preferred; what is sent is what fits the estimated bandwidth, until the page asks.
      appData: { peerId: entry.peerId, source: entry.source },
    });
    if (closed || transport.closed || entry.producer.closed) {
      consumer.close();
      return null;
    }
    return { consumer, entry, pausedByPage: false };
  }

  return {
    peerId,
    place,
    get closed() {
      return closed;
    },
    uses: (media) => place.media === media || send?.origin.media === media,

    async open() {
      recv = await makeTransport('recv', place);
      return recv.options();
    },
    recvOptions: () => receiver().options(),

    async publish(origin) {
      send ??= { end: await makeTransport('send', origin), origin };
      return send.end.options();
    },
    unpublish() {
      send?.end.close();
      send = null;
    },
    sendTransport(transportId) {
      if (!send || send.end.transport.id !== transportId) throw notFound();
      return { transport: send.end.transport, router: send.origin.router };
    },

    async connect(transportId, dtlsParameters) {
      await own(transportId).connect(dtlsParameters);
    },
    async restartIce(transportId) {
      return own(transportId).restartIce();
    },

    async watch(entry) {
      const { producer } = entry;
      if (closed || producer.closed || entry.peerId === peerId || watched.has(producer.id)) return null;
      if (audioOnly && producer.kind === 'video') return null;
      const fail = (cause: unknown) => {
        // The stage moves while viewers arrive: a producer or peer that went meanwhile is no failure.
        if (closed || producer.closed) return null;
        throw new AppError('media-unavailable', { cause, retryMs: 1000 });
      };
      try {
        await distribution.take(place, producer);
      } catch (cause) {
        return fail(cause);
      }
      try {
        const made = await consume(entry);
        if (!made) {
          distribution.drop(place, producer.id);
          return null;
        }
        watched.set(producer.id, made);
        follow(made);
        return toOptions(made);
      } catch (cause) {
        distribution.drop(place, producer.id);
        return fail(cause);
      }
    },

    consumers: () => [...watched.values()].map(toOptions),

    async pauseConsumer(consumerId) {
      const entry = ownConsumer(consumerId);
      entry.pausedByPage = true;
      await settle(entry);
    },
    async resumeConsumer(consumerId) {
      const entry = ownConsumer(consumerId);
      const wasFlowing = !entry.consumer.paused;
      entry.pausedByPage = false;
      await settle(entry);
      // Resuming asks for a key frame by itself. A page that says "ready" for one that flows wants a picture now.
      if (wasFlowing && entry.consumer.kind === 'video' && !entry.consumer.closed)
        await negotiate(place.router, () => entry.consumer.requestKeyFrame());
    },
    async setLayers(consumerId, { spatial, temporal }) {
      const { consumer } = ownConsumer(consumerId);
      if (consumer.type !== 'simulcast' && consumer.type !== 'svc') return;
      await negotiate(place.router, () =>
        consumer.setPreferredLayers({
          spatialLayer: spatial,
          ...(temporal === undefined ? {} : { temporalLayer: temporal }),
        }),
      );
    },

    async setAudioOnly(only) {
      audioOnly = only;
      await Promise.all([...watched.values()].map(settle));
    },

    close() {
      if (closed) return;
      closed = true;
      send?.end.close();
      send = null;
      recv?.close();
      recv = null;
      distribution.leave(place);
    },
  };
}
