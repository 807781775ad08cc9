/** Who is connected to this node, and how to find them: by class and person, and by login session. */
import type { ClientToServer, Person, ServerToClient } from '@keshi/contract/signaling';
import type { TicketClaims } from '@keshi/contract/tokens';
import type { Server, Socket } from 'socket.io';
import type { PresentMedia } from './coordinator/classroom.ts';
import type { LearnerIdentity } from './coordinator/messages.ts';
import type { Wire } from './wire/wire.ts';

export interface SocketData {
  claims: TicketClaims;
  tab: string;
}

type NoEvents = Record<string, never>;
export type ClassServer = Server<ClientToServer, ServerToClient, NoEvents, SocketData>;
export type ClassSocket = Socket<ClientToServer, ServerToClient, NoEvents, SocketData>;

export type GoodbyeReason = Parameters<ServerToClient['goodbye']>[0]['reason'];

export interface Connection {
  readonly id: string;
  readonly socket: ClassSocket;
  /** The WebSocket under it. */
  readonly wire: Wire;
  readonly classId: string;
  readonly sid: string;
  readonly person: Person;
  readonly visitId: string;
  /** `joining` until the class has taken it in; `gone` whatever still arrives. */
  stage: 'connected' | 'joining' | 'joined' | 'gone';
  /** How this person has picture and sound. */
  media: PresentMedia;
  /** What its learner was last told of being recognised. */
  identity: LearnerIdentity | null;
  readonly openedAt: number;
  /** How often it was refused for asking too much, since when; null: never yet. */
  refusals: { since: number; count: number } | null;
}

export interface Connections {
  add(connection: Connection): void;
  /**
   * The class has taken this connection in: it is its person's one there from now on. A tab that only connected, or is
   * refused, takes nothing from the one that is there.
   */
  seat(connection: Connection): void;
  remove(connection: Connection): void;
  all(): Iterable<Connection>;
  get(id: string): Connection | null;
  ofClass(classId: string): Connection[];
  find(classId: string, userId: string): Connection | null;
  ofSession(sid: string): Connection[];
  sessions(): string[];
  classes(): string[];
  readonly size: number;
}

export function createConnections(): Connections {
  const byId = new Map<string, Connection>();
  /** A login has one connection, but for a moment when a page comes back, and a set of one costs more than the one. */
  const bySession = new Map<string, Connection | Set<Connection>>();
  /** The connection of each person that each class took in last. */
  const byClass = new Map<string, Map<string, Connection>>();

  function ofSession(sid: string): Connection[] {
    const held = bySession.get(sid);
    if (!held) return [];
    return held instanceof Set ? [...held] : [held];
  }

  return {
    add(connection) {
      byId.set(connection.id, connection);
      const others = ofSession(connection.sid);
      bySession.set(connection.sid, others.length > 0 ? new Set([...others, connection]) : connection);
    },
    seat(connection) {
      const members = byClass.get(connection.classId) ?? new Map<string, Connection>();
      byClass.set(connection.classId, members.set(connection.person.userId, connection));
    },
    remove(connection) {
      byId.delete(connection.id);
      const [first, ...others] = ofSession(connection.sid).filter((other) => other !== connection);
      if (!first) bySession.delete(connection.sid);
      else bySession.set(connection.sid, others.length > 0 ? new Set([first, ...others]) : first);
      const members = byClass.get(connection.classId);
      if (members?.get(connection.person.userId) === connection) members.delete(connection.person.userId);
      if (members?.size === 0) byClass.delete(connection.classId);
    },
    all: () => byId.values(),
    get: (id) => byId.get(id) ?? null,
    ofClass: (classId) => [...(byClass.get(classId)?.values() ?? [])],
    find: (classId, userId) => byClass.get(classId)?.get(userId) ?? null,
    sessions: () => [...bySession.keys()],
    classes: () => [...byClass.keys()],
    ofSession,
    get size() {
      return byId.size;
    },
  };
}

/** Says goodbye and closes. With `retryMs` the page comes back after that time. */
export function dismiss(connection: Connection, reason: GoodbyeReason, retryMs: number | null = null): void {
  connection.socket.emit('goodbye', { reason, retryMs });
  connection.socket.disconnect(true);
}
