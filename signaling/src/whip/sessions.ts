/**
 * The WHIP sessions that were opened on this node: which login each belongs to, so that its end is the session's end
 * [B6]. A person has one in a class; a later one takes its place, as the SFU does.
 */
import type { WhipClaims } from '@keshi/contract/tokens';
import type { WhipSession } from './stage.ts';

export interface OpenSession extends WhipSession {
  sid: string;
  since: number;
}

export interface WhipSessions {
  /** `now` in ms. */
  add(session: WhipSession, claims: Pick<WhipClaims, 'sid'>, now: number): void;
  /** Null when it is not here, no longer the person's latest, or somebody else's. */
  find(session: WhipSession): OpenSession | null;
  /** False when it was not there: whoever asked first has closed it. */
  remove(session: WhipSession): boolean;
  ofLogin(sid: string): OpenSession[];
  ofClass(classId: string): OpenSession[];
  logins(): string[];
  /** Of sessions that ended without a word nothing is told here: those that began before that time are forgotten. */
  forget(before: number): void;
  readonly size: number;
}

export function createWhipSessions(): WhipSessions {
  const sessions = new Map<string, OpenSession>();
  const keyOf = ({ classId, userId }: WhipSession) => `${classId}/${userId}`;
  const all = () => [...sessions.values()];

  function find(session: WhipSession): OpenSession | null {
    const known = sessions.get(keyOf(session));
    return known?.sessionId === session.sessionId ? known : null;
  }

  return {
    add(session, { sid }, now) {
      sessions.set(keyOf(session), { ...session, sid, since: now });
    },
    find,
    remove: (session) => find(session) !== null && sessions.delete(keyOf(session)),
    ofLogin: (sid) => all().filter((one) => one.sid === sid),
    ofClass: (classId) => all().filter((one) => one.classId === classId),
    logins: () => [...new Set(all().map(({ sid }) => sid))],
    forget(before) {
      for (const [key, { since }] of sessions) if (since < before) sessions.delete(key);
    },
    get size() {
      return sessions.size;
    },
  };
}
