/** The deployment's keys for certificates [CT3]: the one that signs, and all that verify. */
import type { CertificateKey } from '@keshi/contract/certificates';
import { ConfigError } from '@keshi/runtime/config-error';
import { createSigner, keyIdOf, type Signer } from '@keshi/runtime/signed-record';

export interface CertificateKeys {
  signer: Signer;
  /** 32 bytes each in base64, the one that signs now first. */
  publicKeys: readonly string[];
}

/** Throws `ConfigError` without a key to sign with. */
export function certificateKeys(given: {
  key: Buffer | null;
  oldPublicKeys: readonly Buffer[];
}): CertificateKeys {
  if (!given.key) throw new ConfigError(['CERTIFICATE_KEY: missing']);
  const signer = createSigner(given.key);
  const old = given.oldPublicKeys.map((key) => key.toString('base64'));
  return { signer, publicKeys: [signer.publicKey, ...old.filter((key) => key !== signer.publicKey)] };
}

/** As they are published: JSON Web Keys (RFC 8037). */
export function jsonWebKeys({ publicKeys }: CertificateKeys): CertificateKey[] {
  return publicKeys.map((key) => {
    const bytes = Buffer.from(key, 'base64');
    return { kty: 'OKP', crv: 'Ed25519', use: 'sig', kid: keyIdOf(bytes), x: bytes.toString('base64url') };
  });
}
