import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { stringifySetCookie } from 'cookie';

/** What the refresh cookie carries: which session, and the secret that proves it. */
export interface RefreshSecret {
  sid: string;
  secret: string;
}

export interface RefreshSecrets {
  first(): string;
  /**
   * The secret that follows: made from the one before and our key, so that two tabs that refresh at the same moment, or
   * one whose answer was lost on the way, are given the same one.
   */
  next(current: RefreshSecret): string;
  /** Whether the secret with this hash came from this one by rotations: then two hold copies of one login. */
  precedes(earlier: RefreshSecret, hash: string): boolean;
}

/** A login that is refreshed every ten minutes for a fortnight; following so many takes some milliseconds. */
const followedMost = 2_000;

export function createRefreshSecrets(tokenSecret: string): RefreshSecrets {
  const key = Buffer.from(hkdfSync('sha256', tokenSecret, 'keshi', 'refresh-rotation', 32));
  const next = ({ sid, secret }: RefreshSecret) =>
    createHmac('sha256', key).update(`${sid}.${secret}`).digest('base64url');
  return {
    first: () => randomBytes(32).toString('base64url'),
    next,
    precedes({ sid, secret }, hash) {
      for (let n = 0; n < followedMost; n += 1) {
        secret = next({ sid, secret });
        if (hashOf(secret) === hash) return true;
      }
      return false;
    },
  };
}

/** What is stored: the secret itself is nowhere but in the browser. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

export interface RefreshCookie {
  name: string;
  set(value: RefreshSecret, expiresAt: number): string;
  clear(): string;
  /** Null for anything that is no value of ours. */
  read(text: string | undefined): RefreshSecret | null;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Seen only by /api/auth, never by scripts or other sites; over https only, unless the pages themselves are plain. */
export function createRefreshCookie({ https }: { https: boolean }): RefreshCookie {
  const name = https ? '__Secure-keshi-refresh' : 'keshi-refresh';
  const base = { name, path: '/api/auth', httpOnly: true, sameSite: 'strict', secure: https } as const;
  return {
    name,
    set: ({ sid, secret }, expiresAt) =>
      stringifySetCookie({ ...base, value: `${sid}.${secret}`, expires: new Date(expiresAt) }),
    clear: () => stringifySetCookie({ ...base, value: '', maxAge: 0 }),
    read(text) {
      const [sid = '', secret = '', ...more] = (text ?? '').split('.');
      return uuid.test(sid) && /^[\w-]{43}$/.test(secret) && more.length === 0 ? { sid, secret } : null;
    },
  };
}
