import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** What a signed path allows: everything under `prefix`, to this person, while this login session lives, until then. */
const pathClaims = z.strictObject({
  /** As in the media store, with the slash at its end: `recordings/<classId>/`. */
  prefix: z.string().min(1).max(512).endsWith('/'),
  /** The user's id. */
  sub: z.uuid(),
  /** The login session's id; whoever serves asks whether it still lives. */
  sid: z.uuid(),
  /** Server time, ms; from then on it is worth nothing. */
  expiresAt: z.int().positive(),
});
export type PathClaims = z.infer<typeof pathClaims>;

const label = 'keshi signed media path v1';
const tokenPattern = /^[A-Za-z0-9_-]{1,1000}\.[A-Za-z0-9_-]{43}$/;

/**
 * A token that stands inside the path of a media address, so that a player carries it on to every segment by relative
 * addresses. `secret` is the configuration's TOKEN_SECRET; the key derived from it opens nothing else, and no other
 * token of it opens media. Throws a ZodError for claims out of their bounds.
 */
export function signPath({ secret, ...claims }: PathClaims & { secret: string }): string {
  const payload = Buffer.from(JSON.stringify(pathClaims.parse(claims))).toString('base64url');
  return `${payload}.${macOf(secret, payload).toString('base64url')}`;
}

/**
 * The claims of a token that was signed with this secret and is still good at `now` (server time, ms), else null. That
 * the asked path is under `prefix` and that the session lives remains to be checked.
 */
export function readPath(secret: string, token: string, now: number): PathClaims | null {
  if (!tokenPattern.test(token)) return null;
  const [payload = '', mac = ''] = token.split('.');
  // The encoding has spare bits at its end: only the one spelling that we write is ours.
  const given = Buffer.from(mac, 'base64url');
  if (given.toString('base64url') !== mac || !timingSafeEqual(given, macOf(secret, payload))) return null;
  const claims = pathClaims.safeParse(parseJson(Buffer.from(payload, 'base64url').toString('utf8')));
  return claims.success && now < claims.data.expiresAt ? claims.data : null;
}

function macOf(secret: string, payload: string): Buffer {
  const key = Buffer.from(hkdfSync('sha256', secret, '', label, 32));
  return createHmac('sha256', key).update(payload).digest();
}

/** Undefined for what is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
