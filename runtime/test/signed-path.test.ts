import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { readPath, signPath } from '../src/media-store/signed-path.ts';

const secret = 'a secret of the tests, long enough to be one';
const classId = '018f0000-0000-7000-8000-000000000001';
const claims = {
  prefix: `recordings/${classId}/`,
  sub: '018f0000-0000-7000-8000-000000000002',
  sid: '018f0000-0000-7000-8000-000000000003',
  expiresAt: 2_000,
};
const token = signPath({ secret, ...claims });
const [payload = '', mac = ''] = token.split('.');
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a signed path tells what was signed, and fits into a path as it is', () => {
  expect(readPath(secret, token, 1_999)).toEqual(claims);
  expect(encodeURIComponent(token)).toBe(token);
});

test('it ends when its time does', () => {
  expect(readPath(secret, token, 2_000)).toBeNull();
});

test.each([
  ['another prefix', { prefix: 'recordings/018f0000-0000-7000-8000-000000000009/' }],
  ['everything', { prefix: 'recordings/' }],
  ['another person', { sub: claims.sid }],
  ['another session', { sid: claims.sub }],
  ['a longer life', { expiresAt: 9_000_000 }],
])('the signature does not carry over to %s', (_what, change) => {
  expect(readPath(secret, `${encode({ ...claims, ...change })}.${mac}`, 1_000)).toBeNull();
});

test('another secret, and the bare secret without its derivation, sign nothing', () => {
  expect(
    readPath(secret, signPath({ secret: 'another secret of the tests, quite as long', ...claims }), 1_000),
  ).toBe(null);
  const bare = createHmac('sha256', secret).update(payload).digest('base64url');
  expect(readPath(secret, `${payload}.${bare}`, 1_000)).toBeNull();
});

test.each([
  ['nothing', ''],
  ['no signature', payload],
  ['an empty signature', `${payload}.`],
  ['half a signature', `${payload}.${mac.slice(0, 20)}`],
  ['a second part', `${token}.${mac}`],
  ['another spelling of the same bytes', `${payload}.${mac.slice(0, -1)}${nextLetter(mac.at(-1))}`],
  ['characters outside the alphabet', `${payload}.${mac.slice(0, -1)}=`],
  ['a path', '../../etc/passwd'],
  ['no end', `${'A'.repeat(100_000)}.${mac}`],
])('%s is refused', (_what, given) => {
  expect(readPath(secret, given, 1_000)).toBeNull();
});

test('claims out of their bounds are not signed', () => {
  expect(() => signPath({ secret, ...claims, prefix: 'recordings' })).toThrow();
  expect(() => signPath({ secret, ...claims, sid: 'x' })).toThrow();
});

/** Differs from the given one in the bits that the last letter of 43 does not use. */
function nextLetter(letter = 'A'): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(letter) ^ 1] ?? '';
}
