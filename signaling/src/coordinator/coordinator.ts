/** One class, held by one node: who is in it, what is going on, and the order in which it happened. */
import type { ClassRole, MediaSource } from '@keshi/contract/domain';
import type { ClassEvent, Person, ServerPayload } from '@keshi/contract/signaling';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { ClassBus } from '@keshi/runtime/state/ports';
import { policyFrom } from '../presence/policy.ts';
import type { Screen } from '../screening.ts';
import { createAnnouncer } from './announcer.ts';
import { createBroadcaster } from './broadcaster.ts';
import { isOver, mayPublish, memberOf, type Classroom, type Presence } from './classroom.ts';
import { decide, type OwnCommand, type PageCommand } from './commands.ts';
import { FencedOut, isFencedOut } from './fencing.ts';
import { createJournal } from './journal.ts';
import type { Broadcast, EnterReply, LiveTime } from './messages.ts';
import type { AskedQuiz } from './quiz.ts';
import { rosterPage, type RosterQuery } from './roster.ts';
import type { ClassStore, LoadedClass } from './store.ts';
import { createTurn, type Effect, type RoomEvent, type Turn } from './turn.ts';
import { snapshotView } from './views.ts';

export interface CoordinatorDeps {
  nodeId: string;
  store: ClassStore;
  bus: ClassBus;
  screen: Screen;
  log: Logger;
  now: () => number;
  deliverHere: (classId: string, message: Broadcast) => void;
  /** Unnumbered news for everybody of these roles, on all nodes. */
  tell: <K extends 'counts' | 'tally' | 'trouble' | 'speaking'>(
    classId: string,
    roles: readonly ClassRole[],
    name: K,
    payload: ServerPayload<K>,
  ) => void;
  perform: (classId: string, sfuNode: string | null, effect: Effect) => void;
  /** What is published on the class's SFU node; null when it cannot be asked. */
  stageOf: (classId: string, sfuNode: string | null) => Promise<PublishedSource[] | null>;
  /** Media of someone who has been gone for too long. */
  leaveMedia: (classId: string, sfuNode: string | null, userId: string) => void;
  placeMedia: (classId: string, current: string | null) => string | null;
  databaseFailed: (error: unknown) => void;
  /** Somebody else writes this class now: forget it. */
  fencedOut: () => void;
  committed: (ms: number) => void;
}

export interface Coordinator {
  readonly room: Readonly<Classroom>;
  readonly sfuNode: string | null;
  command(actor: Person, command: PageCommand): Promise<object>;
  enter(presence: Presence, lastSeq: number | null): Promise<EnterReply>;
  leave(userId: string, connectionId: string, orderly: boolean): void;
  /** Who is connected to a node already when this coordinator begins. */
  present(members: readonly Presence[]): void;
  /** Connections of nodes that are no longer alive. */
  keepNodes(alive: ReadonlySet<string>): void;
  since(seq: number): RoomEvent[];
  mayPublish(userId: string): boolean;
  roster(query: RosterQuery): ReturnType<typeof rosterPage>;
  live(): LiveTime;
  published(userId: string, source: MediaSource, state: { paused: boolean } | null): void;
  speaking(userIds: string[]): void;
  /** Compares the stage with what the SFU carries: after taking over, and when its link is back. */
  resyncStage(): Promise<void>;
  /** Where the class's media is: stays where it is while that node lives. */
  placeMedia(): string | null;
  /** Whether somebody watches the board, so that nodes send their facts each second. */
  watchFacts(watched: boolean): void;
  /** Several times a second: what is due by time. */
  tick(): void;
  /** The database is back: what memory holds is compared with what is stored. */
  recover(): Promise<void>;
  /** Nobody is connected and nothing runs. */
  readonly unused: boolean;
  /** Gives the class up because nobody is there: its media is closed with it. */
  abandon(): void;
  close(): void;
}

export interface PublishedSource {
  peerId: string;
  source: MediaSource;
  paused: boolean;
}

/** How long a place on stage is kept for someone who lost the connection, ms. */
export const stageGraceMs = 30_000;
/** How long after its end everybody may still look at the class, ms. */
const lingerMs = 10 * 60_000;
const recentKept = 500;
const unusedAfterMs = 5_000;

export function createCoordinator(deps: CoordinatorDeps, loaded: LoadedClass): Coordinator {
  const { store, now, log } = deps;
  const { fence } = loaded;
  let room = loaded.room;
  let recent = loaded.recent;
  let published = room.seq;
  let distrust = false;
  let closed = false;
  let dismissed = false;
  let emptySince = now();
  const departures = new Map<string, number>();
  const postponed: OwnCommand[] = [];
  let watched = false;
  let sfuNode = deps.placeMedia(room.id, null);

  const broadcaster = createBroadcaster({
    classId: room.id,
    bus: deps.bus,
    log,
    deliverHere: (message) => deps.deliverHere(room.id, message),
    after: room.seq,
    online: () => room.online.size,
  });
  const announcer = createAnnouncer({
    room: () => room,
    tell: (roles, name, payload) => deps.tell(room.id, roles, name, payload),
  });

  const journal = createJournal({
    log,
    write: (turns) => store.append(room.id, fence, turns),
    stored(turns, ms) {
      deps.committed(ms);
      publish(turns.flatMap(({ events }) => events));
      announcer.changed(turns);
      for (const { effects } of turns) for (const effect of effects) perform(effect);
    },
    async outOfOrder() {
      distrust = true;
      await recover();
    },
    failed(error) {
      if (isFencedOut(error)) return deps.fencedOut();
      // The write may have been stored although its answer was lost: until that is known, nothing more is written.
      distrust = true;
      deps.databaseFailed(error);
    },
    refuse: () => (distrust ? new AppError('unavailable', { retryMs: 2_000 }) : null),
  });

  function publish(events: readonly RoomEvent[]): void {
    const last = events.at(-1);
    if (!last) return;
    published = last.seq;
    recent = [...recent, ...events].slice(-recentKept);
    const changesLive = events.some(({ event }) => event.type === 'class.changed');
    broadcaster.events(events, changesLive ? live() : null);
  }

  function perform(effect: Effect): void {
    if (effect.kind === 'put-out') {
      putOut(effect.userId);
      return;
    }
    deps.perform(room.id, sfuNode, effect);
  }

  /** A banned person neither stays nor goes on watching. */
  function putOut(userId: string): void {
    broadcaster.send({ kind: 'close', userId, connectionId: null, reason: 'banned' });
    deps.leaveMedia(room.id, sfuNode, userId);
  }

  function isBanned(userId: string): boolean {
    return memberOf(room, userId).bannedAt !== null;
  }

  function live(): LiveTime {
    return { spans: room.spans.map(({ from, to }) => ({ from, to })), endedAt: room.endedAt };
  }

  function enqueue(actor: Person, decideIn: (turn: Turn) => object): Promise<object> {
    const { promise, resolve, reject } = Promise.withResolvers<object>();
    journal.enqueue({
      newTurn: () => createTurn({ room, actor, now: now() }),
      decide: decideIn,
      resolve,
      reject,
    });
    return promise;
  }

  const noLookUp = { quiz: null, chatExists: false };

  /** Done by the class itself. What cannot be stored while the database is away is done when it is back. */
  function own(command: OwnCommand): void {
    enqueue(room.host, (turn) => decide(turn, command, { screen: deps.screen, prepared: noLookUp })).catch(
      (error: unknown) => {
        if (error instanceof AppError && error.code === 'unavailable') postponed.push(command);
        else if (!(error instanceof AppError))
          log.error({ err: error, command: command.name }, 'could not be done');
      },
    );
  }

  async function lookUp(command: PageCommand): Promise<{ quiz: AskedQuiz | null; chatExists: boolean }> {
    switch (command.name) {
      case 'quiz.open': {
        const { request } = command;
        if (!('draftId' in request)) return { quiz: { preparedId: null, draft: request }, chatExists: false };
        const quiz = room.quizzes.has(request.draftId)
          ? null
          : await store.preparedQuiz(room.id, request.draftId);
        if (!quiz) throw new AppError(room.quizzes.has(request.draftId) ? 'already-done' : 'not-found');
        return { quiz, chatExists: false };
      }
      case 'chat.delete': {
        const { id } = command.request;
        const here = room.chat.some((message) => message.id === id);
        return { quiz: null, chatExists: here || (await store.chatExists(room.id, id)) };
      }
      default:
        return noLookUp;
    }
  }

  function place(): string | null {
    sfuNode = deps.placeMedia(room.id, sfuNode);
    return sfuNode;
  }

  function arrive(presence: Presence): void {
    const { userId } = presence.person;
    const hostCame = userId === room.host.userId && !room.online.has(userId);
    room.online.set(userId, presence);
    room.people.set(userId, presence.person);
    departures.delete(userId);
    announcer.countsChanged();
    if (hostCame && !isOver(room)) own({ name: 'host.seen', online: true });
  }

  function depart(userId: string, orderly: boolean): void {
    room.online.delete(userId);
    emptySince = now();
    announcer.countsChanged();
    departures.set(userId, orderly ? now() : now() + stageGraceMs);
    if (orderly) expireDepartures();
  }

  function expireDepartures(): void {
    for (const [userId, at] of departures) {
      if (at > now()) continue;
      departures.delete(userId);
      deps.leaveMedia(room.id, sfuNode, userId);
      if (userId === room.host.userId) own({ name: 'host.seen', online: false });
      else if (memberOf(room, userId).stage !== null) own({ name: 'stage.expired', userId });
    }
  }

  async function resyncStage(): Promise<void> {
    if (isOver(room)) return;
    const carried = await deps.stageOf(room.id, sfuNode);
    if (!carried) return;
    for (const [userId, sources] of room.sources)
      for (const source of sources.keys())
        if (!carried.some((one) => one.peerId === userId && one.source === source))
          own({ name: 'stage.published', userId, source, state: null });
    for (const { peerId: userId, source, paused } of carried)
      own({ name: 'stage.published', userId, source, state: { paused } });
  }

  // Whoever was on stage under the former coordinator keeps the place until it is clear that they are gone.
  for (const { userId, stage } of room.members.values())
    if (stage !== null) departures.set(userId, now() + stageGraceMs);

  return {
    get room() {
      return room;
    },
    get sfuNode() {
      return sfuNode;
    },
    async command(actor, command) {
      const prepared = await lookUp(command);
      return enqueue(actor, (turn) => {
        // What was on its way when the ban came.
        if (isBanned(actor.userId)) throw new AppError('banned');
        return decide(turn, command, { screen: deps.screen, prepared });
      });
    },
    async enter(presence, lastSeq) {
      const { person } = presence;
      if (closed) throw new FencedOut();
      if (isBanned(person.userId)) throw new AppError('banned');
      const over = room.state === 'cancelled' || (room.endedAt !== null && now() - room.endedAt > lingerMs);
      if (over && person.role === 'attendee') throw new AppError('class-ended');
      const former = room.online.get(person.userId);
      if (former && former.connectionId !== presence.connectionId)
        broadcaster.send({
          kind: 'close',
          userId: person.userId,
          connectionId: former.connectionId,
          reason: 'replaced-in-class',
        });
      arrive(presence);
      place();
      // What is not stored yet is no part of the snapshot: the queue has to come to rest for a moment.
      return enqueue(person, () => ({})).then(
        () => entered(person, lastSeq),
        (error: unknown) => {
          if (error instanceof AppError && error.code === 'unavailable') return entered(person, lastSeq);
          throw error;
        },
      );
    },
    leave(userId, connectionId, orderly) {
      // A connection that was replaced closes later than its successor opened.
      if (room.online.get(userId)?.connectionId === connectionId) depart(userId, orderly);
    },
    present(members) {
      for (const presence of members) {
        const { userId } = presence.person;
        // The former coordinator stored the ban and did not live to tell.
        if (isBanned(userId)) putOut(userId);
        else if (!room.online.has(userId)) arrive(presence);
      }
    },
    keepNodes(alive) {
      for (const [userId, { nodeId }] of room.online) if (!alive.has(nodeId)) depart(userId, false);
    },
    since: (seq) => recent.filter((event) => event.seq > seq),
    mayPublish: (userId) => mayPublish(room, userId),
    roster: (query) => rosterPage(room, query),
    live,
    published(userId, source, state) {
      if (isOver(room)) return;
      own({ name: 'stage.published', userId, source, state });
    },
    resyncStage,
    placeMedia: place,
    watchFacts(wanted) {
      watched = wanted;
      broadcaster.send({ kind: 'watch', watched });
    },
    speaking: (userIds) => announcer.speaking(userIds),
    tick() {
      const at = now();
      for (const quiz of room.quizzes.values())
        if (quiz.closedAt === null && quiz.closesAt <= at && journal.idle && !distrust)
          own({ name: 'quiz.timeout', quizId: quiz.id });
      expireDepartures();
      announcer.tick();
      if (!dismissed && room.endedAt !== null && at - room.endedAt > lingerMs && room.online.size > 0) {
        dismissed = true;
        broadcaster.send({ kind: 'dismiss' });
      }
    },
    recover,
    get unused() {
      const running = room.state === 'live' || room.state === 'paused';
      return (
        room.online.size === 0 &&
        departures.size === 0 &&
        !running &&
        journal.idle &&
        now() - emptySince > unusedAfterMs
      );
    },
    abandon() {
      if (sfuNode !== null) deps.perform(room.id, sfuNode, { kind: 'close-class' });
    },
    close() {
      if (closed) return;
      closed = true;
      journal.close(new FencedOut());
      broadcaster.close();
    },
  };

  /** Memory is made anew from what is stored; what was stored and not told yet is told now. */
  async function recover(): Promise<void> {
    if (!distrust) return;
    let stored: LoadedClass;
    try {
      stored = await store.reload(room.id, fence);
    } catch (error) {
      if (!isFencedOut(error)) throw error;
      deps.fencedOut();
      return;
    }
    stored.room.online = room.online;
    stored.room.sources = room.sources;
    room = stored.room;
    distrust = false;
    const untold = stored.recent.filter(({ seq }) => seq > published);
    published = room.seq;
    publish(untold);
    announcer.countsChanged();
    for (const command of postponed.splice(0)) own(command);
  }

  function entered(person: Person, lastSeq: number | null): EnterReply {
    const policy = policyFrom(room.policy);
    return {
      snapshot: snapshotView(room, person, policy.heartbeatMs, now()),
      missed: missedBy(person, lastSeq),
      live: live(),
      watched,
      policy,
      sfuNode,
    };
  }

  /** Null when more was missed than is kept: the snapshot says it all. */
  function missedBy({ userId, role }: Person, lastSeq: number | null): ClassEvent[] | null {
    if (lastSeq === null || lastSeq > room.seq) return null;
    const oldest = recent[0];
    if (lastSeq < room.seq && (!oldest || oldest.seq > lastSeq + 1)) return null;
    return recent
      .filter(({ seq, audience }) => seq > lastSeq && hears(audience, role, userId))
      .map((event) => asSeenBy(event, role));
  }
}

/** The hosts hear everything; a learner what is for all, and what concerns themself. */
export function hears(audience: string, role: ClassRole, userId: string): boolean {
  return role !== 'attendee' || audience === 'all' || audience === userId;
}

export function asSeenBy({ event, perRole }: RoomEvent, role: ClassRole): ClassEvent {
  return perRole[role] ?? event;
}
