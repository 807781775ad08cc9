/**
 * A class on this node: the part of its stage that is published here, what other nodes publish in it, its viewers, and
 * the order in which things happen to them. All requests of one person run one after another; different people's run
 * side by side.
 *
 * Who closes whom: `close()` closes viewers and publishers (their transports, consumers, producers), then what came
 * from other nodes, then the routers with pipes and the audio level observer. A viewer is closed by leaving, by joining
 * anew without resume, by losing its transport, or with its worker; a page's publisher with its viewer.
 */
import { mediaSource } from '@keshi/contract/domain';
import type { ConsumerOptions, TransportOptions } from '@keshi/contract/media';
import type { SfuEvent, SfuRequests } from '@keshi/contract/sfu';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { types } from 'mediasoup';
import type { z } from 'zod';
import { createAudioLevels, type AudioLevels } from './audio-levels.ts';
import { createDistribution, type Place } from './distribution.ts';
import { createGatheredStage, type ClassMesh } from './gathered-stage.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { toRtpCapabilities } from './negotiation.ts';
import type { OpenTransport, TransportEnd } from './peer-transport.ts';
import { createPeer, type Peer } from './peer.ts';
import type { Placement } from './placement.ts';
import { createPublishers, openPublisher, type Publisher } from './publisher.ts';
import { createStage, type StageProducer } from './stage.ts';
import type { StageStream } from './stream.ts';
import type { MediaWorker, WorkerPool } from './worker-pool.ts';

type Params<K extends keyof SfuRequests> = z.output<SfuRequests[K]['params']>;
type Result<K extends keyof SfuRequests> = z.output<SfuRequests[K]['result']>;
export type ResetReason = 'worker-died' | 'transport-failed' | 'node-restarted';

export interface ClassRoomOptions {
  classId: string;
  pool: WorkerPool;
  placement: Placement;
  openTransport: OpenTransport;
  /** Null for a node that stands alone. */
  mesh: ClassMesh | null;
  emit: (event: SfuEvent) => void;
  log: Logger;
}

export interface ClassRoom {
  readonly classId: string;
  peerCount(): number;
  /** Whether anybody watches or publishes here. */
  inUse(): boolean;
  viewers(): Iterable<Peer>;
  published(): Result<'class.stage'>['producers'];
  /** What is published on this node. */
  stage(): StageProducer[];
  /** All of the class's stage, wherever it is published. */
  streams(): StageStream[];
  /** A stream as it is on this node; null while it is not here. */
  arrived(streamId: string): types.Producer | null;
  /** The router where all streams that are here can be consumed. */
  origin(): Promise<Place>;
  /** Called after every change of the stage. Returns how to stop. */
  onChange(listener: () => void): () => void;
  /** Makes the origin router if there is none, and watches the stages of those other nodes too. */
  open(nodes: readonly string[]): Promise<void>;
  join(params: Params<'peer.join'>): Promise<Result<'peer.join'>>;
  leave(peerId: string): Promise<void>;
  publish(params: Params<'peer.publish'>): Promise<TransportOptions>;
  unpublish(peerId: string, transportId?: string): Promise<void>;
  connect(params: Params<'transport.connect'>): Promise<void>;
  restartIce(params: Params<'transport.restartIce'>): Promise<TransportOptions['iceParameters']>;
  setAudioOnly(peerId: string, audioOnly: boolean): Promise<void>;
  produce(params: Params<'producer.create'>): Promise<string>;
  pauseProducer(peerId: string, producerId: string, paused: boolean): Promise<void>;
  closeProducer(peerId: string, producerId: string): Promise<void>;
  hold(params: Params<'producer.hold'>): Promise<void>;
  /** Runs on the peer's queue. Throws `media-not-found` when it is not in the class. */
  withPeer<T>(peerId: string, task: (peer: Peer) => Promise<T> | T): Promise<T>;
  /** Everything of the class in that worker is gone; its peers are told to join again. */
  workerDied(media: MediaWorker): void;
  /** Tells every peer to join again elsewhere, then closes. */
  evict(reason: ResetReason): void;
  /** Idempotent; nothing is emitted from here on. */
  close(): void;
}

/** Viewers who are given a new stream side by side; more would only wait in the workers' channels. */
const fanOutWidth = 64;

export function createClassRoom(options: ClassRoomOptions): ClassRoom {
  const { classId, pool, placement, openTransport, mesh, log } = options;
  const peers = new Map<string, Peer>();
  const publishers = createPublishers();
  const queue = createKeyedQueue();
  const distribution = createDistribution({ pool, placement, log });
  let levels: { origin: Place; audioLevels: Promise<AudioLevels> } | null = null;
  const listeners = new Set<() => void>();
  let closed = false;

  const emit = (event: SfuEvent) => {
    if (!closed) options.emit(event);
  };

  const stage = createStage({
    log,
    listener: {
      opened(stream) {
        const { id: producerId, peerId, source, paused } = stream;
        mesh?.giving.opened(classId, stream);
        emit({ name: 'producer.opened', payload: { classId, peerId, producerId, source, paused } });
      },
      closed(stream) {
        const { id: producerId, peerId, source } = stream;
        mesh?.giving.closed(classId, stream);
        emit({ name: 'producer.closed', payload: { classId, peerId, producerId, source } });
        changed();
      },
      paused(stream) {
        const { peerId, source, paused } = stream;
        mesh?.giving.paused(classId, stream);
        emit({ name: 'producer.paused', payload: { classId, peerId, source, paused } });
        changed();
      },
    },
  });

  const changed = () => {
    for (const listener of listeners) listener();
  };

  const gathered = createGatheredStage({
    classId,
    mesh,
    here: () => stage.producers(),
    offer: present,
    ended(stream) {
      for (const peer of peers.values()) peer.unwatch(stream);
    },
    changed,
    log,
  });

  /** The observer lives in the origin router and closes with it. */
  async function audioLevelsOf(origin: Place): Promise<AudioLevels> {
    if (levels?.origin !== origin) {
      const audioLevels = createAudioLevels({
        router: origin.router,
        onSpeaking: (peerIds) => emit({ name: 'stage.speaking', payload: { classId, peerIds } }),
      });
      levels = { origin, audioLevels };
      audioLevels.catch(() => {
        if (levels?.audioLevels === audioLevels) levels = null;
      });
    }
    return levels.audioLevels;
  }

  function peerOf(peerId: string): Peer {
    const peer = peers.get(peerId);
    if (!peer) throw new AppError('media-not-found');
    return peer;
  }

  function drop(peer: Peer): void {
    peer.close();
    if (peers.get(peer.peerId) !== peer) return;
    peers.delete(peer.peerId);
    publishers.close(peer.peerId, { via: 'page' });
  }

  function tellReset(peerId: string, reason: ResetReason): void {
    emit({ name: 'peer.reset', payload: { classId, peerId, reason } });
  }

  function reset(peer: Peer, reason: ResetReason): void {
    drop(peer);
    tellReset(peer.peerId, reason);
  }

  function onViewerEnd(peer: Peer, end: TransportEnd): void {
    log.debug({ peerId: peer.peerId, end }, 'receive transport ended');
    // A page that closes its receiving end has left.
    if (end === 'failed') reset(peer, 'transport-failed');
    else drop(peer);
  }

  function onPublisherEnd(publisher: Publisher, end: TransportEnd): void {
    const { peerId, via } = publisher;
    log.debug({ peerId, via, end }, 'send transport ended');
    publisher.close();
    publishers.forget(publisher);
    // A page that closes its sending end has gone off the stage, and knows. An encoder finds out by itself.
    if (end !== 'failed' || via !== 'page') return;
    const peer = peers.get(peerId);
    if (peer) reset(peer, 'transport-failed');
    else tellReset(peerId, 'transport-failed');
  }

  /** Consumers for everything on stage the peer should have and has not. */
  async function catchUp(peer: Peer): Promise<ConsumerOptions[]> {
    const made = await Promise.all(gathered.streams().map((stream) => peer.watch(stream)));
    return made.filter((consumer) => consumer !== null);
  }

  function announce(peer: Peer, consumer: ConsumerOptions): void {
    if (!peer.closed) emit({ name: 'consumer.new', payload: { classId, peerId: peer.peerId, consumer } });
  }

  /** Gives every viewer a new stream. A viewer that cannot be served is logged and holds up nobody. */
  async function fanOut(stream: StageStream): Promise<void> {
    const waiting = [...peers.keys()].values();
    const serve = async () => {
      for (const peerId of waiting) {
        if (closed || stream.closed) return;
        await queue
          .run(peerId, async () => {
            const peer = peers.get(peerId);
            const consumer = await peer?.watch(stream);
            if (peer && consumer) announce(peer, consumer);
          })
          .catch((error: unknown) => log.warn({ err: error, peerId }, 'viewer did not get a new stream'));
      }
    };
    await Promise.all(Array.from({ length: fanOutWidth }, serve));
  }

  /** Gives it to every viewer, and takes what it replaces from them. */
  function present(stream: StageStream): void {
    fanOut(stream)
      .then(() => {
        for (const former of gathered.replacedBy(stream))
          for (const peer of peers.values()) peer.unwatch(former);
      })
      .catch((error: unknown) => log.error({ err: error }, 'fan-out failed'));
  }

  async function enter(params: Params<'peer.join'>): Promise<Result<'peer.join'>> {
    const { peerId, audioOnly } = params;
    const rtpCapabilities = toRtpCapabilities(params.rtpCapabilities);
    const wanted = gathered.streams().filter(({ kind }) => kind === 'audio' || !audioOnly);
    const seat = await distribution.enter(wanted.length, audioOnly);
    const peer: Peer = createPeer({
      classId,
      peerId,
      seat,
      distribution,
      rtpCapabilities,
      audioOnly,
      openTransport,
      emit,
      onTransportEnd: (end) => onViewerEnd(peer, end),
      log,
    });
    if (closed) {
      peer.close();
      throw new AppError('media-not-found');
    }
    peers.set(peerId, peer);
    try {
      const recvTransport = await peer.open();
      const consumers = await catchUp(peer);
      if (peer.closed)
        throw new AppError('media-unavailable', { message: 'closed while joining', retryMs: 1000 });
      return { resumed: false, recvTransport, consumers };
    } catch (error) {
      drop(peer);
      throw error;
    }
  }

  const room: ClassRoom = {
    classId,
    peerCount: () => peers.size,
    inUse: () => peers.size > 0 || publishers.all().length > 0,
    viewers: () => peers.values(),

    stage: () => stage.producers(),
    streams: gathered.streams,
    arrived: (streamId) =>
      gathered
        .streams()
        .find(({ id }) => id === streamId)
        ?.here() ?? null,
    origin: () => distribution.origin(),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    async open(nodes) {
      for (const nodeId of nodes) gathered.watch(nodeId);
      await distribution.origin();
    },

    join: (params) =>
      queue.run(params.peerId, async () => {
        if (closed) throw new AppError('media-not-found');
        const former = peers.get(params.peerId);
        if (former && params.resume) {
          await former.setAudioOnly(params.audioOnly);
          await catchUp(former);
          if (!former.closed)
            return { resumed: true, recvTransport: former.recvOptions(), consumers: former.consumers() };
        }
        if (former) drop(former);
        return enter(params);
      }),

    leave: (peerId) =>
      queue.run(peerId, () => {
        const peer = peers.get(peerId);
        if (peer) drop(peer);
      }),

    publish: ({ peerId, via, held }) =>
      queue.run(peerId, async () => {
        if (closed) throw new AppError('media-not-found');
        // A page has joined before; an encoder needs no viewer.
        if (via === 'page') peerOf(peerId);
        const known = publishers.get(peerId, via);
        if (known && via === 'page') return known.end.options();
        publishers.close(peerId, { via });
        for (const source of mediaSource.options) await stage.hold(peerId, source, held.includes(source));
        const origin = await distribution.origin();
        const publisher = await openPublisher({
          classId,
          peerId,
          via,
          origin,
          openTransport,
          onEnd: onPublisherEnd,
        });
        // The class, or the viewer, may have gone while the transport was being made.
        if (closed || (via === 'page' && !peers.has(peerId))) {
          publisher.close();
          throw new AppError('media-not-found');
        }
        publishers.add(publisher);
        return publisher.end.options();
      }),

    unpublish: (peerId, transportId) => queue.run(peerId, () => publishers.close(peerId, { transportId })),

    connect: ({ peerId, transportId, dtlsParameters }) =>
      queue.run(peerId, async () => {
        const peer = peers.get(peerId);
        if (peer?.owns(transportId)) await peer.connect(transportId, dtlsParameters);
        else await publishers.own(peerId, transportId).end.connect(dtlsParameters);
      }),

    restartIce: ({ peerId, transportId }) =>
      queue.run(peerId, async () => {
        const peer = peers.get(peerId);
        if (peer?.owns(transportId)) return peer.restartIce(transportId);
        return publishers.own(peerId, transportId).end.restartIce();
      }),

    setAudioOnly: (peerId, audioOnly) =>
      room.withPeer(peerId, async (peer) => {
        await peer.setAudioOnly(audioOnly);
        for (const consumer of await catchUp(peer)) announce(peer, consumer);
      }),

    async produce({ peerId, transportId, kind, source, rtpParameters, paused }) {
      const entry = await queue.run(peerId, async () => {
        const { end, origin, via } = publishers.own(peerId, transportId);
        return stage.open({
          peerId,
          router: origin.router,
          transport: end.transport,
          kind,
          source,
          via,
          rtpParameters,
          paused,
          audioLevels: source === 'mic' ? await audioLevelsOf(origin) : null,
        });
      });
      changed();
      present(entry);
      return entry.id;
    },

    pauseProducer: (peerId, producerId, paused) =>
      queue.run(peerId, () => stage.pause(peerId, producerId, paused)),

    closeProducer: (peerId, producerId) => queue.run(peerId, () => stage.closeProducer(peerId, producerId)),

    published: () => stage.producers().map(({ peerId, source, paused }) => ({ peerId, source, paused })),

    hold: ({ peerId, source, held }) => queue.run(peerId, () => stage.hold(peerId, source, held)),

    withPeer: (peerId, task) => queue.run(peerId, () => task(peerOf(peerId))),

    workerDied(media) {
      distribution.forget(media);
      const lost = new Set<string>();
      for (const { peerId, place } of peers.values()) if (place.media === media) lost.add(peerId);
      for (const publisher of publishers.all()) {
        if (publisher.origin.media !== media) continue;
        publishers.forget(publisher);
        if (publisher.via === 'page') lost.add(publisher.peerId);
      }
      for (const peerId of lost) {
        const peer = peers.get(peerId);
        if (peer) reset(peer, 'worker-died');
        else tellReset(peerId, 'worker-died');
      }
    },

    evict(reason) {
      for (const peer of [...peers.values()]) reset(peer, reason);
      room.close();
    },

    close() {
      if (closed) return;
      closed = true;
      for (const peer of [...peers.values()]) drop(peer);
      for (const publisher of publishers.all()) publisher.close();
      gathered.close();
      mesh?.giving.closeClass(classId);
      distribution.close();
    },
  };
  return room;
}
