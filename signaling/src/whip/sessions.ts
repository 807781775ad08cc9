/**
 * The WHIP sessions that were opened on this node: which login each belongs to, so that its end is the session's end
 * [B6]. A person has one in a class; a later one takes its place, as the SFU does.
 */
import type { WhipClaims } from '@keshi/contract/tokens';
import type { WhipSession } from './stage.ts';

export interface OpenSession extends WhipSession {
  sid: string;
}

export interface WhipSessions {
  add(session: WhipSession, claims: Pick<WhipClaims, 'sid'>): void;
  /** Null when it is not here, no longer the person's latest, or somebody else's. */
  find(session: WhipSession): OpenSession | null;
  /** False when it was not there: whoever asked first has closed it. */
  remove(session: WhipSession): boolean;
  ofLogin(sid: string): OpenSession[];
  ofClass(classId: string): OpenSession[];
  logins(): string[];
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
    add: (session, { sid }) => void sessions.set(keyOf(session), { ...session, sid }),
    find,
    remove: (session) => find(session) !== null && sessions.delete(keyOf(session)),
    ofLogin: (sid) => all().filter((one) => one.sid === sid),
    ofClass: (classId) => all().filter((one) => one.classId === classId),
    logins: () => [...new Set(all().map(({ sid }) => sid))],
    get size() {
      return sessions.size;
    },
  };
}
