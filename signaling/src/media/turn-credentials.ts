import { createHmac } from 'node:crypto';
import type { IceServer } from '@keshi/contract/media';

const lifeMs = 6 * 60 * 60_000;

/**
 * A TURN server's shared-secret credentials (the REST convention of coturn and others): the user name is the moment it
 * stops being valid, in seconds, and an opaque id; the password is its HMAC-SHA1. Empty without TURN.
 */
export function iceServersFor(
  turn: { urls: string[]; secret: string } | null,
  visitId: string,
  now: number,
): IceServer[] {
  if (!turn) return [];
  const username = `${Math.floor((now + lifeMs) / 1000)}:${visitId}`;
  const credential = createHmac('sha1', turn.secret).update(username).digest('base64');
  return [{ urls: turn.urls, username, credential }];
}
