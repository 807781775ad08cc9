/**
 * A class on this node: its stage, its peers, and the order in which things happen to them. All requests of one peer
 * run one after another; different peers run side by side.
 *
 * Who closes whom: `close()` closes peers (their transports, consumers, producers), then the routers with pipes and
 * the audio level observer. A peer is closed by leaving, by joining anew without resume, by losing its transport, or
 * with its worker.
 */
import type { ConsumerOptions, TransportOptions } from '@keshi/contract/media';
import type { SfuEvent, SfuRequests } from '@keshi/contract/sfu';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { z } from 'zod';
import { createAudioLevels, type AudioLevels } from './audio-levels.ts';
import { createDistribution, type Place } from './distribution.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { toRtpCapabilities } from './negotiation.ts';
import type { OpenTransport, TransportDirection, TransportEnd } from './peer-transport.ts';
import { createPeer, type Peer } from './peer.ts';
import type { Placement } from './placement.ts';
import { createStage, type StageProducer } from './stage.ts';
import type { MediaWorker, WorkerPool } from './worker-pool.ts';

type Params<K extends keyof SfuRequests> = z.output<SfuRequests[K]['params']>;
type Result<K extends keyof SfuRequests> = z.output<SfuRequests[K]['result']>;
export type ResetReason = 'worker-died' | 'transport-failed' | 'node-restarted';

export interface ClassRoomOptions {
  classId: string;
  pool: WorkerPool;
  placement: Placement;
  openTransport: OpenTransport;
  emit: (event: SfuEvent) => void;
  log: Logger;
}

export interface ClassRoom {
  readonly classId: string;
  peerCount(): number;
  published(): Result<'class.stage'>['producers'];
  /** Makes the origin router if there is none. */
  open(): Promise<void>;
  join(params: Params<'peer.join'>): Promise<Result<'peer.join'>>;
  leave(peerId: string): Promise<void>;
  publish(peerId: string): Promise<TransportOptions>;
  unpublish(peerId: string): Promise<void>;
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
  const { classId, pool, placement, openTransport, log } = options;
  const peers = new Map<string, Peer>();
  const queue = createKeyedQueue();
  const distribution = createDistribution({ pool, placement, log });
  let levels: { origin: Place; audioLevels: Promise<AudioLevels> } | null = null;
  let closed = false;

  const emit = (event: SfuEvent) => {
    if (!closed) options.emit(event);
  };

  const stage = createStage({
    log,
    listener: {
      opened: ({ peerId, source, producer }) =>
        emit({
          name: 'producer.opened',
          payload: { classId, peerId, producerId: producer.id, source, paused: producer.paused },
        }),
      closed: ({ peerId, source, producer }) =>
        emit({ name: 'producer.closed', payload: { classId, peerId, producerId: producer.id, source } }),
      paused: ({ peerId, source, producer }) =>
        emit({ name: 'producer.paused', payload: { classId, peerId, source, paused: producer.paused } }),
    },
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
    if (peers.get(peer.peerId) === peer) peers.delete(peer.peerId);
  }

  function reset(peer: Peer, reason: ResetReason): void {
    drop(peer);
    emit({ name: 'peer.reset', payload: { classId, peerId: peer.peerId, reason } });
  }

  function onTransportEnd(peer: Peer, direction: TransportDirection, end: TransportEnd): void {
    log.debug({ peerId: peer.peerId, direction, end }, 'transport ended');
    // A page that closes its own sending end has gone off the stage; one that closes its receiving end has left.
    if (end === 'failed') reset(peer, 'transport-failed');
    else if (direction === 'send') peer.unpublish();
    else drop(peer);
  }

  /** Consumers for everything on stage the peer should have and has not. */
  async function catchUp(peer: Peer): Promise<ConsumerOptions[]> {
    const made = await Promise.all(stage.producers().map((entry) => peer.watch(entry)));
    return made.filter((consumer) => consumer !== null);
  }

  function announce(peer: Peer, consumer: ConsumerOptions): void {
    if (!peer.closed) emit({ name: 'consumer.new', payload: { classId, peerId: peer.peerId, consumer } });
  }

  /** Gives every viewer a new stage producer. A viewer that cannot be served is logged and holds up nobody. */
  async function fanOut(entry: StageProducer): Promise<void> {
    const waiting = [...peers.keys()].values();
    const serve = async () => {
      for (const peerId of waiting) {
        if (closed || entry.producer.closed) return;
        await queue
          .run(peerId, async () => {
            const peer = peers.get(peerId);
            const consumer = await peer?.watch(entry);
            if (peer && consumer) announce(peer, consumer);
          })
          .catch((error: unknown) => log.warn({ err: error, peerId }, 'viewer did not get a new stream'));
      }
    };
    await Promise.all(Array.from({ length: fanOutWidth }, serve));
  }

  async function enter(params: Params<'peer.join'>): Promise<Result<'peer.join'>> {
    const { peerId, audioOnly } = params;
    const rtpCapabilities = toRtpCapabilities(params.rtpCapabilities);
    const place = await distribution.enter(stage.producers().length);
    const peer: Peer = createPeer({
      classId,
      peerId,
      place,
      distribution,
      rtpCapabilities,
      audioOnly,
      openTransport,
      emit,
      onTransportEnd: (direction, end) => onTransportEnd(peer, direction, end),
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

    async open() {
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

    publish: (peerId) => room.withPeer(peerId, async (peer) => peer.publish(await distribution.origin())),

    unpublish: (peerId) => queue.run(peerId, () => peers.get(peerId)?.unpublish()),

    setAudioOnly: (peerId, audioOnly) =>
      room.withPeer(peerId, async (peer) => {
        await peer.setAudioOnly(audioOnly);
        for (const consumer of await catchUp(peer)) announce(peer, consumer);
      }),

    async produce({ peerId, transportId, kind, source, rtpParameters, paused }) {
      const entry = await room.withPeer(peerId, async (peer) => {
        const { transport, router } = peer.sendTransport(transportId);
        const origin = await distribution.origin();
        return stage.open({
          peerId,
          router,
          transport,
          kind,
          source,
          rtpParameters,
          paused,
          audioLevels: source === 'mic' ? await audioLevelsOf(origin) : null,
        });
      });
      fanOut(entry).catch((error: unknown) => log.error({ err: error }, 'fan-out failed'));
      return entry.producer.id;
    },

    pauseProducer: (peerId, producerId, paused) =>
      room.withPeer(peerId, () => stage.pause(peerId, producerId, paused)),

    closeProducer: (peerId, producerId) =>
      room.withPeer(peerId, () => stage.closeProducer(peerId, producerId)),

    published: () =>
      stage.producers().map(({ peerId, source, producer }) => ({ peerId, source, paused: producer.paused })),

    hold: ({ peerId, source, held }) => queue.run(peerId, () => stage.hold(peerId, source, held)),

    withPeer: (peerId, task) => queue.run(peerId, () => task(peerOf(peerId))),

    workerDied(media) {
      distribution.forget(media);
      for (const peer of [...peers.values()]) if (peer.uses(media)) reset(peer, 'worker-died');
    },

    evict(reason) {
      for (const peer of [...peers.values()]) reset(peer, reason);
      room.close();
    },

    close() {
      if (closed) return;
      closed = true;
      for (const peer of [...peers.values()]) drop(peer);
      distribution.close();
    },
  };
  return room;
}
