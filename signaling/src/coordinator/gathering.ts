/** Who is connected to a class, on whichever node, and how long a place is kept for those who are not. */
import type { Broadcast } from './messages.ts';
import { memberOf, type Classroom, type Presence } from './classroom.ts';

export interface Gathering {
  /** Takes the place of another connection of the same person, which is told so. */
  arrive(presence: Presence): void;
  leave(userId: string, connectionId: string, orderly: boolean): void;
  /** Who is connected to a node already when this coordinator begins. */
  present(members: readonly Presence[]): void;
  /** Connections of nodes that are no longer alive have gone with them. */
  keepNodes(alive: ReadonlySet<string>): void;
  isBanned(userId: string): boolean;
  /** A banned person neither stays nor goes on watching. */
  putOut(userId: string): void;
  /** Who has been gone for long enough loses the place. */
  tick(at: number): void;
  /** Since when nobody is connected and no place is kept; null while there is somebody. */
  readonly emptySince: number | null;
}

export interface GatheringDeps {
  room: () => Classroom;
  now: () => number;
  send: (message: Broadcast) => void;
  changed: () => void;
  /** The host came, after not being there. */
  hostCame: () => void;
  /** Gone for good, or put out: with what they had. */
  gone: (userId: string) => void;
  leaveMedia: (userId: string) => void;
}

/** How long a place on stage is kept for someone who lost the connection, ms. */
const graceMs = 30_000;

export function createGathering(deps: GatheringDeps): Gathering {
  const { room, now } = deps;
  const departures = new Map<string, number>();
  let emptySince = now();

  // Whoever was on stage under the former coordinator keeps the place until it is clear that they are gone.
  for (const userId of room().members.keysOf('stage')) departures.set(userId, now() + graceMs);

  function take(presence: Presence): void {
    const { online, people, host } = room();
    const { userId } = presence.person;
    const hostCame = userId === host.userId && !online.has(userId);
    online.set(userId, presence);
    people.set(userId, presence.person);
    departures.delete(userId);
    deps.changed();
    if (hostCame) deps.hostCame();
  }

  function depart(userId: string, orderly: boolean): void {
    room().online.delete(userId);
    emptySince = now();
    departures.set(userId, orderly ? now() : now() + graceMs);
    deps.changed();
    if (orderly) tick(now());
  }

  function tick(at: number): void {
    for (const [userId, until] of departures) {
      if (until > at) continue;
      departures.delete(userId);
      deps.leaveMedia(userId);
      deps.gone(userId);
    }
  }

  const isBanned = (userId: string) => memberOf(room(), userId).bannedAt !== null;

  function putOut(userId: string): void {
    deps.send({ kind: 'close', userId, connectionId: null, reason: 'banned' });
    deps.leaveMedia(userId);
  }

  return {
    arrive(presence) {
      const { userId } = presence.person;
      const former = room().online.get(userId)?.connectionId;
      if (former !== undefined && former !== presence.connectionId)
        deps.send({ kind: 'close', userId, connectionId: former, reason: 'replaced-in-class' });
      take(presence);
    },
    leave(userId, connectionId, orderly) {
      // A connection that was replaced closes later than its successor opened.
      if (room().online.get(userId)?.connectionId === connectionId) depart(userId, orderly);
    },
    present(members) {
      for (const presence of members) {
        const { userId } = presence.person;
        // The former coordinator stored the ban and did not live to tell.
        if (isBanned(userId)) putOut(userId);
        else if (!room().online.has(userId)) take(presence);
      }
    },
    keepNodes(alive) {
      for (const [userId, { nodeId }] of room().online) if (!alive.has(nodeId)) depart(userId, false);
    },
    isBanned,
    putOut,
    tick,
    get emptySince() {
      return room().online.size === 0 && departures.size === 0 ? emptySince : null;
    },
  };
}
