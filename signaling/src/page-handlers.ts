/** What each event of a page does. Requests are parsed and their senders may use them: the edge has seen to that. */
import type { ClientEventName, Reply, Request } from '@keshi/contract/signaling';
import { clientEvents } from '@keshi/contract/signaling';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { z } from 'zod';
import type { Boards } from './board/boards.ts';
import type { Connection, Connections } from './connections.ts';
import { commandNames, type CommandName } from './coordinator/commands.ts';
import type { Coordinators } from './coordinator/coordinators.ts';
import { enterReply, rosterReply } from './coordinator/messages.ts';
import type { PageHandlers } from './edge.ts';
import { roleRoom, type LocalClasses } from './local-classes.ts';
import type { JoinedMedia, MediaRelay } from './media/relay.ts';
import type { Chips } from './presence/chips.ts';
import type { Visits } from './presence/visits.ts';
import type { Troubles } from './troubles.ts';

export interface PageHandlersDeps {
  nodeId: string;
  now: () => number;
  log: Logger;
  connections: Connections;
  coordinators: Coordinators;
  classes: LocalClasses;
  visits: Visits;
  chips: Chips;
  relay: MediaRelay;
  boards: Boards;
  troubles: Troubles;
  depart: (connection: Connection, cause: 'left' | 'lost') => void;
  /** Tells the coordinator that a connection is gone. */
  farewell: (connection: Connection) => void;
}

const permission = z.object({ allowed: z.boolean() });
const placement = z.object({ sfuNode: z.string().nullable() });

type Commands = Pick<PageHandlers, CommandName>;

export function createPageHandlers(deps: PageHandlersDeps): PageHandlers {
  const { connections, coordinators, classes, visits, chips, relay, boards } = deps;

  /** All of them go the same way: to the class's coordinator, which decides. */
  function command<K extends ClientEventName>(name: K & CommandName) {
    return async (connection: Connection, request: Request<K>): Promise<Reply<K>> => {
      const { classId, person: actor } = connection;
      return coordinators.ask(
        classId,
        { kind: 'command', actor, name, request },
        (reply) => clientEvents[name].reply.parse(reply) as Reply<K>,
      );
    };
  }
  const commands = Object.fromEntries(commandNames.map((name) => [name, command(name)])) as Commands;

  async function join(connection: Connection, request: Request<'join'>): Promise<Reply<'join'>> {
    const { classId, person, id: connectionId } = connection;
    const first = connection.stage === 'connected';
    if (first) connection.stage = 'joining';
    const local = first ? await classes.hold(classId) : classes.get(classId);
    if (!local) throw new AppError('not-joined');
    try {
      const presence = { person, connectionId, nodeId: deps.nodeId };
      const { lastSeq } = request;
      const entered = await coordinators.ask(classId, { kind: 'enter', presence, lastSeq }, (reply) =>
        enterReply.parse(reply),
      );
      refuseIfGone(connection);
      connections.seat(connection);
      // The answer may have been overtaken by a broadcast that knows more.
      if (local.seq === null || entered.snapshot.seq >= local.seq) local.live = entered.live;
      local.seq ??= entered.snapshot.seq;
      local.sfuNode = entered.sfuNode;
      local.watched = entered.watched;
      // Before the media: a slow SFU takes nothing from the time of who is here [AT1].
      const visit = visits.join(connection, request, entered.policy);
      const media = await joinMedia(connection, entered.sfuNode, request);
      refuseIfGone(connection);
      if (first) chips.joined(visit, lastSeq !== null);
      const snapshot = { ...entered.snapshot, counted: chips.now(visit) };
      whenAnswered(connection, () => welcome(connection, snapshot.seq, media === 'unavailable'));
      return { snapshot, missed: entered.missed, media: media === 'unavailable' ? null : media };
    } catch (error) {
      if (first && connection.stage === 'joining') {
        connection.stage = 'connected';
        classes.release(classId);
      }
      // The page went while it was being taken in: the coordinator may have heard of that before of the other.
      if (wasGone(connection)) deps.farewell(connection);
      throw error;
    }
  }

  /** The page has its snapshot: from here on it hears what happens, beginning with what happened meanwhile. */
  function welcome(connection: Connection, seq: number, mediaMissing: boolean): void {
    const { classId, person, socket } = connection;
    if (connection.stage === 'gone') return;
    connection.stage = 'joined';
    void socket.join(roleRoom(classId, person.role));
    const events = classes.heardSince(classId, connection, seq);
    if (events.length > 0) socket.emit('events', { events });
    if (mediaMissing) socket.emit('media.reset', { reason: 'unavailable' });
    if (person.role === 'host')
      for (const trouble of deps.troubles.current()) socket.emit('trouble', trouble);
    const visit = visits.of(connection);
    if (visit) chips.push(visit);
  }

  /** The class goes on without media, so a failure of media is no failure to join. */
  async function joinMedia(
    connection: Connection,
    sfuNode: string | null,
    request: Request<'join'>,
  ): Promise<JoinedMedia | null | 'unavailable'> {
    const { rtpCapabilities, resume, audioOnly } = request;
    if (rtpCapabilities === null || liveEnded(connection.classId)) return null;
    try {
      return await relay.join(connection, sfuNode, { rtpCapabilities, resume, audioOnly });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      deps.log.warn({ code: error.code, classId: connection.classId }, 'joined without media');
      return 'unavailable';
    }
  }

  function liveEnded(classId: string): boolean {
    return classes.get(classId)?.live.endedAt !== null;
  }

  async function refuseUnlessOnStage(connection: Connection): Promise<void> {
    const { classId, person } = connection;
    const { allowed } = await coordinators.ask(
      classId,
      { kind: 'may-publish', userId: person.userId },
      (reply) => permission.parse(reply),
    );
    if (!allowed) throw new AppError('not-on-stage');
  }

  return {
    ...commands,
    join,
    async leave(connection) {
      whenAnswered(connection, () => connection.socket.disconnect(true));
      deps.depart(connection, 'left');
      return {};
    },
    'media.connect': async (connection, request) => done(relay.connect(connection, request)),
    'media.restartIce': (connection, request) => relay.restartIce(connection, request),
    async 'media.publish'(connection) {
      await refuseUnlessOnStage(connection);
      return relay.publish(connection);
    },
    async 'media.produce'(connection, request) {
      await refuseUnlessOnStage(connection);
      return relay.produce(connection, request);
    },
    'media.producer': async (connection, request) => done(relay.producer(connection, request)),
    'media.consumer': async (connection, request) => done(relay.consumer(connection, request)),
    'media.layers': async (connection, request) => done(relay.layers(connection, request)),
    'media.audioOnly': async (connection, request) => done(relay.audioOnly(connection, request)),
    async 'media.rejoin'(connection, request) {
      const { classId } = connection;
      if (liveEnded(classId)) throw new AppError('class-ended');
      const { sfuNode } = await coordinators.ask(classId, { kind: 'media-node' }, (reply) =>
        placement.parse(reply),
      );
      const joined = await relay.join(connection, sfuNode, { ...request, resume: false });
      return { recvTransport: joined.recvTransport, consumers: joined.consumers };
    },
    async 'roster.page'(connection, request) {
      const masked = connection.person.role !== 'host';
      return coordinators.ask(connection.classId, { kind: 'roster', masked, ...request }, (reply) =>
        rosterReply.parse(reply),
      );
    },
    'board.watch': (connection, { watch }) => boards.ask(connection, watch),
  };
}

async function done(work: Promise<void>): Promise<Record<string, never>> {
  await work;
  return {};
}

function wasGone({ stage }: Connection): boolean {
  return stage === 'gone';
}

function refuseIfGone(connection: Connection): void {
  if (wasGone(connection)) throw new AppError('not-joined');
}

/** After the acknowledgement of this event has been handed to the socket. */
function whenAnswered(connection: Connection, then: () => void): void {
  setImmediate(() => {
    if (connection.socket.connected) then();
  });
}
