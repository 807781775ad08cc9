/** What each event of a page does. Requests are parsed and their senders may use them: the edge has seen to that. */
import type { OwnEyeNotice } from '@keshi/contract/class-checks';
import type { ClientEventName, JoinedMedia, Reply, Request } from '@keshi/contract/signaling';
import { clientEvents } from '@keshi/contract/signaling';
import type { ClassRole, MediaSource } from '@keshi/contract/domain';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { Boards } from './board/boards.ts';
import type { LiveLooks } from './identity/live-looks.ts';
import type { Connection, Connections } from './connections.ts';
import { commandNames, type CommandName } from './coordinator/commands.ts';
import type { Coordinators } from './coordinator/coordinators.ts';
import {
  enterReply,
  identityReply,
  mediaPlace,
  publishReply,
  rosterReply,
  type LearnerIdentity,
  type MediaPlace,
  type Placing,
} from './coordinator/messages.ts';
import type { PageHandlers } from './edge.ts';
import type { LocalClasses } from './local-classes.ts';
import type { MediaRelay } from './media/relay.ts';
import type { Chips } from './presence/chips.ts';
import type { Visits } from './presence/visits.ts';
import type { Troubles } from './troubles.ts';
import type { Comer, Turnstile } from './turnstile.ts';

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
  turnstile: Turnstile;
  depart: (connection: Connection, cause: 'left' | 'lost') => void;
  /** Tells the coordinator that a connection is gone. */
  farewell: (connection: Connection) => void;
  /** A learner is in: the class is where the account earns from now on [WL4]. */
  earns: (connection: Connection) => void;
  /** What a learner is told of being recognised, and what follows for presence. */
  identify: (connection: Connection, identity: LearnerIdentity) => void;
  looks: LiveLooks;
  /** Where the people connected here are; null: nowhere in particular. */
  region: string | null;
  /** The playlist of a class for those who watch it as a stream of files. */
  hlsUrl: (connection: Connection) => string;
}

type Commands = Pick<PageHandlers, CommandName>;

export function createPageHandlers(deps: PageHandlersDeps): PageHandlers {
  const { connections, coordinators, classes, visits, chips, relay, boards, turnstile } = deps;

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
    if (connection.stage !== 'connected') return takeIn(connection, request);
    const { classId, person } = connection;
    const returning = request.lastSeq !== null || visits.wasHere(classId, person.userId);
    const retryMs = turnstile.enter(comerOf(person.role, returning));
    if (retryMs !== null) throw new AppError('busy', { retryMs });
    let outcome: 'joined' | 'failed' = 'failed';
    try {
      const reply = await takeIn(connection, request);
      outcome = 'joined';
      return reply;
    } finally {
      turnstile.done(outcome);
    }
  }

  async function takeIn(connection: Connection, request: Request<'join'>): Promise<Reply<'join'>> {
    const { classId, person, id: connectionId } = connection;
    const first = connection.stage === 'connected';
    if (first) connection.stage = 'joining';
    const local = first ? await classes.hold(classId) : classes.get(classId);
    if (!local) throw new AppError('not-joined');
    try {
      const presence = { person, connectionId, nodeId: deps.nodeId, media: connection.media };
      const { lastSeq, rtpCapabilities } = request;
      const placing = rtpCapabilities === null ? null : placingOf({ claims: request.mediaNode });
      const entered = await coordinators.ask(
        classId,
        { kind: 'enter', presence, lastSeq, placing },
        (reply) => enterReply.parse(reply),
      );
      refuseIfGone(connection);
      // Said honestly, before any time counts: a class one neither sees nor hears is not attended [A2].
      if (entered.place?.kind === 'full') throw refusedForWantOfRoom(connection, entered.place.retryMs);
      connections.seat(connection);
      // The answer may have been overtaken by a broadcast that knows more.
      if (local.seq === null || entered.snapshot.seq >= local.seq) local.live = entered.live;
      local.seq ??= entered.snapshot.seq;
      local.watched = entered.watched;
      // Before the media: a slow SFU takes nothing from the time of who is here [AT1].
      const overdueSince = entered.identity?.standing.overdueSince ?? null;
      if (connection.identity === null) connection.identity = entered.identity;
      const visit = visits.join(connection, request, entered.policy, overdueSince);
      const media = await joinMedia(connection, entered.place, request);
      refuseIfGone(connection);
      if (media === 'full') {
        // Found out at the node itself: the visit it has by now has no length, and earns nothing.
        visits.leave(connection);
        throw refusedForWantOfRoom(connection, fullRetryMs);
      }
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

  function refusedForWantOfRoom(connection: Connection, retryMs: number): AppError {
    deps.farewell(connection);
    return new AppError('full', { retryMs });
  }

  /** The page has its snapshot: from here on it hears what happens, beginning with what happened meanwhile. */
  function welcome(connection: Connection, seq: number, mediaMissing: boolean): void {
    const { classId, person, socket } = connection;
    if (connection.stage === 'gone') return;
    connection.stage = 'joined';
    deps.earns(connection);
    classes.enter(connection);
    const events = classes.heardSince(classId, connection, seq);
    if (events.length > 0) socket.emit('events', { events });
    if (mediaMissing) socket.emit('media.reset', { reason: 'unavailable' });
    if (person.role === 'host')
      for (const trouble of deps.troubles.current()) socket.emit('trouble', trouble);
    const visit = visits.of(connection);
    if (visit) chips.welcome(visit);
    if (connection.identity) deps.identify(connection, connection.identity);
  }

  const placingOf = ({ without = [], full = [], claims = null }: Partial<Placing> = {}): Placing => ({
    region: deps.region,
    claims,
    without: [...new Set([...relay.unreachable(), ...without])],
    full,
  });

  async function placeAgain(connection: Connection, placing: Partial<Placing> = {}): Promise<MediaPlace> {
    const { classId, person } = connection;
    return coordinators.ask(
      classId,
      { kind: 'place-media', userId: person.userId, placing: placingOf(placing) },
      (reply) => mediaPlace.parse(reply),
    );
  }

  /** Goes where it was placed, and elsewhere when that node refuses or cannot be reached. */
  async function takeMedia(
    connection: Connection,
    given: MediaPlace,
    asked: Request<'media.rejoin'>,
  ): Promise<JoinedMedia> {
    const without: string[] = [];
    const full: string[] = [];
    for (let place = given; ; place = await placeAgain(connection, { without, full }))
      switch (place.kind) {
        case 'none':
          throw new AppError('media-unavailable', { retryMs: 2_000 });
        case 'full':
          throw new AppError('full', { retryMs: place.retryMs });
        case 'hls':
          connection.media = { kind: 'hls' };
          return { mode: 'hls', url: deps.hlsUrl(connection) };
        case 'node':
          try {
            return await relay.join(connection, place, asked);
          } catch (error) {
            if (without.length + full.length === mostRefusals || !isWorthElsewhere(error)) throw error;
            (error.code === 'full' ? full : without).push(place.nodeId);
          }
      }
  }

  /** The class goes on without media, so a failure of media is no failure to join. */
  async function joinMedia(
    connection: Connection,
    place: MediaPlace | null,
    { rtpCapabilities, resume, audioOnly }: Request<'join'>,
  ): Promise<JoinedMedia | null | 'unavailable' | 'full'> {
    if (rtpCapabilities === null || place === null || liveEnded(connection.classId)) return null;
    try {
      return await takeMedia(connection, place, { rtpCapabilities, resume, audioOnly });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'full') return 'full';
      deps.log.warn({ code: error.code, classId: connection.classId }, 'joined without media');
      return 'unavailable';
    }
  }

  function liveEnded(classId: string): boolean {
    return classes.get(classId)?.live.endedAt !== null;
  }

  /** What of this person's the host holds muted. */
  async function requireOnStage(connection: Connection): Promise<readonly MediaSource[]> {
    const { classId, person } = connection;
    const { allowed, held } = await coordinators.ask(
      classId,
      { kind: 'may-publish', userId: person.userId },
      (reply) => publishReply.parse(reply),
    );
    if (!allowed) throw new AppError('not-on-stage');
    return held;
  }

  async function notice(
    { classId, person: { userId } }: Connection,
    said: OwnEyeNotice | 'retry',
  ): Promise<void> {
    const request = { kind: 'identity', userId, notice: said } as const;
    const { asked } = await coordinators.ask(classId, request, (reply) => identityReply.parse(reply));
    if (!asked) throw new AppError('class-not-live');
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
      return relay.publish(connection, await requireOnStage(connection));
    },
    async 'media.produce'(connection, request) {
      await requireOnStage(connection);
      return relay.produce(connection, request);
    },
    'media.producer': async (connection, request) => done(relay.producer(connection, request)),
    'media.consumer': async (connection, request) => done(relay.consumer(connection, request)),
    'media.layers': async (connection, request) => done(relay.layers(connection, request)),
    'media.audioOnly': async (connection, request) => done(relay.audioOnly(connection, request)),
    async 'media.rejoin'(connection, request) {
      if (connection.stage !== 'joined') throw new AppError('not-joined');
      if (liveEnded(connection.classId)) throw new AppError('class-ended');
      return { media: await takeMedia(connection, await placeAgain(connection), request) };
    },
    async 'roster.page'(connection, request) {
      const masked = connection.person.role !== 'host';
      return coordinators.ask(connection.classId, { kind: 'roster', masked, ...request }, (reply) =>
        rosterReply.parse(reply),
      );
    },
    'identity.retry': async (connection) => done(notice(connection, 'retry')),
    'identity.notice': async (connection, { notice: said }) => done(notice(connection, said)),
    'identity.show': async (connection, shown) => done(deps.looks.show(connection, shown)),
    'board.watch': (connection, { watch }) => boards.ask(connection, watch),
  };
}

const fullRetryMs = 10_000;
/** Nodes that may refuse before a page is told to try later. */
const mostRefusals = 3;

/** A class is nothing without those who give it, and they are few. */
export function comerOf(role: ClassRole, returning: boolean): Comer {
  return returning || role !== 'attendee' ? 'preferred' : 'newcomer';
}

/** Another node may have what this one has not: room, or a link. */
function isWorthElsewhere(error: unknown): error is AppError {
  if (!(error instanceof AppError)) return false;
  return ['full', 'draining', 'unavailable', 'media-unavailable'].includes(error.code);
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
