import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { AppError } from './errors.ts';

const header = z.object({ alg: z.literal('HS256') });
const expiry = z.object({ exp: z.number() });

/**
 * Reads a token (JWT, HS256) that one of our services signed; `secret` is what TOKEN_SECRET says, as text or as a key made
 * of it. Throws `token-expired` when only its time is over, `unauthenticated` for everything else: forged, damaged, of
 * another kind, of another algorithm. `now` in ms. The signature is compared in constant time before anything inside is
 * believed. It is read within one call, since every request and every connection begins with it. Instants in ms.
 */
export function readSignedToken<T>(
  token: string,
  { secret, now, claims }: { secret: string | KeyObject; now: number; claims: z.ZodType<T> },
): { claims: T; expiresAt: number } {
  const [head, body, signature, ...rest] = token.split('.');
  if (!head || !body || !signature || rest.length > 0) throw new AppError('unauthenticated');
  const expected = createHmac('sha256', secret).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new AppError('unauthenticated');
  const said = decode(body);
  if (!header.safeParse(decode(head)).success) throw new AppError('unauthenticated');
  const ends = expiry.safeParse(said);
  const parsed = claims.safeParse(said);
  if (!ends.success || !parsed.success) throw new AppError('unauthenticated');
  if (ends.data.exp * 1000 <= now) throw new AppError('token-expired');
  return { claims: parsed.data, expiresAt: ends.data.exp * 1000 };
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
