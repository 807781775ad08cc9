/** The deployment's key for the daily roots [CH2]. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

export interface RootSigner {
  keyId: string;
  /** Raw, base64. */
  publicKey: string;
  /** Over a hash in hexadecimal; base64. */
  sign(hash: string): string;
}

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 and in SPKI (RFC 8410). */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** @param seed 32 random bytes */
export function createRootSigner(seed: Buffer): RootSigner {
  const key = createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' });
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(publicPrefix.length);
  return {
    keyId: keyIdOf(raw),
    publicKey: raw.toString('base64'),
    sign: (hash) => sign(null, Buffer.from(hash, 'hex'), key).toString('base64'),
  };
}

export function keyIdOf(rawPublicKey: Buffer): string {
  return createHash('sha256').update(rawPublicKey).digest('hex').slice(0, 16);
}

/** Keys a verifier trusts, by their ids. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>;

/** @param publicKeys raw Ed25519 keys of 32 bytes */
export function trustedKeys(publicKeys: readonly Buffer[]): TrustedKeys {
  return new Map(
    publicKeys.map((raw) => [
      keyIdOf(raw),
      createPublicKey({ key: Buffer.concat([publicPrefix, raw]), format: 'der', type: 'spki' }),
    ]),
  );
}

export function isSigned(
  root: { keyId: string; hash: string; signature: string },
  keys: TrustedKeys,
): boolean {
  const key = keys.get(root.keyId);
  return (
    key !== undefined &&
    verify(null, Buffer.from(root.hash, 'hex'), key, Buffer.from(root.signature, 'base64'))
  );
}

/** The deployment's public keys, raw in base64, by their ids: the one that signs now and those that did. */
export function publicKeysOf(ledger: {
  key: Buffer | null;
  oldPublicKeys: readonly Buffer[];
}): Record<string, string> {
  const own = ledger.key ? [Buffer.from(createRootSigner(ledger.key).publicKey, 'base64')] : [];
  return Object.fromEntries(
    [...own, ...ledger.oldPublicKeys].map((raw) => [keyIdOf(raw), raw.toString('base64')]),
  );
}
