import { type SessionEnded, sessionEnded, sessionsChannel } from '@keshi/contract/tokens';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { ClassBus } from '@keshi/runtime/state/ports';

type Reason = SessionEnded['reason'];

export interface SessionWatch {
  /** Throws `session-replaced` or `session-revoked` when the login session has ended. */
  confirm(sid: string): Promise<void>;
  /** Tells every process that sessions have ended; here they are refused from this call on. */
  announce(ended: readonly SessionEnded[]): Promise<void>;
  close(): Promise<void>;
}

interface Deps {
  bus: ClassBus;
  /** Why a session has ended by the store's account, null while it has not. */
  lookUp(sid: string): Promise<Reason | null>;
  clock: Clock;
  log: Logger;
}

/** How long the store's word that a session lives is believed without a message to the contrary. */
const trustMs = 5_000;
/** An access token of an ended session is past its own time after this. */
const rememberMs = 15 * 60_000;

/**
 * "Ended" means at once: an access token lives for minutes, so every request asks here whether its session still does.
 * The bus tells within milliseconds; the store is asked every few seconds as well, since a message can be missed.
 */
export async function createSessionWatch({ bus, lookUp, clock, log }: Deps): Promise<SessionWatch> {
  const ended = new Map<string, { reason: Reason; at: number }>();
  const living = new Map<string, number>();

  function note(sid: string, reason: Reason): void {
    living.delete(sid);
    ended.delete(sid);
    ended.set(sid, { reason, at: clock() });
    for (const [old, { at }] of ended) {
      if (clock() - at < rememberMs) break;
      ended.delete(old);
    }
  }

  const unsubscribe = await bus.subscribe(
    sessionsChannel,
    (message) => {
      const parsed = sessionEnded.safeParse(message);
      if (parsed.success) note(parsed.data.sid, parsed.data.reason);
    },
    // Whatever was said meanwhile: the store knows it.
    { onGap: () => living.clear() },
  );

  return {
    async confirm(sid) {
      const known = ended.get(sid);
      if (known) throw new AppError(known.reason);
      const checkedAt = living.get(sid);
      const now = clock();
      if (checkedAt !== undefined && now - checkedAt < trustMs) return;
      const reason = await lookUp(sid);
      if (reason !== null) {
        note(sid, reason);
        throw new AppError(reason);
      }
      // A message may have come while the store was answering; it is the later word.
      const since = ended.get(sid);
      if (since) throw new AppError(since.reason);
      living.delete(sid);
      living.set(sid, now);
      for (const [old, at] of living) {
        if (now - at < trustMs) break;
        living.delete(old);
      }
    },
    async announce(sessions) {
      for (const { sid, reason } of sessions) note(sid, reason);
      for (const session of sessions) {
        // The store has it already; those who miss the message see it there within seconds.
        await bus
          .publish(sessionsChannel, session)
          .catch((error: unknown) =>
            log.warn({ err: error, sid: session.sid }, 'end of a session not announced'),
          );
      }
    },
    close: unsubscribe,
  };
}
