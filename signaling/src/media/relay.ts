/** Between pages and the SFU: what a page asks of its media goes there, what happens there comes back to its page. */
import type { MediaSource } from '@keshi/contract/domain';
import type { IceServer } from '@keshi/contract/media';
import type { FinishedRecording } from '@keshi/contract/sfu';
import type { JoinedMedia, RecordingNow, Reply, Request } from '@keshi/contract/signaling';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { Connection, Connections } from '../connections.ts';
import type { CarriedStage } from '../coordinator/class-media.ts';
import type { RecordingAction } from '../coordinator/class-recording.ts';
import type { MediaPlace } from '../coordinator/messages.ts';
import type { MediaEffect } from '../coordinator/turn.ts';
import type { MediaNodes, SfuLink } from './nodes.ts';
import { createReach } from './reach.ts';

type Capabilities = Request<'media.rejoin'>['rtpCapabilities'];
type NodePlace = Extract<MediaPlace, { kind: 'node' }>;

export interface MediaRelay {
  /** Throws `media-unavailable` when the node does not answer, `full` when it has no room left. */
  join(
    connection: Connection,
    place: NodePlace,
    asked: { rtpCapabilities: Capabilities; resume: boolean; audioOnly: boolean },
  ): Promise<Extract<JoinedMedia, { mode: 'webrtc' }>>;
  connect(connection: Connection, request: Request<'media.connect'>): Promise<void>;
  restartIce(
    connection: Connection,
    request: Request<'media.restartIce'>,
  ): Promise<Reply<'media.restartIce'>>;
  publish(connection: Connection, held: readonly MediaSource[]): Promise<Reply<'media.publish'>>;
  produce(connection: Connection, request: Request<'media.produce'>): Promise<Reply<'media.produce'>>;
  producer(connection: Connection, request: Request<'media.producer'>): Promise<void>;
  consumer(connection: Connection, request: Request<'media.consumer'>): Promise<void>;
  layers(connection: Connection, request: Request<'media.layers'>): Promise<void>;
  audioOnly(connection: Connection, request: Request<'media.audioOnly'>): Promise<void>;
  /** The node's link, with the class open there. Throws `media-unavailable`. */
  opened(classId: string, nodeId: string, others: readonly string[]): Promise<SfuLink>;
  /** Nodes of which this one knows that they cannot be reached. */
  unreachable(): string[];
  // Done by the coordinator, for anybody of the class; failures are logged, never thrown.
  leave(classId: string, nodeId: string, userId: string): void;
  spread(classId: string, nodeId: string, others: readonly string[]): void;
  perform(classId: string, nodeId: string, effect: MediaEffect): void;
  /** Null when the node cannot be asked. */
  stageOf(classId: string, nodeId: string): Promise<CarriedStage | null>;
  /** Rejects when it cannot be done. */
  record(classId: string, nodeId: string, action: RecordingAction, hostId: string): Promise<void>;
  /** Null when nothing was recorded. May take minutes. */
  finishRecording(classId: string, nodeId: string): Promise<FinishedRecording | null>;
}

export interface MediaRelayDeps {
  nodes: MediaNodes;
  connections: Connections;
  iceServers: (id: string) => IceServer[];
  log: Logger;
  /** What publishers do, for the class's coordinator if it is here. */
  published: (
    classId: string,
    nodeId: string,
    userId: string,
    source: MediaSource,
    state: { paused: boolean } | null,
  ) => void;
  speaking: (classId: string, nodeId: string, userIds: string[]) => void;
  recording: (classId: string, nodeId: string, state: RecordingNow['state']) => void;
  /** A node that could not be reached can be reached again. */
  linkBack: (nodeId: string) => void;
  /** A node is lost: what was there is elsewhere by now, or will be. */
  nodeLost: (nodeId: string) => void;
  /** Whether some node that should be there cannot be reached. */
  mediaTrouble: (lasts: boolean) => void;
}

/** Previews of hours take a while. */
const finishTimeoutMs = 15 * 60_000;
/** A recorder may take long to begin on a busy node, and stores what is open before it ends. */
const recordingTimeoutMs = 65_000;

export function createMediaRelay(deps: MediaRelayDeps): MediaRelay {
  const { nodes, connections, log } = deps;
  /** Classes this node has opened, by SFU node, with the other nodes it has named; forgotten when that link breaks. */
  const known = new Map<string, Map<string, Set<string>>>();

  function linkOf(nodeId: string): SfuLink {
    const link = nodes.link(nodeId);
    if (link?.state.kind !== 'open') throw new AppError('media-unavailable', { retryMs: 2_000 });
    return link;
  }

  /** A page that asks for media before it joined it has lost its way. */
  function peerOf(connection: Connection): { link: SfuLink; peer: { classId: string; peerId: string } } {
    if (connection.media.kind !== 'node') throw new AppError('media-not-found');
    const { classId, person, media } = connection;
    return { link: linkOf(media.nodeId), peer: { classId, peerId: person.userId } };
  }

  async function opened(classId: string, nodeId: string, others: readonly string[]): Promise<SfuLink> {
    const link = linkOf(nodeId);
    const classes = known.get(nodeId) ?? new Map<string, Set<string>>();
    const named = classes.get(classId);
    if (named && others.every((other) => named.has(other))) return link;
    await link.request('class.open', { classId, nodes: [...others] });
    classes.set(classId, new Set([...(named ?? []), ...others]));
    known.set(nodeId, classes);
    return link;
  }

  async function join(
    connection: Connection,
    place: NodePlace,
    asked: Parameters<MediaRelay['join']>[2],
    again = true,
  ): Promise<Extract<JoinedMedia, { mode: 'webrtc' }>> {
    const { classId, person } = connection;
    const { nodeId, audioOnly: squeezed, others } = place;
    const link = await opened(classId, nodeId, others);
    try {
      const audioOnly = squeezed || asked.audioOnly;
      const joined = await link.request('peer.join', { ...asked, audioOnly, classId, peerId: person.userId });
      return { mode: 'webrtc', nodeId, squeezed, ...joined, iceServers: deps.iceServers(connection.visitId) };
    } catch (error) {
      const gone = error instanceof AppError && error.code === 'media-not-found';
      if (!gone || !again) throw error;
      // The class was closed there meanwhile, by a restart of the node or by another node of ours.
      known.get(nodeId)?.delete(classId);
      return join(connection, place, asked, false);
    }
  }

  /** For what follows from a decision already made: nobody waits for it. */
  function inBackground(what: string, classId: string, work: () => Promise<unknown>): void {
    (async () => work())().catch((error: unknown) => {
      const down =
        error instanceof AppError && (error.code.startsWith('media-') || error.code === 'unavailable');
      if (!down) log.warn({ err: error, classId, what }, 'the SFU did not do it');
    });
  }

  function carryOut(link: SfuLink, classId: string, effect: MediaEffect): Promise<unknown> {
    switch (effect.kind) {
      case 'unpublish':
        return link.request('peer.unpublish', { classId, peerId: effect.userId });
      case 'hold': {
        const { userId: peerId, source, held } = effect;
        return link.request('producer.hold', { classId, peerId, source, held });
      }
      case 'close-class':
        for (const classes of known.values()) classes.delete(classId);
        return link.request('class.close', { classId });
    }
  }

  const reach = createReach({
    nodes,
    connections,
    broke: (nodeId) => void known.delete(nodeId),
    linkBack: deps.linkBack,
    lost: deps.nodeLost,
    trouble: deps.mediaTrouble,
  });

  function listen(nodeId: string, link: SfuLink): void {
    const local = (classId: string, userId: string) => {
      const connection = connections.find(classId, userId);
      const media = connection?.media;
      return media?.kind === 'node' && media.nodeId === nodeId ? connection?.socket : null;
    };
    link.on('consumer.new', (e) => local(e.classId, e.peerId)?.emit('media.consumer', e.consumer));
    link.on('consumer.closed', (e) =>
      local(e.classId, e.peerId)?.emit('media.closed', { consumerId: e.consumerId }),
    );
    link.on('consumer.producerPaused', (e) =>
      local(e.classId, e.peerId)?.emit('media.paused', { consumerId: e.consumerId, paused: e.paused }),
    );
    link.on('consumer.layers', (e) =>
      local(e.classId, e.peerId)?.emit('media.layers', { consumerId: e.consumerId, layers: e.layers }),
    );
    link.on('peer.reset', (e) => local(e.classId, e.peerId)?.emit('media.reset', { reason: e.reason }));
    link.on('producer.opened', (e) =>
      deps.published(e.classId, nodeId, e.peerId, e.source, { paused: e.paused }),
    );
    link.on('producer.paused', (e) =>
      deps.published(e.classId, nodeId, e.peerId, e.source, { paused: e.paused }),
    );
    link.on('producer.closed', (e) => deps.published(e.classId, nodeId, e.peerId, e.source, null));
    link.on('stage.speaking', (e) => deps.speaking(e.classId, nodeId, e.peerIds));
    link.on('recording.state', (e) => deps.recording(e.classId, nodeId, recordingStates[e.state]));
    reach.watch(nodeId, link);
  }
  nodes.onLink(listen);

  return {
    async join(connection, place, asked) {
      const former = connection.media;
      // Set before asking: consumers that begin meanwhile are for this page already.
      connection.media = { kind: 'node', nodeId: place.nodeId, squeezed: place.audioOnly };
      const joined = await join(connection, place, asked);
      if (former.kind === 'node' && former.nodeId !== place.nodeId)
        inBackground('peer.leave', connection.classId, async () =>
          linkOf(former.nodeId).request('peer.leave', {
            classId: connection.classId,
            peerId: connection.person.userId,
          }),
        );
      return joined;
    },
    async connect(connection, request) {
      const { link, peer } = peerOf(connection);
      await link.request('transport.connect', { ...peer, ...request });
    },
    async restartIce(connection, request) {
      const { link, peer } = peerOf(connection);
      return link.request('transport.restartIce', { ...peer, ...request });
    },
    async publish(connection, held) {
      const { link, peer } = peerOf(connection);
      return link.request('peer.publish', { ...peer, via: 'page', held: [...held] });
    },
    async produce(connection, request) {
      const { link, peer } = peerOf(connection);
      return link.request('producer.create', { ...peer, ...request });
    },
    async producer(connection, { producerId, action }) {
      const { link, peer } = peerOf(connection);
      await link.request(`producer.${action}`, { ...peer, producerId });
    },
    async consumer(connection, { consumerId, action }) {
      const { link, peer } = peerOf(connection);
      await link.request(`consumer.${action}`, { ...peer, consumerId });
    },
    async layers(connection, request) {
      const { link, peer } = peerOf(connection);
      await link.request('consumer.layers', { ...peer, ...request });
    },
    async audioOnly(connection, request) {
      const { link, peer } = peerOf(connection);
      // There is no room for pictures: they come back by themselves when there is.
      if (!request.audioOnly && connection.media.kind === 'node' && connection.media.squeezed)
        throw new AppError('full', { retryMs: 10_000 });
      await link.request('peer.audioOnly', { ...peer, ...request });
    },
    opened,
    unreachable: reach.unreachable,
    leave(classId, nodeId, userId) {
      inBackground('peer.leave', classId, async () =>
        linkOf(nodeId).request('peer.leave', { classId, peerId: userId }),
      );
    },
    spread(classId, nodeId, others) {
      inBackground('class.open', classId, () => opened(classId, nodeId, others));
    },
    perform(classId, nodeId, effect) {
      inBackground(effect.kind, classId, async () => carryOut(linkOf(nodeId), classId, effect));
    },
    async stageOf(classId, nodeId) {
      const link = nodes.link(nodeId);
      if (link?.state.kind !== 'open') return null;
      return link.request('class.stage', { classId });
    },
    async record(classId, nodeId, action, hostId) {
      if (action === 'start') {
        const link = await opened(classId, nodeId, []);
        await link.request('recording.start', { classId, hostId }, { timeoutMs: recordingTimeoutMs });
      } else
        await linkOf(nodeId).request(`recording.${action}`, { classId }, { timeoutMs: recordingTimeoutMs });
    },
    async finishRecording(classId, nodeId) {
      const link = linkOf(nodeId);
      return (await link.request('recording.finish', { classId }, { timeoutMs: finishTimeoutMs })).recording;
    },
  };
}

const recordingStates = { recording: 'on', paused: 'paused', trouble: 'trouble', stopped: 'off' } as const;
