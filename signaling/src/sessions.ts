/** Login sessions that have ended: their connections are closed at once, and no ticket of theirs opens the door again [B6]. */
import { sessionEnded, sessionsChannel, type SessionEnded } from '@keshi/contract/tokens';
import type { Db } from '@keshi/db/client';
import { endedAmong } from '@keshi/db/login-sessions';
import type { Logger } from '@keshi/runtime/log';
import type { ClassBus, Unsubscribe } from '@keshi/runtime/state/ports';
import { dismiss, type Connections } from './connections.ts';

export interface EndedSessions {
  note(ended: Pick<SessionEnded, 'sid' | 'reason'>): void;
  reasonOf(sid: string): SessionEnded['reason'] | null;
}

/** Longer than a ticket lives. */
const rememberedMs = 5 * 60_000;

export function createEndedSessions(now: () => number): EndedSessions {
  // In the order they ended, so that the oldest are forgotten first.
  const ended = new Map<string, { at: number; reason: SessionEnded['reason'] }>();
  return {
    note({ sid, reason }) {
      for (const [known, { at }] of ended) {
        if (now() - at < rememberedMs) break;
        ended.delete(known);
      }
      ended.set(sid, { at: now(), reason });
    },
    reasonOf: (sid) => ended.get(sid)?.reason ?? null,
  };
}

/** Also after notices may have been missed: then the database is asked. */
export function watchSessions(deps: {
  bus: ClassBus;
  db: Db;
  connections: Connections;
  sessions: EndedSessions;
  log: Logger;
}): Promise<Unsubscribe> {
  const { bus, db, connections, sessions, log } = deps;

  function end({ sid, reason }: Pick<SessionEnded, 'sid' | 'reason'>): void {
    sessions.note({ sid, reason });
    for (const connection of connections.ofSession(sid)) dismiss(connection, reason);
  }

  async function compare(): Promise<void> {
    for (const { id, replaced } of await endedAmong(db, connections.sessions()))
      end({ sid: id, reason: replaced ? 'session-replaced' : 'session-revoked' });
  }

  return bus.subscribe(
    sessionsChannel,
    (message) => {
      const ended = sessionEnded.safeParse(message);
      if (ended.success) end(ended.data);
      else log.error('a session notice that cannot be read');
    },
    {
      onGap: () =>
        void compare().catch((error: unknown) => log.warn({ err: error }, 'sessions could not be compared')),
    },
  );
}
