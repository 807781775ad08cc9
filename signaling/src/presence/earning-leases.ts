/**
 * [WL4] A learner earns in one place at a time. Joining a class takes the account's lease, leaving it gives it back, and
 * both go to the database with everybody else's of the same moment. Whoever takes it elsewhere says so on the bus; what
 * is lost there shows when the leases are compared.
 */
import { type EarningEnded, earningEnded, earningEndings } from '@keshi/contract/study';
import type { Db } from '@keshi/db/client';
import { earningPlaces, giveBackEarningLeases, takeEarningLeases } from '@keshi/db/earning-leases';
import type { Logger } from '@keshi/runtime/log';
import type { ClassBus } from '@keshi/runtime/state/ports';
import { type Connection, type Connections, dismiss } from '../connections.ts';
import type { Visits } from './visits.ts';

export interface EarningLeases {
  joined(connection: Connection): void;
  left(connection: Connection): void;
  /** Writes what has come together; with each batch of facts. Never rejects. */
  flush(): Promise<void>;
  /** Compares what is held here with what is stored; some times a minute. Never rejects. */
  compare(): Promise<void>;
  /** Hears of leases that are taken elsewhere; answers how to stop. */
  watch(): Promise<() => Promise<void>>;
}

export interface EarningLeasesDeps {
  db: Db;
  bus: ClassBus;
  now: () => number;
  log: Logger;
  connections: Connections;
  visits: Visits;
  databaseFailed: (error: unknown) => void;
}

const mostAtOnce = 2_000;

export function createEarningLeases(deps: EarningLeasesDeps): EarningLeases {
  const { db, bus, now, log, connections, visits, databaseFailed } = deps;
  let taking = new Map<string, Connection>();
  let giving = new Map<string, string>();
  /** Whose lease is stored: only they can have lost it. */
  const held = new Set<Connection>();
  let flushing: Promise<void> | null = null;

  const earns = ({ person, stage }: Connection) => person.role === 'attendee' && stage === 'joined';

  function end(connection: Connection): void {
    held.delete(connection);
    if (!earns(connection)) return;
    visits.close(connection, 'replaced');
    dismiss(connection, 'replaced-in-class');
  }

  function heard(ended: EarningEnded): void {
    if (ended.kind !== 'live') return;
    const connection = connections.find(ended.contextId, ended.userId);
    if (connection?.visitId === ended.token) end(connection);
  }

  async function tell(ended: EarningEnded): Promise<void> {
    await bus.publish(earningEndings, ended).catch((error: unknown) => {
      log.warn({ err: error }, 'the former place was not told');
      heard(ended);
    });
  }

  async function write(): Promise<void> {
    const [taken, given] = [taking, giving];
    taking = new Map();
    giving = new Map();
    const takers = [...taken.values()].filter(earns);
    try {
      const back = [...given].map(([userId, token]) => ({ userId, token }));
      for (let at = 0; at < back.length; at += mostAtOnce)
        await giveBackEarningLeases(db, back.slice(at, at + mostAtOnce));
      for (let at = 0; at < takers.length; at += mostAtOnce) {
        const some = takers.slice(at, at + mostAtOnce);
        const results = await takeEarningLeases(
          db,
          some.map(({ person, classId, visitId }) => ({
            userId: person.userId,
            kind: 'live',
            contextId: classId,
            token: visitId,
          })),
          now(),
        );
        for (const connection of some) held.add(connection);
        for (const { userId, ended } of results) if (ended) await tell({ userId, ...ended });
      }
    } catch (error) {
      databaseFailed(error);
      log.warn({ err: error, learners: takers.length }, 'leases could not be taken, trying again');
      // What came meanwhile is newer.
      for (const [userId, connection] of taken) if (!taking.has(userId)) taking.set(userId, connection);
      for (const [userId, token] of given) if (!giving.has(userId)) giving.set(userId, token);
    }
  }

  return {
    joined(connection) {
      if (connection.person.role === 'attendee') taking.set(connection.person.userId, connection);
    },
    left(connection) {
      const { person, visitId } = connection;
      if (person.role !== 'attendee') return;
      held.delete(connection);
      if (taking.get(person.userId) === connection) taking.delete(person.userId);
      giving.set(person.userId, visitId);
    },
    flush() {
      if (taking.size === 0 && giving.size === 0) return flushing ?? Promise.resolve();
      flushing ??= write().finally(() => (flushing = null));
      return flushing;
    },
    async compare() {
      const all = [...held].filter(earns);
      try {
        for (let at = 0; at < all.length; at += mostAtOnce) {
          const some = all.slice(at, at + mostAtOnce);
          const places = await earningPlaces(
            db,
            some.map(({ person }) => person.userId),
          );
          for (const connection of some) {
            const place = places.get(connection.person.userId);
            if (place && place.token !== connection.visitId) end(connection);
            else if (!place && earns(connection)) taking.set(connection.person.userId, connection);
          }
        }
      } catch (error) {
        databaseFailed(error);
      }
    },
    watch: () =>
      bus.subscribe(earningEndings, (message) => {
        const ended = earningEnded.safeParse(message);
        if (ended.success) heard(ended.data);
      }),
  };
}
