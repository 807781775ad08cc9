/**
 * One SFU node: answers every request of the contract and tells every event. It knows classes and peers by id only;
 * whoever asks has decided already what they may do.
 */
import { sfuRequests, type SfuEvent, type SfuRequests } from '@keshi/contract/sfu';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { addCensus, emptyCensus, type Census } from './census.ts';
import { createClassRoom, type ClassRoom } from './class-room.ts';
import { openWebRtcTransport, type OpenTransport } from './peer-transport.ts';
import { placeByLoad, type Placement } from './placement.ts';
import type { WorkerPool } from './worker-pool.ts';

type Params<K extends keyof SfuRequests> = ReturnType<SfuRequests[K]['params']['parse']>;
export type SfuResult<K extends keyof SfuRequests> = ReturnType<SfuRequests[K]['result']['parse']>;
export type SfuRequestName = keyof SfuRequests;
type Handlers = { [K in SfuRequestName]: (params: Params<K>) => Promise<SfuResult<K>> | SfuResult<K> };

export interface SfuNodeOptions {
  pool: WorkerPool;
  log: Logger;
  placement?: Placement;
  /** WebRTC by default. A bench or a test may bring plain RTP; everything else stays the same path. */
  openTransport?: OpenTransport;
}

export interface SfuNode {
  /**
   * Parses `params` and answers. Throws AppError: `invalid-input` for a wrong shape, `media-not-found` for a class,
   * peer, transport, producer or consumer that is not there or not the peer's own, `media-refused` for parameters
   * that cannot work, `media-unavailable` when ours failed, `full`, `draining`.
   */
  request<K extends SfuRequestName>(name: K, params: unknown): Promise<SfuResult<K>>;
  /** Returns how to stop listening. */
  onEvent(listener: (event: SfuEvent) => void): () => void;
  stats(): SfuResult<'node.stats'>;
  census(): Census;
  /** From here on no class is opened and no peer taken; who is here stays. */
  drain(): void;
  /** Tells every peer to join again elsewhere and closes every class; idempotent. The pool stays its maker's. */
  close(): void;
}

const drainRetryMs = 2_000;

export function createSfuNode({
  pool,
  log,
  placement = placeByLoad(),
  openTransport = openWebRtcTransport,
}: SfuNodeOptions): SfuNode {
  const rooms = new Map<string, ClassRoom>();
  const listeners = new Set<(event: SfuEvent) => void>();
  let draining = false;
  let closed = false;

  const emit = (event: SfuEvent) => {
    for (const listener of listeners) listener(event);
  };

  pool.onDied((media) => {
    for (const room of rooms.values()) room.workerDied(media);
  });

  function roomOf(classId: string): ClassRoom {
    const room = rooms.get(classId);
    if (!room) throw new AppError('media-not-found');
    return room;
  }

  function refuseWhileDraining(): void {
    if (draining) throw new AppError('draining', { retryMs: drainRetryMs });
  }

  async function openClass(classId: string): Promise<void> {
    let room = rooms.get(classId);
    if (!room) {
      refuseWhileDraining();
      room = createClassRoom({
        classId,
        pool,
        placement,
        openTransport,
        emit,
        log: log.child({ classId }),
      });
      rooms.set(classId, room);
      log.info({ classId }, 'class opened');
    }
    await room.open();
  }

  function closeClass(classId: string): void {
    const room = rooms.get(classId);
    if (!room) return;
    rooms.delete(classId);
    room.close();
    log.info({ classId }, 'class closed');
  }

  function census(): Census {
    return pool.workers().reduce((sum, media) => addCensus(sum, media.census), emptyCensus());
  }

  function stats(): SfuResult<'node.stats'> {
    const { transports, producers, consumers } = census();
    let peers = 0;
    for (const room of rooms.values()) peers += room.peerCount();
    const workers = pool.workers().map((media) => ({
      pid: media.pid,
      consumers: media.census.consumers,
      routers: media.census.routers,
    }));
    return { classes: rooms.size, peers, transports, producers, consumers, workers };
  }

  const handlers: Handlers = {
    'class.open': async ({ classId }) => {
      await openClass(classId);
      return {};
    },
    'class.close': ({ classId }) => {
      closeClass(classId);
      return {};
    },
    'class.stage': ({ classId }) => ({ producers: rooms.get(classId)?.published() ?? [] }),
    'peer.join': (params) => {
      // Who is here already may come back to its media while the node drains.
      if (!params.resume) refuseWhileDraining();
      return roomOf(params.classId).join(params);
    },
    'peer.leave': async ({ classId, peerId }) => {
      await rooms.get(classId)?.leave(peerId);
      return {};
    },
    'peer.publish': async ({ classId, peerId }) => ({
      sendTransport: await roomOf(classId).publish(peerId),
    }),
    'peer.unpublish': async ({ classId, peerId }) => {
      await rooms.get(classId)?.unpublish(peerId);
      return {};
    },
    'peer.audioOnly': async ({ classId, peerId, audioOnly }) => {
      await roomOf(classId).setAudioOnly(peerId, audioOnly);
      return {};
    },
    'transport.connect': async ({ classId, peerId, transportId, dtlsParameters }) => {
      await roomOf(classId).withPeer(peerId, (peer) => peer.connect(transportId, dtlsParameters));
      return {};
    },
    'transport.restartIce': async ({ classId, peerId, transportId }) => ({
      iceParameters: await roomOf(classId).withPeer(peerId, (peer) => peer.restartIce(transportId)),
    }),
    'producer.create': async (params) => ({ producerId: await roomOf(params.classId).produce(params) }),
    'producer.pause': async ({ classId, peerId, producerId }) => {
      await roomOf(classId).pauseProducer(peerId, producerId, true);
      return {};
    },
    'producer.resume': async ({ classId, peerId, producerId }) => {
      await roomOf(classId).pauseProducer(peerId, producerId, false);
      return {};
    },
    'producer.close': async ({ classId, peerId, producerId }) => {
      await roomOf(classId).closeProducer(peerId, producerId);
      return {};
    },
    'producer.hold': async (params) => {
      await roomOf(params.classId).hold(params);
      return {};
    },
    'consumer.pause': async ({ classId, peerId, consumerId }) => {
      await roomOf(classId).withPeer(peerId, (peer) => peer.pauseConsumer(consumerId));
      return {};
    },
    'consumer.resume': async ({ classId, peerId, consumerId }) => {
      await roomOf(classId).withPeer(peerId, (peer) => peer.resumeConsumer(consumerId));
      return {};
    },
    'consumer.layers': async ({ classId, peerId, consumerId, layers }) => {
      await roomOf(classId).withPeer(peerId, (peer) => peer.setLayers(consumerId, layers));
      return {};
    },
    'node.stats': stats,
  };

  return {
    async request(name, params) {
      if (closed) throw new AppError('unavailable', { message: 'node closed', retryMs: drainRetryMs });
      return handlers[name](parseParams(name, params));
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stats,
    census,
    drain() {
      draining = true;
    },
    close() {
      if (closed) return;
      closed = true;
      for (const room of rooms.values()) room.evict('node-restarted');
      rooms.clear();
    },
  };
}

function parseParams<K extends SfuRequestName>(name: K, params: unknown): Params<K> {
  const parsed = sfuRequests[name].params.safeParse(params);
  if (parsed.success) return parsed.data as Params<K>;
  throw new AppError('invalid-input', { fields: parsed.error.issues.map(({ path }) => path.join('.')) });
}
