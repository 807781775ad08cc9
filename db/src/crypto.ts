/**
 * Sealing of personal data in columns. A key ring, newest first: the newest seals, all open. From each key's secret a key
 * per purpose is derived (HKDF), so that what leaks of one column opens no other; the purpose is bound into each sealed
 * value, so that a value moved to another column does not open there.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** `table.column` of everything that is sealed. */
export type Purpose =
  | 'User.name'
  | 'User.phone'
  | 'ScreeningHit.text'
  | 'IdentityDocument.number'
  | 'CreditDecision.text'
  | 'Certificate.holder'
  | 'Certificate.revocation'
  | 'NoticeSetting.mail'
  | IncidentText;

/** What people wrote to an incident: who asked for a live look, decided, appealed, and decided the appeal. */
export type IncidentText =
  'Incident.lookReason' | 'Incident.reason' | 'Incident.appeal' | 'Incident.appealReason';

export interface PersonalDataKey {
  /** Stands in every value it sealed; letters, digits, `-` and `_`. Never used again for another secret. */
  id: string;
  /** 32 random bytes. */
  secret: Buffer;
}

/** A sealed value that no key of the ring opens: altered, moved, or sealed with a key that was taken out too early. */
export class Unsealable extends Error {
  override readonly name = 'Unsealable';
}

export interface PersonalData {
  seal(purpose: Purpose, plain: string): string;
  /** Throws `Unsealable`. */
  open(purpose: Purpose, sealed: string): string;
  /** Blind index under the newest key, for writing. Equal for values that differ only in how they were typed. */
  index(purpose: Purpose, plain: string): string;
  /** Under every key of the ring, for looking up while a rotation is under way. */
  indexes(purpose: Purpose, plain: string): string[];
  /** What values sealed with the newest key begin with. */
  readonly currentPrefix: string;
}

const VERSION = 'v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** `keys` newest first, at least one. Throws when a secret is not 32 bytes or an id is odd or occurs twice. */
export function createPersonalData(keys: readonly PersonalDataKey[]): PersonalData {
  const newest = keys[0];
  if (!newest) throw new Error('personal data needs at least one key');
  for (const { id, secret } of keys) {
    if (!/^[\w-]{1,32}$/.test(id)) throw new Error(`personal data key id "${id}" is not usable`);
    if (secret.length !== 32)
      throw new Error(`personal data key "${id}" has ${secret.length} bytes instead of 32`);
  }
  const byId = new Map(keys.map((key) => [key.id, key]));
  if (byId.size !== keys.length) throw new Error('two personal data keys have the same id');

  const derived = new Map<string, Buffer>();
  const derive = (key: PersonalDataKey, use: 'seal' | 'index', purpose: Purpose): Buffer => {
    const name = `${key.id}/${use}/${purpose}`;
    let result = derived.get(name);
    if (!result) {
      result = Buffer.from(hkdfSync('sha256', key.secret, 'keshi', `${VERSION}/${use}/${purpose}`, 32));
      derived.set(name, result);
    }
    return result;
  };
  const boundTo = (keyId: string, purpose: Purpose) => Buffer.from(`${VERSION}.${keyId}.${purpose}`);
  const indexUnder = (key: PersonalDataKey, purpose: Purpose, plain: string) =>
    createHmac('sha256', derive(key, 'index', purpose))
      .update(normalise(purpose, plain))
      .digest('base64url');

  return {
    currentPrefix: `${VERSION}.${newest.id}.`,
    seal(purpose, plain) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', derive(newest, 'seal', purpose), iv);
      cipher.setAAD(boundTo(newest.id, purpose));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return `${VERSION}.${newest.id}.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`;
    },
    open(purpose, sealed) {
      const [version, keyId = '', encoded = ''] = sealed.split('.');
      const key = byId.get(keyId);
      if (version !== VERSION || !key)
        throw new Unsealable(`${purpose}: no key "${keyId}" for a sealed value`);
      const bytes = Buffer.from(encoded, 'base64url');
      if (bytes.length < IV_BYTES + TAG_BYTES)
        throw new Unsealable(`${purpose}: a sealed value is cut short`);
      const decipher = createDecipheriv(
        'aes-256-gcm',
        derive(key, 'seal', purpose),
        bytes.subarray(0, IV_BYTES),
        {
          authTagLength: TAG_BYTES,
        },
      );
      decipher.setAAD(boundTo(keyId, purpose));
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      try {
        const body = bytes.subarray(IV_BYTES + TAG_BYTES);
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new Unsealable(`${purpose}: a sealed value was altered or belongs elsewhere`, { cause });
      }
    },
    index: (purpose, plain) => indexUnder(newest, purpose, plain),
    indexes: (purpose, plain) => keys.map((key) => indexUnder(key, purpose, plain)),
  };
}

/** A sealed value opened and sealed anew with the newest key, and its index under that key. Throws `Unsealable`. */
export function resealed(
  personal: PersonalData,
  purpose: Purpose,
  value: string,
): { sealed: string; index: string } {
  const plain = personal.open(purpose, value);
  return { sealed: personal.seal(purpose, plain), index: personal.index(purpose, plain) };
}

/** Reads `id:base64,id:base64`, newest first, as it stands in the environment. */
export function parsePersonalDataKeys(text: string): PersonalDataKey[] {
  return text.split(',').map((entry) => {
    const [id = '', secret = ''] = entry.trim().split(':');
    return { id, secret: Buffer.from(secret, 'base64') };
  });
}

/** So that one person typed in two ways is found: width, case and spaces of names, signs and country code of phones. */
function normalise(purpose: Purpose, plain: string): string {
  const folded = plain.normalize('NFKC');
  switch (purpose) {
    case 'User.phone':
      return folded.replace(/\D/g, '').replace(/^(?:00)?86(?=1\d{10}$)/, '');
    case 'IdentityDocument.number':
      return folded.toUpperCase().replace(/[^\dA-Z]/g, '');
    case 'User.name':
    case 'ScreeningHit.text':
    case 'CreditDecision.text':
    case 'Certificate.holder':
    case 'Certificate.revocation':
    case 'NoticeSetting.mail':
    case 'Incident.lookReason':
    case 'Incident.reason':
    case 'Incident.appeal':
    case 'Incident.appealReason':
      return folded.replace(/\s+/g, '').toLowerCase();
  }
}

/** 张三 → 张*, 欧阳小明 → 欧**, Anna Smith → A** S**. */
export function maskName(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  return words
    .map((word) => {
      const [first = '', ...rest] = [...word];
      const stars = words.length > 1 ? 2 : Math.min(2, Math.max(1, rest.length));
      return first + '*'.repeat(stars);
    })
    .join(' ');
}

/** 13812341234 → 138****1234; anything too short is hidden whole. */
export function maskPhone(phone: string): string {
  return phone.length < 8 ? '*'.repeat(phone.length) : `${phone.slice(0, 3)}****${phone.slice(-4)}`;
}

/** 110101199003074514 → 110***********14; anything too short is hidden whole. */
export function maskDocument(number: string): string {
  if (number.length < 8) return '*'.repeat(number.length);
  return `${number.slice(0, 3)}${'*'.repeat(number.length - 5)}${number.slice(-2)}`;
}
