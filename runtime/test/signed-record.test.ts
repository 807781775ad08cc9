import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, createSigner, isSigned } from '../src/signed-record.ts';

const signer = createSigner(Buffer.alloc(32, 7));
const other = createSigner(Buffer.alloc(32, 8));
const record = { b: 1, a: { z: [1, 2, null], y: '课时' } };

describe('a signed record', () => {
  test('is verified with its key among others, in whatever order its members stand', () => {
    const signature = signer.sign(record);
    const turned = { a: { y: '课时', z: [1, 2, null] }, b: 1, gone: undefined };
    expect(isSigned(turned, signature, [other.publicKey, signer.publicKey])).toBe(true);
  });

  test('is refused when anything of it, its signature or its key is another', () => {
    const signature = signer.sign(record);
    const keys = [signer.publicKey];
    expect(isSigned({ ...record, b: 2 }, signature, keys)).toBe(false);
    expect(isSigned({ ...record, c: 1 }, signature, keys)).toBe(false);
    expect(isSigned(record, other.sign(record), keys)).toBe(false);
    expect(isSigned(record, { ...other.sign(record), keyId: signer.keyId }, keys)).toBe(false);
    expect(isSigned(record, { ...signature, signature: 'AAAA' }, keys)).toBe(false);
    expect(isSigned(record, signature, [])).toBe(false);
    expect(isSigned(record, signature, ['not a key'])).toBe(false);
  });

  test('the same key names itself the same, and signs the same', () => {
    expect(createSigner(Buffer.alloc(32, 7)).sign(record)).toEqual(signer.sign(record));
    expect(signer.keyId).toMatch(/^[0-9a-f]{16}$/);
    expect(() => createSigner(Buffer.alloc(31))).toThrow();
  });
});

test('canonical JSON says the same and depends on no order', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
      const turned = Object.fromEntries(Object.entries(value).toReversed());
      expect(canonicalJson(turned)).toBe(text);
    }),
  );
  expect(() => canonicalJson({ a: NaN })).toThrow();
  expect(() => canonicalJson({ a: 1n })).toThrow();
});
