/** The body of a PATCH (RFC 8840): an encoder's candidates, or its new ICE credentials. */
import { createHash } from 'node:crypto';
import { malformed } from './refusal.ts';
import { isIceCredential, type IceCredentials } from './sdp.ts';

/**
 * The credentials a fragment speaks of. Its candidates are left alone: an ICE-lite agent learns where its peer is from
 * the checks that arrive. Throws WhipRefusal 400.
 */
export function readFragment(text: string): IceCredentials {
  const valueOf = (name: string) =>
    text
      .split(/\r\n|\r|\n/)
      .find((line) => line.startsWith(`a=${name}:`))
      ?.slice(name.length + 3)
      .trim() ?? '';
  const ice = { usernameFragment: valueOf('ice-ufrag'), password: valueOf('ice-pwd') };
  if (!isIceCredential(ice.usernameFragment, 4) || !isIceCredential(ice.password, 22))
    throw malformed('the fragment has no ICE user name and password');
  return ice;
}

/**
 * The entity tag of one ICE session: made of what both sides know of it, so that any node can compare without having
 * seen it before.
 */
export function etagOf(sessionId: string, { usernameFragment, password }: IceCredentials): string {
  const hash = createHash('sha256')
    .update(`${sessionId}\n${usernameFragment}\n${password}`)
    .digest('base64url');
  return `"${hash.slice(0, 22)}"`;
}
