/** Login sessions that have ended: their connections are closed at once, and no ticket of theirs opens the door again [B6]. */
import { sessionEnded, sessionsChannel, type SessionEnded } from '@keshi/contract/tokens';
import type { Db } from '@keshi/db/client';
import { endedAmong } from '@keshi/db/login-sessions';
import type { Logger } from '@keshi/runtime/log';
import type { ClassBus, Unsubscribe } from '@keshi/runtime/state/ports';
import { dismiss, type Connections } from './connections.ts';

type Reason = SessionEnded['reason'];

export interface Sessions {
  /** Why a session has ended, if this node was told of it a short while ago. */
  reasonOf(sid: string): Reason | null;
  /** A connection of this session has opened: the database is asked with the next `check`. */
  opened(sid: string): void;
  /** Once a second, one query for all that opened: the end may have been told before this node could hear it. */
  check(): Promise<void>;
  /** Those of the sessions that have ended, by what this node was told and by the database. */
  endedOf(sids: readonly string[]): Promise<ReadonlyMap<string, Reason>>;
  /** Listens for ends; also after notices may have been missed. */
  watch(): Promise<Unsubscribe>;
}

export interface SessionsDeps {
  bus: ClassBus;
  db: Db;
  connections: Connections;
  now: () => number;
  log: Logger;
  /** For what belongs to a session beside its connections; called at once for every end. */
  ended?: (sid: string) => void;
}

/** Longer than a ticket lives. */
const rememberedMs = 5 * 60_000;

export function createSessions({ bus, db, connections, now, log, ended: tell }: SessionsDeps): Sessions {
  // In the order they ended, so that the oldest are forgotten first.
  const ended = new Map<string, { at: number; reason: Reason }>();
  let unchecked = new Set<string>();

  function end(sid: string, reason: Reason): void {
    for (const [known, { at }] of ended) {
      if (now() - at < rememberedMs) break;
      ended.delete(known);
    }
    ended.set(sid, { at: now(), reason });
    for (const connection of connections.ofSession(sid)) dismiss(connection, reason);
    tell?.(sid);
  }

  async function endedOf(sids: readonly string[]): Promise<Map<string, Reason>> {
    const known = new Map(sids.flatMap((sid) => [[sid, ended.get(sid)?.reason] as const]));
    const unknown = sids.filter((sid) => known.get(sid) === undefined);
    for (const { id, replaced } of await endedAmong(db, unknown))
      known.set(id, replaced ? 'session-replaced' : 'session-revoked');
    return new Map([...known].flatMap(([sid, reason]) => (reason ? [[sid, reason] as const] : [])));
  }

  async function check(): Promise<void> {
    if (unchecked.size === 0) return;
    const asked = unchecked;
    unchecked = new Set();
    try {
      for (const { id, replaced } of await endedAmong(db, [...asked]))
        end(id, replaced ? 'session-replaced' : 'session-revoked');
    } catch (error) {
      log.warn({ err: error }, 'sessions could not be compared');
      for (const sid of asked) unchecked.add(sid);
    }
  }

  return {
    reasonOf: (sid) => ended.get(sid)?.reason ?? null,
    opened: (sid) => void unchecked.add(sid),
    check,
    endedOf,
    watch: () =>
      bus.subscribe(
        sessionsChannel,
        (message) => {
          const notice = sessionEnded.safeParse(message);
          if (notice.success) end(notice.data.sid, notice.data.reason);
          else log.error('a session notice that cannot be read');
        },
        {
          onGap() {
            for (const sid of connections.sessions()) unchecked.add(sid);
          },
        },
      ),
  };
}
