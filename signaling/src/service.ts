/** Signaling as a service: the classes in progress of one node. Its own process and the one-machine composition use it. */
import { randomUUID } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import { checkHint, checkHints } from '@keshi/contract/class-checks';
import type { Db } from '@keshi/db/client';
import { isUnavailable } from '@keshi/db/client';
import { openOutage, recordOutage } from '@keshi/db/outages';
import { recordingEnded, recordingStarted } from '@keshi/db/recordings';
import { systemClock, type Clock } from '@keshi/runtime/clock';
import type { Config } from '@keshi/runtime/config';
import { AppError } from '@keshi/runtime/errors';
import type { Health } from '@keshi/runtime/health';
import type { Logger } from '@keshi/runtime/log';
import type { Metrics } from '@keshi/runtime/metrics';
import type { State } from '@keshi/runtime/state/ports';
import { createRoomAdapter } from './adapter.ts';
import { createBoards, boardRoom } from './board/boards.ts';
import { createConnections, dismiss, type ClassSocket, type Connection } from './connections.ts';
import { answerRequest } from './coordinator/answer.ts';
import { createCoordinators } from './coordinator/coordinators.ts';
import { classRequest, sinceReply, type LearnerIdentity } from './coordinator/messages.ts';
import { createClassStore } from './coordinator/stored-class.ts';
import type { RoomEvent } from './coordinator/turn.ts';
import { createDoor } from './door.ts';
import { createEdge } from './edge.ts';
import { createLiveLooks } from './identity/live-looks.ts';
import { createProctorLoad } from './identity/proctor-load.ts';
import { createCheckStore } from './identity/store.ts';
import { createLocalClasses, type LocalClass } from './local-classes.ts';
import type { MediaNodes } from './media/nodes.ts';
import { hlsUrl } from './media/hls-url.ts';
import { createRecordingsJanitor } from './media/recordings-janitor.ts';
import { createMediaRelay } from './media/relay.ts';
import { iceServersFor } from './media/turn-credentials.ts';
import { createMembership } from './membership.ts';
import { createMeters } from './meters.ts';
import { connectionsWithin, openFileLimit } from './open-files.ts';
import { comerOf, createPageHandlers } from './page-handlers.ts';
import { createChips } from './presence/chips.ts';
import { createEarningLeases } from './presence/earning-leases.ts';
import { consumePresence, createFactBuffer } from './presence/facts.ts';
import { createVisits } from './presence/visits.ts';
import { createConnectionLimits, type ConnectionLimits } from './rate-limits.ts';
import { loadScreen, type Screen } from './screening.ts';
import { createSessions } from './sessions.ts';
import { createSlowReaders } from './slow-readers.ts';
import { createSocketServer } from './sockets.ts';
import { createTroubles } from './troubles.ts';
import { createTurnstile, type Turnstile } from './turnstile.ts';
import { createAdmission } from './whip/admission.ts';
import type { WhipHandler } from './whip/routes.ts';
import { createWhipStage } from './whip/stage.ts';
import { createWhip } from './whip/whip.ts';

export interface SignalingDeps {
  /** Listening or about to; it stays its maker's to close. */
  http: HttpServer;
  config: Pick<Config, 'tokenSecret' | 'redisUrl' | 'turn' | 'trustProxy'> & {
    signaling: Pick<Config['signaling'], 'region' | 'hlsViewers'>;
  };
  state: State;
  db: Db;
  media: MediaNodes;
  log: Logger;
  metrics: Metrics;
  health: Health;
  clock?: Clock;
  screen?: Screen;
  limits?: ConnectionLimits;
  turnstile?: Turnstile;
  /** How many may be connected at once; by default as many as the system lets this process open. */
  mostConnections?: number;
  /** Names one life of this process. */
  nodeId?: string;
}

export interface Signaling {
  readonly nodeId: string;
  /** Answers the encoders' requests under /whip; false for all others, which the caller answers. */
  readonly handle: WhipHandler;
  /** Everything that would have to be gone after everybody left: what a leak would show in. */
  census(): Record<'connections' | 'classes' | 'visits' | 'coordinators' | 'slowReaders', number>;
  /** Sends everybody elsewhere, hands the classes on, and writes presence to the end. Idempotent. */
  close(): Promise<void>;
}

const tickMs = 250;
const flushMs = 1_000;
/** How often all connections are gone through for those that are silent, ms. */
const sweepMs = 2_000;
const silentSweepMs = 10_000;
/** How long a learner may earn in two places when the word of it was lost [WL4]. */
const leasesMs = 20_000;
const janitorMs = 20_000;
const proctorLoadMs = 5_000;
/** A node that has no room for more has none soon. */
const fullRetryMs = 1_000;
/** Pages of a drained node come back spread over this time. */
const drainSpreadMs = 4_000;

/** Rejects when shared state cannot be reached: a node nobody can find should not start. */
export async function createSignaling(deps: SignalingDeps): Promise<Signaling> {
  const { state, db, clock: now = systemClock, nodeId = randomUUID() } = deps;
  const log = deps.log.child({ part: 'signaling', nodeId });
  const meters = createMeters(deps.metrics);
  const connections = createConnections();
  const turnstile = deps.turnstile ?? createTurnstile({ now: () => performance.now() });
  const { mostConnections = connectionsWithin(openFileLimit()) } = deps;
  let draining = false;
  let closing: Promise<void> | null = null;

  const rooms = deps.config.redisUrl ? await createRoomAdapter(deps.config.redisUrl, log) : null;
  const sessions = createSessions({
    bus: state.bus,
    db,
    connections,
    now,
    log,
    ended: (sid) => whip.loginEnded(sid),
  });
  const { io, wireOf } = createSocketServer({
    http: deps.http,
    tokenSecret: deps.config.tokenSecret,
    now,
    log,
    adapter: rooms?.adapter ?? null,
    admit({ sid, sub, classId, role }, returning) {
      if (draining) throw new AppError('draining', { retryMs: 1_000 });
      const ended = sessions.reasonOf(sid);
      if (ended) throw new AppError(ended);
      // Another node may have room: after two refusals pages ask without their class, and are sent to the emptiest.
      if (connections.size >= mostConnections) throw new AppError('busy', { retryMs: fullRetryMs });
      const retryMs = turnstile.atDoor(comerOf(role, returning || visits.wasHere(classId, sub)));
      if (retryMs !== null) throw new AppError('busy', { retryMs });
    },
    count: meters.connected,
  });

  const outagesChanged = () => {
    state.bus.publish('outages', {}).catch(() => chips.outagesChanged());
  };
  const troubles = createTroubles({
    db,
    now,
    log,
    tellHosts(trouble) {
      for (const connection of connections.all())
        if (connection.person.role === 'host') connection.socket.emit('trouble', trouble);
    },
    async databaseBack() {
      await Promise.all(coordinators.all().map((coordinator) => coordinator.recover()));
    },
    recorded: outagesChanged,
  });
  const databaseFailed = (error: unknown) => {
    if (isUnavailable(error)) troubles.began('database');
  };

  const facts = createFactBuffer({
    log: state.presenceLog,
    logger: log,
    onBatch: (batch) => boards.publish(batch),
  });
  const visits = createVisits({ nodeId, now, note: facts.note, changed: (visit) => chips.push(visit) });
  const leases = createEarningLeases({
    db,
    bus: state.bus,
    now,
    log,
    connections,
    visits,
    databaseFailed,
  });
  const chips = createChips({
    db,
    now,
    log,
    visits,
    liveOf: (classId) => classes.get(classId)?.live ?? null,
  });

  const relay = createMediaRelay({
    nodes: deps.media,
    connections,
    log,
    iceServers: (id) => iceServersFor(deps.config.turn, id, now()),
    published: (classId, nodeId, userId, source, published) =>
      coordinators.here(classId)?.published(nodeId, userId, source, published),
    speaking: (classId, nodeId, userIds) => coordinators.here(classId)?.speaking(nodeId, userIds),
    recording: (classId, nodeId, recordingNow) => coordinators.here(classId)?.recorded(nodeId, recordingNow),
    nodeLost(nodeId) {
      for (const coordinator of coordinators.all()) coordinator.mediaNodeLost(nodeId);
    },
    mediaTrouble(lasts) {
      if (lasts) troubles.began('media');
      else troubles.ended('media');
    },
    linkBack() {
      for (const coordinator of coordinators.all()) coordinator.resyncMedia();
    },
  });

  const load = createProctorLoad({ jobs: state.jobs, log });
  const coordinators = createCoordinators({
    nodeId,
    lease: state.lease,
    bus: state.bus,
    store: createClassStore(db),
    checkStore: createCheckStore(db),
    checkStretch: load.stretch,
    screen: deps.screen ?? loadScreen(),
    log,
    now,
    deliverHere: (classId, message) => classes.deliver(classId, message),
    mediaNodes: deps.media.list,
    placed: deps.media.placed,
    perform: relay.perform,
    spread: relay.spread,
    stageOf: relay.stageOf,
    leaveMedia: relay.leave,
    hlsViewers: deps.config.signaling.hlsViewers,
    record: relay.record,
    async recordingNodes(classId) {
      const nodes = deps.media.list().map(({ id }) => id);
      const stages = await Promise.all(nodes.map((nodeId) => relay.stageOf(classId, nodeId)));
      return nodes.filter((_, at) => stages[at]?.records);
    },
    recordingStarted: (classId, at) => recordingStarted(db, { classId, at }),
    async recordingEnded(classId, at) {
      await recordingEnded(db, { classId, at });
      void recordings.sweep();
    },
    databaseFailed,
    committed: meters.committed,
    answer: (coordinator, request) => answerRequest(coordinator, request, boards),
    parse: (payload) => classRequest.parse(payload),
  });

  const recordings = createRecordingsJanitor({
    nodeId,
    db,
    lease: state.lease,
    nodes: deps.media.list,
    finish: relay.finishRecording,
    now,
    log,
  });

  const looks = createLiveLooks({ bus: state.bus, connections, now });
  const boards = createBoards({
    nodeId,
    db,
    bus: state.bus,
    now,
    log,
    coordinators,
    isWatched: (classId) => classes.get(classId)?.watched ?? false,
    tell: (classId, role, board, whom) =>
      (whom === 'here' ? io.local : io).to(boardRoom(classId, role)).emit('board', board),
  });

  const classes = createLocalClasses({
    bus: state.bus,
    connections,
    log,
    fetchMissed: (classId, seq) =>
      coordinators
        .ask(classId, { kind: 'since', seq }, (reply) => sinceReply.parse(reply))
        .then(({ events }) => events),
    onEvents,
    onMessage: (local, message) => door.heard(local, message),
  });

  function onEvents({ classId }: LocalClass, events: readonly RoomEvent[]): void {
    for (const { event } of events) {
      if (event.type !== 'class.changed') continue;
      if (event.class.state === 'paused') visits.signalClass(classId, 'pause', event.at);
      if (event.class.state === 'ended') {
        visits.signalClass(classId, 'end', event.at);
        whip.classEnded(classId);
      }
      // What the pause or the end proved is looked at now, by everybody: it does not wait for the next second.
      if (event.class.state === 'paused' || event.class.state === 'ended') void facts.flush();
      chips.pushClass(classId);
    }
  }

  /** What a learner's page is told, and whether its proofs count from now on [AT1]. */
  function identify(connection: Connection, identity: LearnerIdentity): void {
    const askedBefore = connection.identity === identity ? undefined : connection.identity?.ask?.id;
    const tookBack = connection.identity?.checks.length ?? 0;
    connection.identity = identity;
    visits.identity(connection, identity.standing.overdueSince);
    // What a failed check took back, or gave, is told at once [PR5].
    const visit = identity.checks.length === tookBack ? null : visits.of(connection);
    if (visit) chips.push(visit);
    if (connection.stage !== 'joined') return;
    connection.socket.emit('identity.standing', identity.standing);
    if (identity.ask && identity.ask.id !== askedBefore) connection.socket.emit('identity.ask', identity.ask);
  }

  const door = createDoor({
    nodeId,
    now,
    log,
    connections,
    coordinators,
    visits,
    chips,
    boards,
    leave(connection) {
      leases.left(connection);
      classes.leave(connection);
    },
    catchUp: (classId) => classes.catchUp(classId),
    identify,
    wireOf,
    isDraining: () => draining,
  });

  const edge = createEdge({
    handlers: createPageHandlers({
      nodeId,
      now,
      log,
      connections,
      coordinators,
      classes,
      visits,
      chips,
      relay,
      boards,
      troubles,
      turnstile,
      depart: door.depart,
      farewell: door.farewell,
      earns: leases.joined,
      identify,
      looks,
      region: deps.config.signaling.region,
      hlsUrl: ({ classId, person, sid }) =>
        hlsUrl({ secret: deps.config.tokenSecret, classId, sub: person.userId, sid, now: now() }),
    }),
    onBeat: (connection, beat) => visits.beat(connection, beat),
    accepted: (connection, at) => visits.message(connection, at),
    limits: deps.limits ?? createConnectionLimits(),
    now,
    log,
    count: meters.event,
  });

  const whip = await createWhip({
    stage: createWhipStage({
      admit: createAdmission({
        coordinators,
        relay,
        region: deps.config.signaling.region,
        isDraining: () => draining,
      }),
      link: deps.media.link,
    }),
    nodeId,
    bus: state.bus,
    tokenSecret: deps.config.tokenSecret,
    endedLogins: sessions.endedOf,
    iceServers: (userId) => iceServersFor(deps.config.turn, userId, now()),
    trustProxy: deps.config.trustProxy,
    now,
    log,
  });

  io.on('connection', (socket: ClassSocket) => {
    const connection = door.open(socket);
    sessions.opened(connection.sid);
    edge.attach(connection);
    socket.on('disconnect', () => door.depart(connection, 'lost'));
  });

  const unsubscribe = await Promise.all([
    sessions.watch(),
    leases.watch(),
    looks.watch(),
    state.bus.subscribe('outages', () => {
      chips.outagesChanged();
      boards.rereadAll();
    }),
    state.bus.subscribe(checkHints, (message) => {
      const hint = checkHint.safeParse(message);
      if (!hint.success) return;
      const { classId, userId, checkId, decided } = hint.data;
      coordinators.here(classId)?.checks.hint(userId, { checkId, decided });
      if (decided) boards.reread(classId);
    }),
  ]);
  const consumption = await consumePresence({ log: state.presenceLog, db, nodeId, failed: databaseFailed });

  const membership = await createMembership({
    nodeId,
    state,
    db,
    now,
    log,
    nodesChanged(alive) {
      for (const coordinator of coordinators.all()) coordinator.keepNodes(alive);
    },
    forgotten() {
      visits.renew();
      for (const classId of connections.classes()) void door.announceMembers(classId);
    },
    reached(yes) {
      if (yes) troubles.ended('shared-state');
      else troubles.began('shared-state');
    },
    databaseFailed,
    recorded: outagesChanged,
  });

  const sweepWhip = () =>
    whip.sweep().catch((error: unknown) => {
      databaseFailed(error);
      log.warn({ err: error }, 'the logins of encoders could not be compared');
    });

  const slowReaders = createSlowReaders({ connections, now, log, dropped: meters.tooSlow });
  const timers = [
    setInterval(coordinators.tick, tickMs),
    setInterval(() => {
      chips.tick();
      if (turnstile.keepsWaiting) troubles.began('crowd');
      else troubles.ended('crowd');
      void sessions.check();
      void facts.flush();
      void leases.flush();
    }, flushMs),
    setInterval(() => {
      visits.sweep();
      slowReaders.look();
    }, sweepMs),
    setInterval(door.closeSilent, silentSweepMs),
    setInterval(() => void leases.compare(), leasesMs),
    setInterval(() => void boards.tick(), flushMs),
    setInterval(() => void load.look(), proctorLoadMs),
    setInterval(() => void recordings.sweep(), janitorMs),
    setInterval(() => void sweepWhip(), janitorMs),
  ];
  meters.observe({
    connections: () => connections.size,
    mostConnections: () => mostConnections,
    classes: () => coordinators.all().length,
    presenceLagSeconds: () => facts.lagMs() / 1000,
    joinsUnderWay: () => turnstile.crowd.underWay,
    joinsPerSecond: () => turnstile.crowd.perSecond,
  });
  deps.health.add({
    name: 'signaling',
    check: () =>
      draining
        ? { status: 'degraded', reason: 'draining' }
        : facts.lagMs() > 30_000
          ? { status: 'degraded', reason: 'presence is not being stored' }
          : { status: 'ok' },
  });
  log.info('signaling ready');

  /** [AT4] Without another node the outage lasts until the next one starts, whose janitor ends it. */
  async function recordDrain(from: number): Promise<void> {
    const outage = { kind: 'signaling', scope: nodeId, from, retryMs: drainSpreadMs + 200 } as const;
    if (await membership.hasOthers()) await recordOutage(db, { ...outage, to: now() });
    else await openOutage(db, outage);
  }

  async function shutDown(): Promise<void> {
    draining = true;
    for (const timer of timers) clearInterval(timer);
    membership.rest();
    const began = now();
    const left = connections.size;
    for (const connection of [...connections.all()])
      dismiss(connection, 'draining', 200 + Math.round(Math.random() * drainSpreadMs));
    await coordinators.close();
    await facts.flush();
    await leases.flush();
    if (left > 0)
      await recordDrain(began).catch((error: unknown) =>
        log.warn({ err: error }, 'the outage of draining could not be recorded'),
      );
    await Promise.all(unsubscribe.map((undo) => undo()));
    await membership.leave();
    await consumption.stop();
    await boards.close();
    await whip.close();
    await classes.close();
    troubles.close();
    // Closes the sockets; the HTTP server is its maker's, so only the engine is closed.
    io.local.disconnectSockets(true);
    io.engine.close();
    await Promise.all([...io._nsps.values()].map(async (nsp) => nsp.adapter.close()));
    rooms?.close();
    log.info({ connections: left }, 'signaling closed');
  }

  return {
    nodeId,
    handle: whip.handle,
    census: () => ({
      connections: connections.size,
      classes: classes.size,
      visits: visits.size,
      coordinators: coordinators.all().length,
      slowReaders: slowReaders.size,
    }),
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}
