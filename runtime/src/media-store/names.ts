import { MediaStoreError } from './failure.ts';

const maxLength = 512;
/** A part never begins with a dot: neither `..`, nor files that an operating system or the store itself hides. */
const part = '[a-zA-Z0-9_-][a-zA-Z0-9._-]*';
const namePattern = new RegExp(`^${part}(/${part})*$`);
const prefixPattern = new RegExp(`^(${part}/)*(${part})?$`);

/** Throws `bad-name` unless it is a name as the MediaStore defines it. */
export function checkName(name: string): void {
  if (name.length > maxLength || !namePattern.test(name)) throw badName('name', name);
}

/** A name, or one cut off anywhere; empty means everything. Throws `bad-name`. */
export function checkPrefix(prefix: string): void {
  if (prefix.length > maxLength || !prefixPattern.test(prefix)) throw badName('prefix', prefix);
}

/** Such as checkPrefix, but never everything. */
export function checkOwnPrefix(prefix: string): void {
  if (prefix === '') throw badName('prefix', prefix);
  checkPrefix(prefix);
}

export function badName(kind: 'name' | 'prefix', given: string, cause?: unknown): MediaStoreError {
  return new MediaStoreError('bad-name', `not a ${kind}: ${JSON.stringify(given.slice(0, 80))}`, cause);
}

const types: Record<string, string> = {
  m4s: 'video/iso.segment',
  mp4: 'video/mp4',
  m3u8: 'application/vnd.apple.mpegurl',
  m4a: 'audio/mp4',
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  json: 'application/json',
  vtt: 'text/vtt',
};

/** By the ending of the name; `application/octet-stream` for others. */
export function contentTypeOf(name: string): string {
  return types[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
}
