/** Records that can be proven years later: Ed25519 over canonical JSON. */
import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

export interface Signature {
  /** Names the key: the first 16 hexadecimal digits of the SHA-256 of the public key. */
  keyId: string;
  /** Base64. */
  signature: string;
}

export interface Signer {
  readonly keyId: string;
  /** 32 bytes in base64: what verifies, and is to be published. */
  readonly publicKey: string;
  sign(record: object): Signature;
}

/** DER around the 32 bytes of a key: PKCS #8 for the private one, SPKI for the public one. */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const keyBytes = 32;

/** `seed`: 32 random bytes, kept secret. */
export function createSigner(seed: Uint8Array): Signer {
  if (seed.length !== keyBytes) throw new Error('a signing key has 32 bytes');
  const key = createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' });
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const publicKey = der.subarray(publicPrefix.length);
  const keyId = keyIdOf(publicKey);
  return {
    keyId,
    publicKey: publicKey.toString('base64'),
    sign: (record) => ({
      keyId,
      signature: sign(null, Buffer.from(canonicalJson(record)), key).toString('base64'),
    }),
  };
}

/** Whether one of the keys (32 bytes each, in base64) signed exactly this record. A malformed key or signature is a no. */
export function isSigned(
  record: object,
  { keyId, signature }: Signature,
  publicKeys: readonly string[],
): boolean {
  const key = publicKeys
    .map((text) => Buffer.from(text, 'base64'))
    .find((bytes) => bytes.length === keyBytes && keyIdOf(bytes) === keyId);
  return (
    key !== undefined &&
    verify(null, Buffer.from(canonicalJson(record)), publicKeyOf(key), Buffer.from(signature, 'base64'))
  );
}

const publicKeyOf = (bytes: Buffer): KeyObject =>
  createPublicKey({ key: Buffer.concat([publicPrefix, bytes]), format: 'der', type: 'spki' });

/** Of a public key, 32 bytes. */
export const keyIdOf = (publicKey: Uint8Array) =>
  createHash('sha256').update(publicKey).digest('hex').slice(0, 16);

/**
 * One text for one record, whoever writes it: keys sorted by their UTF-16 units, no white space, numbers and strings as
 * JSON.stringify writes them (RFC 8785). Throws on what JSON cannot hold.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new Error(`${value} cannot be written in JSON`);
      return JSON.stringify(value);
    case 'object': {
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
      const entries = Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1));
      return `{${entries.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
    }
    default:
      throw new Error(`${typeof value} cannot be written in JSON`);
  }
}
