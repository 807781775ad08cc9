/** Connections of this node coming, going and being sent away, and what the coordinators of their classes are told of it. */
import { newId } from '@keshi/db/ids';
import { createDueList } from '@keshi/runtime/due-list';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { Boards } from './board/boards.ts';
import { dismiss, type ClassSocket, type Connection, type Connections } from './connections.ts';
import type { Coordinators } from './coordinator/coordinators.ts';
import type { Broadcast, LearnerIdentity } from './coordinator/messages.ts';
import type { LocalClass } from './local-classes.ts';
import type { Chips } from './presence/chips.ts';
import type { Visits } from './presence/visits.ts';
import type { Wire } from './wire/wire.ts';

export interface Door {
  open(socket: ClassSocket): Connection;
  /** Idempotent: a connection goes once. */
  depart(connection: Connection, cause: 'left' | 'lost'): void;
  /** Tells the coordinator that a connection is gone. */
  farewell(connection: Connection, orderly?: boolean): void;
  /** What the coordinator of a class says to the nodes that have somebody in it. */
  heard(local: LocalClass, message: Exclude<Broadcast, { kind: 'frame' | 'news' }>): void;
  /** Tells the coordinator who is here. */
  announceMembers(classId: string): Promise<void>;
  /** Whoever connects and never joins is no page of ours; and who has been silent for long is not there any more. */
  closeSilent(): void;
}

export interface DoorDeps {
  nodeId: string;
  now: () => number;
  log: Logger;
  connections: Connections;
  coordinators: Coordinators;
  visits: Visits;
  chips: Chips;
  boards: Boards;
  /** It is no longer told what happens in its class. */
  leave: (connection: Connection) => void;
  catchUp: (classId: string) => Promise<void>;
  /** Something is to be said to a learner of being recognised. */
  identify: (connection: Connection, identity: LearnerIdentity) => void;
  wireOf: (socket: ClassSocket) => Wire;
  isDraining: () => boolean;
}

const strangerMs = 60_000;
/** A page that is out of sight may beat once a minute only. */
const silentMs = 150_000;
/** Where pages beat more rarely than that allows for. */
const silentBeats = 2.5;
const nothing = () => ({});

export function createDoor(deps: DoorDeps): Door {
  const { nodeId, now, log, connections, coordinators, visits, chips, boards } = deps;
  /** When each connection may have been silent for too long. */
  const due = createDueList<Connection>();

  function close(classId: string, message: Extract<Broadcast, { kind: 'close' }>): void {
    const { connectionId, userId, reason } = message;
    const one = connectionId === null ? null : connections.get(connectionId);
    const meant = connectionId === null ? [...connections.all()] : one ? [one] : [];
    for (const connection of meant) {
      if (connection.classId !== classId || connection.person.userId !== userId) continue;
      if (reason === 'replaced-in-class') visits.close(connection, 'replaced');
      dismiss(connection, reason);
    }
  }

  async function announceMembers(classId: string): Promise<void> {
    const members = connections
      .ofClass(classId)
      .filter(({ stage }) => stage === 'joined')
      .map(({ person, id: connectionId, media }) => ({ person, connectionId, nodeId, media }));
    await coordinators
      .ask(classId, { kind: 'present', members }, nothing)
      .then(() => boards.rewatch(classId, connections.ofClass(classId)))
      .catch((error: unknown) => log.warn({ err: error, classId }, 'could not say who is here'));
  }

  /** What it says meanwhile only makes that later. Whoever is being taken in has a visit in a moment. */
  function silentAt(connection: Connection): number {
    const visit = visits.of(connection);
    if (visit) return visit.facts.lastSeenAt + Math.max(silentMs, silentBeats * visit.policy.heartbeatMs);
    return connection.stage === 'connected' ? connection.openedAt + strangerMs : now() + silentMs;
  }

  function farewell(connection: Connection, orderly = false): void {
    if (deps.isDraining()) return;
    const { classId, person, id: connectionId } = connection;
    coordinators
      .ask(classId, { kind: 'leave', userId: person.userId, connectionId, orderly }, nothing)
      .catch((error: unknown) => {
        if (!(error instanceof AppError)) log.warn({ err: error, classId }, 'could not say who left');
      });
  }

  return {
    open(socket) {
      const { claims } = socket.data;
      const connection: Connection = {
        id: socket.id,
        socket,
        wire: deps.wireOf(socket),
        classId: claims.classId,
        sid: claims.sid,
        person: { userId: claims.sub, name: claims.name, role: claims.role },
        visitId: newId(now()),
        stage: 'connected',
        media: { kind: 'none' },
        identity: null,
        openedAt: now(),
        refusals: null,
      };
      connections.add(connection);
      due.set(connection, silentAt(connection) + 1);
      return connection;
    },
    depart(connection, cause) {
      const { stage } = connection;
      if (stage === 'gone') return;
      connection.stage = 'gone';
      connections.remove(connection);
      due.delete(connection);
      if (cause === 'left') visits.leave(connection);
      else visits.close(connection, 'lost');
      chips.forget(connection);
      boards.unwatch(connection);
      if (stage === 'connected') return;
      deps.leave(connection);
      farewell(connection, cause === 'left');
    },
    farewell,
    heard(local, message) {
      const { classId } = local;
      switch (message.kind) {
        case 'close':
          return close(classId, message);
        case 'dismiss':
          for (const connection of connections.ofClass(classId)) dismiss(connection, 'class-ended');
          return;
        case 'watch':
          local.watched = message.watched;
          return;
        case 'coordinator':
          local.watched = false;
          void announceMembers(classId);
          void deps.catchUp(classId);
          return;
        case 'identity':
          for (const identity of message.learners) {
            const connection = connections.find(classId, identity.userId);
            if (connection) deps.identify(connection, identity);
          }
          return;
        case 'more-media':
          for (const userId of message.userIds)
            connections.find(classId, userId)?.socket.emit('media.reset', { reason: 'capacity' });
          return;
      }
    },
    announceMembers,
    closeSilent() {
      for (const connection of due.take(now())) {
        const at = silentAt(connection);
        if (now() > at) connection.socket.disconnect(true);
        else due.set(connection, at + 1);
      }
    },
  };
}
