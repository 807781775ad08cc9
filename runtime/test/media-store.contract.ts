import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MediaStoreError, type MediaStore } from '../src/media-store/media-store.ts';

/** Two nodes' views of one empty store. */
export interface MediaStorePair {
  a: MediaStore;
  b: MediaStore;
}

export interface MediaStoreSubject {
  open(): Promise<MediaStorePair>;
  setUp?(): Promise<void>;
  tearDown?(): Promise<void>;
}

const video = { contentType: 'video/iso.segment' };
const bytes = (text: string) => new TextEncoder().encode(text);

async function textOf(store: MediaStore, name: string, range?: { from: number; to?: number }) {
  const found = await store.get(name, range);
  return found && (await buffer(found.body)).toString('utf8');
}

/** The guarantees written in media-store.ts, one by one. */
export function describeMediaStore(kind: string, subject: MediaStoreSubject): void {
  describe(`media store: ${kind}`, () => {
    let a: MediaStore;
    let b: MediaStore;
    if (subject.setUp) beforeAll(subject.setUp);
    if (subject.tearDown) afterAll(subject.tearDown);
    beforeEach(async () => {
      ({ a, b } = await subject.open());
    });
    afterEach(async () => {
      await Promise.all([a.close(), b.close()]);
    });

    test('it is well', async () => {
      expect(await a.health()).toMatchObject({ status: expect.stringMatching(/^(ok|degraded)$/) });
    });

    test('what one node stores another reads, byte for byte, with its size and type', async () => {
      const body = randomBytes(3_000_000);
      await a.put('recordings/x/main/1.m4s', body, video);
      const found = await b.get('recordings/x/main/1.m4s');
      expect(found).toMatchObject({ size: 3_000_000, contentType: 'video/iso.segment' });
      expect(found && (await buffer(found.body)).equals(body)).toBe(true);
    });

    test('every kind of file has its type', async () => {
      const types = {
        'a.init.mp4': 'video/mp4',
        'a.m3u8': 'application/vnd.apple.mpegurl',
        'a.jpg': 'image/jpeg',
        'a.json': 'application/json',
        'a.vtt': 'text/vtt',
        a: 'application/octet-stream',
      };
      for (const [name, contentType] of Object.entries(types)) {
        await a.put(name, bytes('x'), { contentType });
        const found = await b.get(name);
        expect(found?.contentType, name).toBe(contentType);
        found?.body.destroy();
      }
    });

    test('an empty object is an object', async () => {
      await a.put('empty.vtt', bytes(''), { contentType: 'text/vtt' });
      expect(await textOf(b, 'empty.vtt')).toBe('');
      expect(await b.list('')).toEqual([{ name: 'empty.vtt', size: 0 }]);
    });

    test('what is not there is null, nothing in a list, and can be removed', async () => {
      expect(await a.get('recordings/none.m4s')).toBeNull();
      expect(await a.get('recordings/none.m4s', { from: 5 })).toBeNull();
      expect(await a.get('recordings/none.m4s', { from: 0, to: 0 })).toBeNull();
      expect(await a.list('recordings/')).toEqual([]);
      await a.remove('recordings/none.m4s');
      await a.removeAll('recordings/');
    });

    test('a folder is not an object', async () => {
      await a.put('recordings/x/1.m4s', bytes('one'), video);
      expect(await a.get('recordings/x')).toBeNull();
      await a.remove('recordings/x');
      expect(await textOf(b, 'recordings/x/1.m4s')).toBe('one');
    });

    describe('ranges', () => {
      test.each([
        [{ from: 0 }, '0123456789'],
        [{ from: 3 }, '3456789'],
        [{ from: 0, to: 1 }, '0'],
        [{ from: 3, to: 7 }, '3456'],
        [{ from: 9, to: 10 }, '9'],
        [{ from: 8, to: 4_000 }, '89'],
        [{ from: 4, to: 4 }, ''],
        [{ from: 10 }, ''],
        [{ from: 4_000, to: 5_000 }, ''],
      ])('%j', async (range, expected) => {
        await a.put('digits.m4s', bytes('0123456789'), video);
        expect((await b.get('digits.m4s', range).then(destroyed))?.size).toBe(10);
        expect(await textOf(b, 'digits.m4s', range)).toBe(expected);
      });
    });

    describe('listing', () => {
      test('is by prefix, ordered, complete, with sizes', async () => {
        const names = [
          'r/b/2.m4s',
          'r/b/10.m4s',
          'r/b/1.m4s',
          'r/a/1.m4s',
          'r/b-1.m4s',
          'r/bb/1.m4s',
          's/1.m4s',
        ];
        for (const name of names) await a.put(name, bytes(name), video);
        const listed = async (prefix: string, after?: string) =>
          (await b.list(prefix, after === undefined ? {} : { after })).map(({ name }) => name);
        expect(await listed('r/b/')).toEqual(['r/b/1.m4s', 'r/b/10.m4s', 'r/b/2.m4s']);
        expect(await listed('r/b')).toEqual([
          'r/b-1.m4s',
          'r/b/1.m4s',
          'r/b/10.m4s',
          'r/b/2.m4s',
          'r/bb/1.m4s',
        ]);
        expect(await listed('r/b/1')).toEqual(['r/b/1.m4s', 'r/b/10.m4s']);
        expect(await listed('')).toEqual([...names].sort());
        expect(await listed('r/b/', 'r/b/1.m4s')).toEqual(['r/b/10.m4s', 'r/b/2.m4s']);
        expect(await listed('r/b/', 'r/b/15')).toEqual(['r/b/2.m4s']);
        expect(await listed('r/b/', 'r/c')).toEqual([]);
        expect(await b.list('s/')).toEqual([{ name: 's/1.m4s', size: 7 }]);
      });

      test('of more than a thousand is whole', async () => {
        const names = Array.from({ length: 1_050 }, (_, n) => `many/${String(n).padStart(5, '0')}.m4s`);
        for (let at = 0; at < names.length; at += 25)
          await Promise.all(names.slice(at, at + 25).map((name) => a.put(name, bytes('x'), video)));
        expect((await b.list('many/')).map(({ name }) => name)).toEqual(names);
        expect((await b.list('many/', { after: 'many/00999.m4s' })).map(({ name }) => name)).toEqual(
          names.slice(1_000),
        );
        await b.removeAll('many/');
        expect(await a.list('many/')).toEqual([]);
      }, 90_000);
    });

    test('a name stored again is there once, and who has begun to read goes on with what it began', async () => {
      const before = randomBytes(4_000_000);
      const after = randomBytes(4_000_000);
      await a.put('again.m4s', before, video);
      const reading = await b.get('again.m4s');
      await a.put('again.m4s', after, video);
      expect(reading && (await buffer(reading.body)).equals(before)).toBe(true);
      const now = await b.get('again.m4s');
      expect(now && (await buffer(now.body)).equals(after)).toBe(true);
      expect(await b.list('')).toEqual([{ name: 'again.m4s', size: 4_000_000 }]);
    });

    test('nobody ever sees half of an object', async () => {
      const size = 2_000_000;
      const done = { value: false };
      const writing = (async () => {
        for (let n = 0; n < 8; n += 1) await a.put('whole.m4s', new Uint8Array(size).fill(n), video);
        done.value = true;
      })();
      let seen = 0;
      while (!done.value) {
        for (const entry of await b.list('')) expect(entry.size).toBe(size);
        const found = await b.get('whole.m4s');
        if (!found) continue;
        const body = await buffer(found.body);
        expect(body.length).toBe(size);
        expect(body.every((byte) => byte === body[0])).toBe(true);
        seen += 1;
      }
      await writing;
      expect(seen).toBeGreaterThan(0);
    });

    test('removal takes what was named and nothing beside it', async () => {
      for (const name of ['r/x/1.m4s', 'r/x/2.m4s', 'r/xy/1.m4s', 'r/y.m4s'])
        await a.put(name, bytes('x'), video);
      await a.remove('r/x/1.m4s');
      await a.remove('r/x/1.m4s');
      expect(await b.list('r/x/')).toEqual([{ name: 'r/x/2.m4s', size: 1 }]);
      await a.removeAll('r/x/');
      expect((await b.list('')).map(({ name }) => name)).toEqual(['r/xy/1.m4s', 'r/y.m4s']);
      await a.removeAll('r/x');
      expect((await b.list('')).map(({ name }) => name)).toEqual(['r/y.m4s']);
      await a.put('r/x/1.m4s', bytes('back'), video);
      expect(await textOf(b, 'r/x/1.m4s')).toBe('back');
    });

    test.each([
      ['nothing', ''],
      ['the folder above', '../x.m4s'],
      ['the folder above, later', 'r/../../x.m4s'],
      ['the folder itself', 'r/./x.m4s'],
      ['a hidden file', 'r/.tmp'],
      ['an absolute path', '/etc/passwd'],
      ['an empty part', 'r//x.m4s'],
      ['a folder', 'r/'],
      ['a backslash', 'r\\..\\x.m4s'],
      ['a NUL', 'r/x\0.m4s'],
      ['a percent sign', 'r/%2e%2e/x.m4s'],
      ['a line end', 'r/x.m4s\n'],
      ['letters of another alphabet', 'r/课.m4s'],
      ['no end', `r/${'x'.repeat(511)}`],
    ])('a name that is %s is refused everywhere', async (_what, name) => {
      const refusal = expect.objectContaining({ code: 'bad-name' });
      await expect(a.put(name, bytes('x'), video)).rejects.toEqual(refusal);
      await expect(a.get(name)).rejects.toEqual(refusal);
      await expect(a.remove(name)).rejects.toEqual(refusal);
      expect(await a.list('')).toEqual([]);
    });

    test('a prefix that leaves its folder is refused, and so is removing everything', async () => {
      await a.put('r/x.m4s', bytes('x'), video);
      for (const prefix of ['../', '/', 'r/..', 'r//', '.', 'r/.tmp/', 'r\0']) {
        await expect(a.list(prefix), prefix).rejects.toMatchObject({ code: 'bad-name' });
        await expect(a.removeAll(prefix), prefix).rejects.toMatchObject({ code: 'bad-name' });
      }
      await expect(a.removeAll('')).rejects.toMatchObject({ code: 'bad-name' });
      expect(await b.list('')).toHaveLength(1);
    });

    test('once closed everything is refused, and closing again is nothing', async () => {
      await a.put('x.m4s', bytes('x'), video);
      await a.close();
      await a.close();
      await expect(a.get('x.m4s')).rejects.toBeInstanceOf(MediaStoreError);
      await expect(a.put('y.m4s', bytes('y'), video)).rejects.toMatchObject({ code: 'unavailable' });
      await expect(a.list('')).rejects.toMatchObject({ code: 'unavailable' });
      expect(await a.health()).toMatchObject({ status: 'down' });
      expect(await textOf(b, 'x.m4s')).toBe('x');
    });
  });
}

function destroyed<T extends { body: { destroy(): void } } | null>(found: T): T {
  found?.body.destroy();
  return found;
}
