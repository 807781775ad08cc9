/**
 * What lies in a queue is on the store's disk, and in its backups: it is sealed with a key that only our services know,
 * bound to its job and to which way it goes.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { z } from 'zod';

export interface Seal {
  close(text: string, boundTo: string): object;
  /** Throws when it was sealed with another key, for something else, or was altered. */
  open(sealed: unknown, boundTo: string): string;
}

const nonceBytes = 12;
const tagBytes = 16;
const envelope = z.object({ sealed: z.base64() });

export function createSeal(secret: string, purpose: string): Seal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `keshi jobs ${purpose}`, 32));
  return {
    close(text, boundTo) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(boundTo));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return { sealed: Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64') };
    },
    open(sealed, boundTo) {
      const bytes = Buffer.from(envelope.parse(sealed).sealed, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(boundTo));
      decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
      return Buffer.concat([
        decipher.update(bytes.subarray(nonceBytes + tagBytes)),
        decipher.final(),
      ]).toString('utf8');
    },
  };
}
