/** Between pages and the SFU: what a page asks of its media goes there, what happens there comes back to its page. */
import type { MediaSource } from '@keshi/contract/domain';
import type { ConsumerOptions, IceServer, TransportOptions } from '@keshi/contract/media';
import type { Reply, Request } from '@keshi/contract/signaling';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { Connection, Connections } from '../connections.ts';
import type { PublishedSource } from '../coordinator/class-media.ts';
import type { MediaEffect } from '../coordinator/turn.ts';
import type { MediaNodes, SfuLink } from './nodes.ts';

export interface JoinedMedia {
  resumed: boolean;
  iceServers: IceServer[];
  recvTransport: TransportOptions;
  consumers: ConsumerOptions[];
}

type Capabilities = Request<'media.rejoin'>['rtpCapabilities'];

export interface MediaRelay {
  /** Throws `media-unavailable` when the class has no SFU node or it does not answer. */
  join(
    connection: Connection,
    sfuNode: string | null,
    asked: { rtpCapabilities: Capabilities; resume: boolean; audioOnly: boolean },
  ): Promise<JoinedMedia>;
  connect(connection: Connection, request: Request<'media.connect'>): Promise<void>;
  restartIce(
    connection: Connection,
    request: Request<'media.restartIce'>,
  ): Promise<Reply<'media.restartIce'>>;
  publish(connection: Connection): Promise<Reply<'media.publish'>>;
  produce(connection: Connection, request: Request<'media.produce'>): Promise<Reply<'media.produce'>>;
  producer(connection: Connection, request: Request<'media.producer'>): Promise<void>;
  consumer(connection: Connection, request: Request<'media.consumer'>): Promise<void>;
  layers(connection: Connection, request: Request<'media.layers'>): Promise<void>;
  audioOnly(connection: Connection, request: Request<'media.audioOnly'>): Promise<void>;
  // Done by the coordinator, for anybody of the class; failures are logged, never thrown.
  leave(classId: string, sfuNode: string | null, userId: string): void;
  perform(classId: string, sfuNode: string | null, effect: MediaEffect): void;
  /** Null when the node cannot be asked. */
  stageOf(classId: string, sfuNode: string | null): Promise<PublishedSource[] | null>;
}

export interface MediaRelayDeps {
  nodes: MediaNodes;
  connections: Connections;
  iceServers: (connection: Connection) => IceServer[];
  log: Logger;
  /** What publishers do, for the class's coordinator if it is here. */
  published: (
    classId: string,
    userId: string,
    source: MediaSource,
    state: { paused: boolean } | null,
  ) => void;
  speaking: (classId: string, userIds: string[]) => void;
  /** A node that could not be reached can be reached again. */
  linkBack: (sfuNode: string) => void;
  /** Whether some node that should be there cannot be reached. */
  mediaTrouble: (lasts: boolean) => void;
}

export function createMediaRelay(deps: MediaRelayDeps): MediaRelay {
  const { nodes, connections, log } = deps;
  /** Classes this node has opened, by SFU node; forgotten when that node's link breaks. */
  const opened = new Map<string, Set<string>>();

  const down = new Set<string>();

  function linkOf(sfuNode: string | null): SfuLink {
    const link = sfuNode === null ? null : nodes.link(sfuNode);
    if (!link || link.state.kind !== 'open') throw new AppError('media-unavailable', { retryMs: 2_000 });
    return link;
  }

  /** A page that asks for media before it joined it has lost its way. */
  function peerOf(connection: Connection): { link: SfuLink; peer: { classId: string; peerId: string } } {
    if (connection.sfuNode === null) throw new AppError('media-not-found');
    const { classId, person } = connection;
    return { link: linkOf(connection.sfuNode), peer: { classId, peerId: person.userId } };
  }

  async function openClass(link: SfuLink, sfuNode: string, classId: string): Promise<void> {
    const known = opened.get(sfuNode) ?? new Set();
    if (known.has(classId)) return;
    await link.request('class.open', { classId });
    opened.set(sfuNode, known.add(classId));
  }

  async function join(
    connection: Connection,
    sfuNode: string,
    asked: Parameters<MediaRelay['join']>[2],
    again = true,
  ): Promise<JoinedMedia> {
    const { classId, person } = connection;
    const link = linkOf(sfuNode);
    await openClass(link, sfuNode, classId);
    try {
      const joined = await link.request('peer.join', { classId, peerId: person.userId, ...asked });
      return { ...joined, iceServers: deps.iceServers(connection) };
    } catch (error) {
      const gone = error instanceof AppError && error.code === 'media-not-found';
      if (!gone || !again) throw error;
      // The class was closed there meanwhile, by a restart of the node or by another node of ours.
      opened.get(sfuNode)?.delete(classId);
      return join(connection, sfuNode, asked, false);
    }
  }

  /** For what follows from a decision already made: nobody waits for it. */
  function inBackground(what: string, classId: string, work: () => Promise<unknown>): void {
    (async () => work())().catch((error: unknown) => {
      const down = error instanceof AppError && error.code.startsWith('media-');
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
        for (const classes of opened.values()) classes.delete(classId);
        return link.request('class.close', { classId });
    }
  }

  function listen(sfuNode: string, link: SfuLink): void {
    const local = (classId: string, userId: string) => {
      const connection = connections.find(classId, userId);
      return connection?.sfuNode === sfuNode ? connection.socket : null;
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
    link.on('producer.opened', (e) => deps.published(e.classId, e.peerId, e.source, { paused: e.paused }));
    link.on('producer.paused', (e) => deps.published(e.classId, e.peerId, e.source, { paused: e.paused }));
    link.on('producer.closed', (e) => deps.published(e.classId, e.peerId, e.source, null));
    link.on('stage.speaking', (e) => deps.speaking(e.classId, e.peerIds));

    link.watch((state) => {
      if (state.kind === 'open') {
        if (!down.delete(sfuNode)) return;
        reset(sfuNode, 'node-restarted');
        deps.linkBack(sfuNode);
        if (down.size === 0) deps.mediaTrouble(false);
        return;
      }
      opened.delete(sfuNode);
      if (state.kind === 'closed' || down.has(sfuNode)) return;
      down.add(sfuNode);
      deps.mediaTrouble(true);
    });
  }

  /** Whoever has media there joins it again: on the same node when it is back, else where the class is placed then. */
  function reset(sfuNode: string, reason: 'node-restarted' | 'unavailable'): void {
    for (const connection of connections.all())
      if (connection.sfuNode === sfuNode) connection.socket.emit('media.reset', { reason });
  }

  nodes.onLink(listen);
  nodes.onGone((sfuNode) => {
    opened.delete(sfuNode);
    if (down.delete(sfuNode) && down.size === 0) deps.mediaTrouble(false);
    reset(sfuNode, 'unavailable');
  });

  return {
    async join(connection, sfuNode, asked) {
      if (sfuNode === null) throw new AppError('media-unavailable', { retryMs: 2_000 });
      // Set before asking: consumers that begin meanwhile are for this page already.
      connection.sfuNode = sfuNode;
      return join(connection, sfuNode, asked);
    },
    async connect(connection, request) {
      const { link, peer } = peerOf(connection);
      await link.request('transport.connect', { ...peer, ...request });
    },
    async restartIce(connection, request) {
      const { link, peer } = peerOf(connection);
      return link.request('transport.restartIce', { ...peer, ...request });
    },
    async publish(connection) {
      const { link, peer } = peerOf(connection);
      return link.request('peer.publish', peer);
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
      await link.request('peer.audioOnly', { ...peer, ...request });
    },
    leave(classId, sfuNode, userId) {
      inBackground('peer.leave', classId, async () =>
        linkOf(sfuNode).request('peer.leave', { classId, peerId: userId }),
      );
    },
    perform(classId, sfuNode, effect) {
      inBackground(effect.kind, classId, async () => carryOut(linkOf(sfuNode), classId, effect));
    },
    async stageOf(classId, sfuNode) {
      const link = sfuNode === null ? null : nodes.link(sfuNode);
      if (link?.state.kind !== 'open') return null;
      return (await link.request('class.stage', { classId })).producers;
    },
  };
}
