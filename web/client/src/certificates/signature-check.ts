import type { CertificateKey } from '@keshi/contract/certificates';

export type SignatureCheck = 'matches' | 'differs' | 'key-unknown' | 'not-here';

/**
 * Whether the published key of that name signed exactly this text, worked out by the browser itself. `not-here`: this
 * browser knows no Ed25519, or the page did not come over a secure connection.
 */
export async function checkSignature(
  { signed, keyId, signature }: { signed: string; keyId: string; signature: string },
  keys: readonly CertificateKey[],
): Promise<SignatureCheck> {
  const key = keys.find(({ kid }) => kid === keyId);
  if (!key) return 'key-unknown';
  // Absent where the page is not secure, whatever the types say.
  const subtle: SubtleCrypto | undefined = globalThis.crypto.subtle;
  if (subtle === undefined) return 'not-here';
  try {
    const { kty, crv, x } = key;
    const imported = await subtle.importKey('jwk', { kty, crv, x }, 'Ed25519', false, ['verify']);
    const matches = await subtle.verify(
      'Ed25519',
      imported,
      Uint8Array.from(atob(signature), (character) => character.charCodeAt(0)),
      new TextEncoder().encode(signed),
    );
    return matches ? 'matches' : 'differs';
  } catch {
    return 'not-here';
  }
}
