/**
 * One SFU node: answers every request of the contract and tells every event. It knows classes and peers by id only;
 * whoever asks has decided already what they may do.
 */
import { sfuRequests, type FinishedRecording, type SfuEvent, type SfuRequests } from '@keshi/contract/sfu';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { addCensus, emptyCensus, type Census } from './census.ts';
import { meterBandwidth } from './bandwidth.ts';
import { createClassRoom, type ClassRoom } from './class-room.ts';
import { createGiving, type Giving } from './mesh/giving.ts';
import type { Mesh, MeshLink } from './mesh/links.ts';
import type { PipeListen } from './mesh/pipe-transport.ts';
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
  /** The other nodes, and where pipes to them listen; without it the node stands alone. */
  mesh?: { mesh: Mesh; listen: PipeListen };
  /** Without it recordings are refused. */
  recorder?: NodeRecorder;
  /** How long a class may be here without anybody, ms. */
  idleMs?: number;
}

/** Recording of classes, as a node carries it out. */
export interface NodeRecorder {
  /** Idempotent. Rejects `media-refused` where nothing can be recorded. */
  start(room: ClassRoom, hostId: string): Promise<void>;
  pause(classId: string): Promise<void>;
  resume(classId: string): Promise<void>;
  stop(classId: string): Promise<void>;
  finish(classId: string): Promise<FinishedRecording | null>;
  discard(classId: string): Promise<void>;
  records(classId: string): boolean;
  /** The class is gone from this node, and its streams with it. */
  closed(classId: string): void;
}

export interface SfuNode {
  /**
   * Parses `params` and answers. Throws AppError: `invalid-input` for a wrong shape, `media-not-found` for a class,
   * peer, transport, producer or consumer that is not there or not the peer's own, `media-refused` for parameters
   * that cannot work, `media-unavailable` when ours failed, `full`, `draining`.
   */
  request<K extends SfuRequestName>(name: K, params: unknown): Promise<SfuResult<K>>;
  /** Answers one link of another node. */
  serveMesh(link: MeshLink): void;
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
  mesh,
  recorder,
  idleMs = 10 * 60_000,
}: SfuNodeOptions): SfuNode {
  const rooms = new Map<string, ClassRoom>();
  const listeners = new Set<(event: SfuEvent) => void>();
  let draining = false;
  let closed = false;

  const meter = meterBandwidth({ pool, rooms: () => rooms.values(), log });
  const giving: Giving | null = mesh
    ? createGiving({ stageOf: (classId) => rooms.get(classId)?.stage() ?? [], listen: mesh.listen, log })
    : null;

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

  function recording(): NodeRecorder {
    if (!recorder) throw new AppError('media-refused', { message: 'this node does not record' });
    return recorder;
  }

  function refuseWhileDraining(): void {
    if (draining) throw new AppError('draining', { retryMs: drainRetryMs });
  }

  const usedAt = new Map<string, number>();
  /** Signaling closes classes; one that it has lost sight of must not stay, and be recorded, for ever. */
  const sweeping = setInterval(() => {
    const now = performance.now();
    for (const [classId, room] of rooms) {
      if (room.inUse() || !usedAt.has(classId)) usedAt.set(classId, now);
      else if (now - (usedAt.get(classId) ?? now) > idleMs) void closeIdle(classId, room);
    }
    for (const classId of usedAt.keys()) if (!rooms.has(classId)) usedAt.delete(classId);
  }, idleMs / 10);
  sweeping.unref();

  async function closeIdle(classId: string, room: ClassRoom): Promise<void> {
    usedAt.delete(classId);
    await recorder?.stop(classId).catch((error: unknown) => log.warn({ err: error, classId }, 'not stopped'));
    if (room.inUse() || rooms.get(classId) !== room) return;
    log.warn({ classId }, 'nobody has been here for long, and nobody closed it');
    closeClass(classId);
  }

  async function openClass(classId: string, nodes: readonly string[]): Promise<void> {
    let room = rooms.get(classId);
    if (!room) {
      refuseWhileDraining();
      room = createClassRoom({
        classId,
        pool,
        placement,
        openTransport,
        mesh: mesh && giving ? { ...mesh, giving } : null,
        emit,
        log: log.child({ classId }),
      });
      rooms.set(classId, room);
      log.info({ classId }, 'class opened');
    }
    await room.open(nodes);
  }

  function closeClass(classId: string): void {
    const room = rooms.get(classId);
    if (!room) return;
    rooms.delete(classId);
    recorder?.closed(classId);
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
    'class.open': async ({ classId, nodes }) => {
      await openClass(classId, nodes);
      return {};
    },
    'class.close': ({ classId }) => {
      closeClass(classId);
      return {};
    },
    'class.stage': ({ classId }) => ({
      producers: rooms.get(classId)?.published() ?? [],
      records: recorder?.records(classId) ?? false,
    }),
    'peer.join': (params) => {
      // Who is here already may come back to its media while the node drains.
      if (!params.resume) refuseWhileDraining();
      return roomOf(params.classId).join(params);
    },
    'peer.leave': async ({ classId, peerId }) => {
      await rooms.get(classId)?.leave(peerId);
      return {};
    },
    'peer.publish': async (params) => ({ sendTransport: await roomOf(params.classId).publish(params) }),
    'peer.unpublish': async ({ classId, peerId, transportId }) => {
      await rooms.get(classId)?.unpublish(peerId, transportId);
      return {};
    },
    'peer.audioOnly': async ({ classId, peerId, audioOnly }) => {
      await roomOf(classId).setAudioOnly(peerId, audioOnly);
      return {};
    },
    'transport.connect': async (params) => {
      await roomOf(params.classId).connect(params);
      return {};
    },
    'transport.restartIce': async (params) => ({
      iceParameters: await roomOf(params.classId).restartIce(params),
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
    'recording.start': async ({ classId, hostId }) => {
      await recording().start(roomOf(classId), hostId);
      return {};
    },
    'recording.pause': async ({ classId }) => {
      await recording().pause(classId);
      return {};
    },
    'recording.resume': async ({ classId }) => {
      await recording().resume(classId);
      return {};
    },
    'recording.stop': async ({ classId }) => {
      await recording().stop(classId);
      return {};
    },
    'recording.finish': async ({ classId }) => ({ recording: await recording().finish(classId) }),
    'recording.discard': async ({ classId }) => {
      await recording().discard(classId);
      return {};
    },
    'node.stats': stats,
  };

  return {
    async request(name, params) {
      if (closed) throw new AppError('unavailable', { message: 'node closed', retryMs: drainRetryMs });
      return handlers[name](parseParams(name, params));
    },
    serveMesh(link) {
      giving?.serve(link);
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
      meter.close();
      clearInterval(sweeping);
      for (const room of rooms.values()) room.evict('node-restarted');
      rooms.clear();
      giving?.close();
    },
  };
}

function parseParams<K extends SfuRequestName>(name: K, params: unknown): Params<K> {
  const parsed = sfuRequests[name].params.safeParse(params);
  if (parsed.success) return parsed.data as Params<K>;
  throw new AppError('invalid-input', { fields: parsed.error.issues.map(({ path }) => path.join('.')) });
}
