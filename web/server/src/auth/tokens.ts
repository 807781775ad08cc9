import { createSecretKey } from 'node:crypto';
import {
  accessClaims,
  ticketClaims,
  type AccessClaims,
  type TicketClaims,
  type WhipClaims,
} from '@keshi/contract/tokens';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { errors, jwtVerify, SignJWT } from 'jose';

const accessMs = 10 * 60_000;
const ticketMs = 2 * 60_000;
/** An encoder is set up in the morning and used for the classes of the day. */
const whipMs = 12 * 60 * 60_000;
const algorithm = 'HS256';

export interface Signed {
  token: string;
  /** Server time, ms. */
  expiresAt: number;
}

export interface Tokens {
  signAccess(claims: Omit<AccessClaims, 'kind'>): Promise<Signed>;
  signTicket(claims: Omit<TicketClaims, 'kind'>): Promise<Signed>;
  signWhip(claims: Omit<WhipClaims, 'kind'>): Promise<Signed>;
  /** Rejects with `token-expired`, or `unauthenticated` for anything else that is wrong with it. */
  readAccess(token: string): Promise<AccessClaims>;
  readTicket(token: string): Promise<TicketClaims>;
}

export function createTokens(secret: string, clock: Clock): Tokens {
  const key = createSecretKey(Buffer.from(secret, 'utf8'));

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

  async function read(token: string): Promise<unknown> {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        currentDate: new Date(clock()),
        requiredClaims: ['exp'],
      });
      return payload;
    } catch (cause) {
      throw new AppError(cause instanceof errors.JWTExpired ? 'token-expired' : 'unauthenticated', { cause });
    }
  }

  return {
    signAccess: (claims) => sign({ kind: 'access', ...claims }, accessMs),
    signTicket: (claims) => sign({ kind: 'ticket', ...claims }, ticketMs),
    signWhip: (claims) => sign({ kind: 'whip', ...claims }, whipMs),
    async readAccess(token) {
      const claims = accessClaims.safeParse(await read(token));
      if (!claims.success) throw new AppError('unauthenticated');
      return claims.data;
    },
    async readTicket(token) {
      const claims = ticketClaims.safeParse(await read(token));
      if (!claims.success) throw new AppError('unauthenticated');
      return claims.data;
    },
  };
}
