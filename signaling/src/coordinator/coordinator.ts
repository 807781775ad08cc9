/** One class, held by one node: who is in it, what is going on, and the order in which it happened. */
import type { ClassRole, MediaSource } from '@keshi/contract/domain';
import type { ClassEvent, Person, RecordingNow } from '@keshi/contract/signaling';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { ClassBus } from '@keshi/runtime/state/ports';
import { createClassChecks, type ClassChecks } from '../identity/class-checks.ts';
import type { CheckStore } from '../identity/store.ts';
import { policyFrom } from '../presence/policy.ts';
import type { Screen } from '../screening.ts';
import { createAnnouncer } from './announcer.ts';
import { createClassMedia, type MediaDeps } from './class-media.ts';
import { createClassRecording, type RecordingDeps } from './class-recording.ts';
import { createBroadcaster } from './broadcaster.ts';
import { isOver, mayPublish, memberOf, type Classroom, type Presence } from './classroom.ts';
import { decide, type OwnCommand, type PageCommand } from './commands.ts';
import { FencedOut, isFencedOut } from './fencing.ts';
import { createGathering } from './gathering.ts';
import { createJournal } from './journal.ts';
import type { Broadcast, EnterReply, LiveTime, MediaPlace, Placing } from './messages.ts';
import type { AskedQuiz } from './quiz.ts';
import { rosterPage, type RosterQuery } from './roster.ts';
import type { ClassStore, LoadedClass } from './store.ts';
import { createTurn, type Effect, type RoomEvent, type Turn } from './turn.ts';
import { snapshotView } from './views.ts';

export interface CoordinatorDeps extends MediaDeps, RecordingDeps {
  nodeId: string;
  store: ClassStore;
  checkStore: CheckStore;
  /** [PR7] 1, or more where the proctors cannot keep up. */
  checkStretch: () => number;
  /** How many classes this node coordinates. */
  neighbours: () => number;
  bus: ClassBus;
  screen: Screen;
  log: Logger;
  now: () => number;
  deliverHere: (classId: string, message: Broadcast) => void;
  databaseFailed: (error: unknown) => void;
  /** Somebody else writes this class now: forget it. */
  fencedOut: () => void;
  committed: (ms: number) => void;
}

export interface Coordinator {
  readonly room: Readonly<Classroom>;
  /** Who is asked to show themself. */
  readonly checks: ClassChecks;
  command(actor: Person, command: PageCommand): Promise<object>;
  /** `placing` null: without media. */
  enter(presence: Presence, lastSeq: number | null, placing: Placing | null): Promise<EnterReply>;
  leave(userId: string, connectionId: string, orderly: boolean): void;
  /** Who is connected to a node already when this coordinator begins. */
  present(members: readonly Presence[]): void;
  /** Connections of nodes that are no longer alive. */
  keepNodes(alive: ReadonlySet<string>): void;
  since(seq: number): RoomEvent[];
  mayPublish(userId: string): { allowed: boolean; held: readonly MediaSource[] };
  roster(query: RosterQuery): ReturnType<typeof rosterPage>;
  live(): LiveTime;
  /** News from an SFU node. */
  published(nodeId: string, userId: string, source: MediaSource, state: { paused: boolean } | null): void;
  speaking(nodeId: string, userIds: string[]): void;
  recorded(nodeId: string, state: RecordingNow['state']): void;
  mediaNodeLost(nodeId: string): void;
  /** After taking over, and when the link to an SFU node is back. */
  resyncMedia(): void;
  /** Where a person's media goes: it stays where it is while that node lives. */
  placeMedia(userId: string, placing: Placing): MediaPlace;
  /** Whether somebody watches the board, so that nodes send their facts each second. */
  watchFacts(watched: boolean): void;
  /** Several times a second: what is due by time. */
  /**
   * What waits for its time. The times are the caller's, who goes through thousands of classes several times a second;
   * `steadyAt` never goes back.
   */
  tick(at: number, steadyAt: number): void;
  /** The database is back: what memory holds is compared with what is stored. */
  recover(): Promise<void>;
  /** Nobody is connected and nothing runs. */
  readonly unused: boolean;
  /** Gives the class up because nobody is there: its media is closed with it. */
  abandon(): void;
  close(): void;
}

/** How long after its end everybody may still look at the class, ms. */
const lingerMs = 10 * 60_000;
const recentKept = 500;
const unusedAfterMs = 5_000;
const raiseEveryMs = 5_000;

export function createCoordinator(deps: CoordinatorDeps, loaded: LoadedClass): Coordinator {
  const { store, now, log } = deps;
  const { fence } = loaded;
  let room = loaded.room;
  let recent = loaded.recent;
  let published = room.seq;
  let distrust = false;
  let closed = false;
  let dismissed = false;
  const postponed: OwnCommand[] = [];
  let watched = false;
  let raisedAt = 0;

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
    tell: (roles, news) => broadcaster.send({ kind: 'news', roles: [...roles], news }),
  });

  const media = createClassMedia({
    room: () => room,
    own,
    changed() {
      recording.settle();
      announcer.countsChanged();
    },
    log,
    deps,
  });
  const recording = createClassRecording({
    room: () => room,
    hostNode: () => media.nodeOf(room.host.userId),
    anyNode: () => media.nodes().sort()[0] ?? null,
    filesWanted: () => room.overflow.files > 0,
    now,
    tell: (recordingNow) => announcer.recording(recordingNow),
    log,
    deps,
  });
  const gathering = createGathering({
    room: () => room,
    now,
    send: broadcaster.send,
    changed: announcer.countsChanged,
    hostCame() {
      if (!isOver(room)) own({ name: 'host.seen', online: true });
    },
    gone(userId) {
      if (userId === room.host.userId) own({ name: 'host.seen', online: false });
      else if (memberOf(room, userId).stage !== null) own({ name: 'stage.expired', userId });
    },
    leaveMedia: media.leave,
  });

  const checks = createClassChecks({
    room: () => room,
    store: deps.checkStore,
    now,
    send: broadcaster.send,
    stretch: deps.checkStretch,
    neighbours: deps.neighbours,
    databaseFailed: deps.databaseFailed,
    log,
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
    switch (effect.kind) {
      case 'put-out':
        return gathering.putOut(effect.userId);
      case 'class-changed':
        return isOver(room) ? void closeMedia() : recording.settle();
      default:
        media.perform(effect);
    }
  }

  /** What is recorded is stored before its streams go. */
  async function closeMedia(): Promise<void> {
    await recording.end();
    media.perform({ kind: 'close-class' });
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

  return {
    get room() {
      return room;
    },
    checks,
    async command(actor, command) {
      // It may have been changed since this coordinator began, and may not be any more from here on.
      if (command.name === 'class.start' && room.state === 'scheduled')
        room.record = await store.isRecorded(room.id);
      const prepared = await lookUp(command);
      return enqueue(actor, (turn) => {
        // What was on its way when the ban came.
        if (gathering.isBanned(actor.userId)) throw new AppError('banned');
        return decide(turn, command, { screen: deps.screen, prepared });
      });
    },
    async enter(presence, lastSeq, placing) {
      const { person } = presence;
      if (closed) throw new FencedOut();
      if (gathering.isBanned(person.userId)) throw new AppError('banned');
      const over = room.state === 'cancelled' || (room.endedAt !== null && now() - room.endedAt > lingerMs);
      if (over && person.role === 'attendee') throw new AppError('class-ended');
      const place = placing && !isOver(room) ? media.place(person.userId, person.role, placing) : null;
      gathering.arrive(presence);
      // What is not stored yet is no part of the snapshot: the queue has to come to rest for a moment.
      return enqueue(person, () => ({})).then(
        () => entered(person, lastSeq, place),
        (error: unknown) => {
          if (error instanceof AppError && error.code === 'unavailable')
            return entered(person, lastSeq, place);
          throw error;
        },
      );
    },
    leave: gathering.leave,
    present(members) {
      for (const { person, media: present } of members) media.remember(person.userId, present);
      gathering.present(members);
    },
    keepNodes: gathering.keepNodes,
    since: (seq) => recent.filter((event) => event.seq > seq),
    mayPublish: (userId) => ({ allowed: mayPublish(room, userId), held: memberOf(room, userId).held }),
    roster: (query) => rosterPage(room, query),
    live,
    published(nodeId, userId, source, state) {
      if (isOver(room) || !media.believes(userId, nodeId)) return;
      own({ name: 'stage.published', userId, source, state });
    },
    resyncMedia() {
      media.resync();
      recording.resync();
    },
    placeMedia(userId, placing) {
      const role =
        room.online.get(userId)?.person.role ?? (userId === room.host.userId ? 'host' : 'attendee');
      return media.place(userId, role, placing);
    },
    recorded: recording.heard,
    mediaNodeLost(nodeId) {
      media.nodeLost(nodeId);
      recording.nodeLost(nodeId);
    },
    watchFacts(wanted) {
      watched = wanted;
      broadcaster.send({ kind: 'watch', watched });
    },
    speaking: announcer.speaking,
    tick(at, steadyAt) {
      for (const quiz of room.quizzes.values())
        if (quiz.closedAt === null && quiz.closesAt <= at && journal.idle && !distrust)
          own({ name: 'quiz.timeout', quizId: quiz.id });
      gathering.tick(at);
      announcer.tick(steadyAt);
      recording.tick(at);
      checks.tick(steadyAt);
      raise(at);
      if (!dismissed && room.endedAt !== null && at - room.endedAt > lingerMs && room.online.size > 0) {
        dismissed = true;
        broadcaster.send({ kind: 'dismiss' });
      }
    },
    recover,
    get unused() {
      const running = room.state === 'live' || room.state === 'paused';
      const { emptySince } = gathering;
      return !running && journal.idle && emptySince !== null && now() - emptySince > unusedAfterMs;
    },
    abandon() {
      media.perform({ kind: 'close-class' });
    },
    close() {
      if (closed) return;
      closed = true;
      media.close();
      recording.close();
      checks.close();
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
    stored.room.recording = room.recording;
    stored.room.overflow = room.overflow;
    room = stored.room;
    distrust = false;
    const untold = stored.recent.filter(({ seq }) => seq > published);
    published = room.seq;
    publish(untold);
    announcer.countsChanged();
    for (const command of postponed.splice(0)) own(command);
    // What follows from a command whose write was stored and its answer lost.
    for (const userId of room.online.keys()) if (gathering.isBanned(userId)) gathering.putOut(userId);
    media.resync();
  }

  /** Who was given less for want of room is given more when there is some again. */
  function raise(at: number): void {
    if (at - raisedAt < raiseEveryMs) return;
    raisedAt = at;
    const userIds = isOver(room) ? [] : media.toRaise();
    if (userIds.length > 0) broadcaster.send({ kind: 'more-media', userIds });
  }

  function entered(person: Person, lastSeq: number | null, place: MediaPlace | null): EnterReply {
    const policy = policyFrom(room.policy);
    return {
      snapshot: snapshotView(room, person, policy.heartbeatMs, now()),
      missed: missedBy(person, lastSeq),
      live: live(),
      watched,
      policy,
      place,
      identity: person.role === 'attendee' ? checks.of(person.userId) : null,
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
