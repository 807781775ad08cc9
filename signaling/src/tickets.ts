import { createHmac, timingSafeEqual } from 'node:crypto';
import { ticketClaims, whipClaims, type TicketClaims, type WhipClaims } from '@keshi/contract/tokens';
import { AppError } from '@keshi/runtime/errors';
import { z } from 'zod';

const header = z.object({ alg: z.literal('HS256') });
const expiry = z.object({ exp: z.number() });

/**
 * Reads the ticket a page presents when it connects. Throws `token-expired` when only its time is over (the page fetches
 * another), `unauthenticated` for everything else: forged, damaged, of another kind, of another algorithm.
 * `now` in ms. The signature is compared in constant time before anything inside is believed.
 */
export function verifyTicket(ticket: string, secret: string, now: number): TicketClaims {
  return verify(ticket, secret, now, ticketClaims);
}

/** Reads the token an encoder presents with every request; otherwise as `verifyTicket`. A ticket is no such token. */
export function verifyWhipToken(token: string, secret: string, now: number): WhipClaims {
  return verify(token, secret, now, whipClaims);
}

function verify<T>(token: string, secret: string, now: number, schema: z.ZodType<T>): T {
  const [head, body, signature, ...rest] = token.split('.');
  if (!head || !body || !signature || rest.length > 0) throw new AppError('unauthenticated');
  const expected = createHmac('sha256', secret).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new AppError('unauthenticated');
  const claims = decode(body);
  if (!header.safeParse(decode(head)).success) throw new AppError('unauthenticated');
  const ends = expiry.safeParse(claims);
  const parsed = schema.safeParse(claims);
  if (!ends.success || !parsed.success) throw new AppError('unauthenticated');
  if (ends.data.exp * 1000 <= now) throw new AppError('token-expired');
  return parsed.data;
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
