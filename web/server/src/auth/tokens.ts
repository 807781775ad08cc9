import { createSecretKey } from 'node:crypto';
import { accessClaims, type AccessClaims, type TicketClaims, type WhipClaims } from '@keshi/contract/tokens';
import type { Clock } from '@keshi/runtime/clock';
import { readSignedToken } from '@keshi/runtime/signed-token';
import { SignJWT } from 'jose';

const accessMs = 10 * 60_000;
const ticketMs = 2 * 60_000;
/** An encoder is set up in the morning and used for the classes of the day. */
const whipMs = 12 * 60 * 60_000;
const algorithm = 'HS256';
const mostKnown = 20_000;

export interface Signed {
  token: string;
  /** Server time, ms. */
  expiresAt: number;
}

export interface Tokens {
  signAccess(claims: Omit<AccessClaims, 'kind'>): Promise<Signed>;
  signTicket(claims: Omit<TicketClaims, 'kind'>): Promise<Signed>;
  signWhip(claims: Omit<WhipClaims, 'kind'>): Promise<Signed>;
  /** Throws `token-expired`, or `unauthenticated` for anything else that is wrong with it. */
  readAccess(token: string): AccessClaims;
}

export function createTokens(secret: string, clock: Clock): Tokens {
  const key = createSecretKey(Buffer.from(secret, 'utf8'));
  /** A page sends the same token with every request for minutes; what was read of it once holds until it ends. */
  const known = new Map<string, { claims: AccessClaims; expiresAt: number }>();

  async function sign(claims: AccessClaims | TicketClaims | WhipClaims, lifeMs: number): Promise<Signed> {
    const now = clock();
    // Whole seconds on the wire: rounded down, so that a token never outlives what was announced.
    const exp = Math.floor((now + lifeMs) / 1000);
    const token = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setIssuedAt(Math.floor(now / 1000))
      .setExpirationTime(exp)
      .sign(key);
    return { token, expiresAt: exp * 1000 };
  }

  return {
    signAccess: (claims) => sign({ kind: 'access', ...claims }, accessMs),
    signTicket: (claims) => sign({ kind: 'ticket', ...claims }, ticketMs),
    signWhip: (claims) => sign({ kind: 'whip', ...claims }, whipMs),
    readAccess(token) {
      const now = clock();
      const before = known.get(token);
      if (before && before.expiresAt > now) return before.claims;
      const read = readSignedToken(token, { secret: key, now, claims: accessClaims });
      known.set(token, read);
      const [oldest] = known.keys();
      if (known.size > mostKnown && oldest !== undefined) known.delete(oldest);
      return read.claims;
    },
  };
}
