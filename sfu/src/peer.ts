/**
 * One viewer's media in a class: a receive transport with a consumer per stream of the stage.
 *
 * Who closes whom: `close()` closes the transport, and mediasoup closes its consumers with it; each consumer gives up
 * its use of a pipe as it closes; the place is left last. A consumer also closes when its producer does. After
 * `close()` nothing is emitted for this peer any more.
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
import type { Distribution, Place, Seat } from './distribution.ts';
import { negotiate } from './negotiation.ts';
import type { OpenTransport, PeerTransport, TransportEnd } from './peer-transport.ts';
import type { StageStream } from './stream.ts';

export interface PeerOptions {
  classId: string;
  peerId: string;
  seat: Seat;
  distribution: Distribution;
  rtpCapabilities: types.RtpCapabilities;
  audioOnly: boolean;
  openTransport: OpenTransport;
  emit: (event: SfuEvent) => void;
  /** The transport was lost, or its page closed it. */
  onTransportEnd: (end: TransportEnd) => void;
  log: Logger;
}

export interface Peer {
  readonly peerId: string;
  readonly place: Place;
  readonly closed: boolean;
  /** Makes the receive transport; once, before anything else. */
  open(): Promise<TransportOptions>;
  recvOptions(): TransportOptions;
  /** Whether the page was given that transport by this peer. */
  owns(transportId: string): boolean;
  connect(transportId: string, dtlsParameters: DtlsParametersJson): Promise<void>;
  restartIce(transportId: string): Promise<TransportOptions['iceParameters']>;
  /**
   * Consumes a stream of the stage. Null when the peer has it already, publishes it itself, wants only sound, cannot
   * decode it, or when it has just gone.
   */
  watch(stream: StageStream): Promise<ConsumerOptions | null>;
  /** The stream has ended on another node: its consumer closes, and the page is told. */
  unwatch(stream: StageStream): void;
  consumers(): ConsumerOptions[];
  /** What is sent now: each stream, and of a picture in layers the layer. */
  flows(): { streamId: string; layer: number | null }[];
  pauseConsumer(consumerId: string): Promise<void>;
  resumeConsumer(consumerId: string): Promise<void>;
  setLayers(consumerId: string, layers: { spatial: number; temporal?: number | undefined }): Promise<void>;
  /** Pauses or resumes what video there is; what is missing is for `watch`. */
  setAudioOnly(audioOnly: boolean): Promise<void>;
  close(): void;
}

interface Watched {
  readonly consumer: types.Consumer;
  readonly stream: StageStream;
  pausedByPage: boolean;
}

/** When bandwidth is short the slides stay readable before the face stays smooth. */
const screenPriority = 2;

export function createPeer(options: PeerOptions): Peer {
  const { classId, peerId, seat, distribution, rtpCapabilities, openTransport, emit, log } = options;
  const { place } = seat;
  const watched = new Map<string, Watched>();
  let recv: PeerTransport | null = null;
  let audioOnly = options.audioOnly;
  let closed = false;

  const notFound = () => new AppError('media-not-found');

  async function makeTransport(): Promise<PeerTransport> {
    try {
      const made = await openTransport({
        direction: 'recv',
        classId,
        peerId,
        place,
        onEnd: (end) => {
          if (!closed) options.onTransportEnd(end);
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
    if (recv?.transport.id !== transportId) throw notFound();
    return recv;
  }

  function ownConsumer(consumerId: string): Watched {
    for (const entry of watched.values()) if (entry.consumer.id === consumerId) return entry;
    throw notFound();
  }

  function toOptions({ consumer, stream }: Watched): ConsumerOptions {
    return {
      id: consumer.id,
      producerId: consumer.producerId,
      userId: stream.peerId,
      source: stream.source,
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
    const { consumer, stream } = entry;
    consumer.observer.once('close', () => {
      if (watched.get(stream.id) === entry) watched.delete(stream.id);
      distribution.drop(place, stream);
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
    if (stream.source === 'screen')
      consumer.setPriority(screenPriority).catch((error: unknown) => {
        if (!consumer.closed) log.debug({ err: error }, 'priority not set');
      });
  }

  async function consume(stream: StageStream): Promise<Watched | null> {
    const { transport } = receiver();
    if (!place.router.canConsume({ producerId: stream.id, rtpCapabilities })) {
      if (!stream.closed) log.debug({ producerId: stream.id }, 'viewer cannot decode it');
      return null;
    }
    const consumer = await transport.consume({
      producerId: stream.id,
      rtpCapabilities,
      // The highest layer is preferred; what is sent is what fits the estimated bandwidth, until the page asks.
      appData: { peerId: stream.peerId, source: stream.source },
    });
    if (closed || transport.closed || stream.closed) {
      consumer.close();
      return null;
    }
    return { consumer, stream, pausedByPage: false };
  }

  return {
    peerId,
    place,
    get closed() {
      return closed;
    },

    async open() {
      recv = await makeTransport();
      return recv.options();
    },
    recvOptions: () => receiver().options(),

    owns: (transportId) => recv?.transport.id === transportId,

    async connect(transportId, dtlsParameters) {
      await own(transportId).connect(dtlsParameters);
    },
    async restartIce(transportId) {
      return own(transportId).restartIce();
    },

    async watch(stream) {
      const own = stream.peerId === peerId && stream.via === 'page';
      if (closed || stream.closed || own || watched.has(stream.id)) return null;
      if (audioOnly && stream.kind === 'video') return null;
      const fail = (cause: unknown) => {
        // The stage moves while viewers arrive: a stream or peer that went meanwhile is no failure.
        if (closed || stream.closed) return null;
        throw new AppError('media-unavailable', { cause, retryMs: 1000 });
      };
      try {
        await distribution.take(place, stream);
      } catch (cause) {
        return fail(cause);
      }
      try {
        const made = await consume(stream);
        if (!made) {
          distribution.drop(place, stream);
          return null;
        }
        watched.set(stream.id, made);
        follow(made);
        return toOptions(made);
      } catch (cause) {
        distribution.drop(place, stream);
        return fail(cause);
      }
    },

    unwatch(stream) {
      const entry = watched.get(stream.id);
      if (!entry || entry.consumer.closed) return;
      const { id: consumerId } = entry.consumer;
      entry.consumer.close();
      if (!closed) emit({ name: 'consumer.closed', payload: { classId, peerId, consumerId } });
    },

    consumers: () => [...watched.values()].map(toOptions),

    flows() {
      const flows = [];
      for (const { consumer, stream } of watched.values()) {
        if (consumer.closed || consumer.paused || consumer.producerPaused) continue;
        const layered = consumer.type === 'simulcast';
        const layer = consumer.currentLayers?.spatialLayer ?? null;
        if (!layered || layer !== null) flows.push({ streamId: stream.id, layer: layered ? layer : null });
      }
      return flows;
    },

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
      recv?.close();
      recv = null;
      seat.leave();
    },
  };
}
