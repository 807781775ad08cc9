import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createMediaStore } from '../src/media-store/media-store.ts';
import { type TestMinio, startMinio } from '../src/testing/minio.ts';
import { createFreezableProxy } from './freezable-proxy.ts';
import { describeMediaStore } from './media-store.contract.ts';
import { createQuietLog } from './quiet-log.ts';

const log = createQuietLog();
const video = { contentType: 'video/iso.segment' };

let minio: TestMinio;
beforeAll(async () => {
  minio = await startMinio();
});
afterAll(() => minio.stop());

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A store in a new bucket, reached through `port` when it is given. */
async function openStore(change: Partial<Awaited<ReturnType<TestMinio['bucket']>>> = {}) {
  const store = await createMediaStore({ ...(await minio.bucket()), ...change }, log);
  closing.push(() => store.close());
  return store;
}

describeMediaStore('S3', {
  open: async () => {
    const config = await minio.bucket();
    return { a: await createMediaStore(config, log), b: await createMediaStore(config, log) };
  },
});

describeMediaStore('S3 under a prefix', {
  open: async () => {
    const config = { ...(await minio.bucket()), prefix: 'keshi/media' };
    return { a: await createMediaStore(config, log), b: await createMediaStore(config, log) };
  },
});

test('two prefixes of one bucket do not see each other', async () => {
  const config = await minio.bucket();
  const [one, two] = await Promise.all([
    openStore({ ...config, prefix: 'a' }),
    openStore({ ...config, prefix: 'ab' }),
  ]);
  await one.put('x.m4s', Buffer.from('x'), video);
  expect(await two.list('')).toEqual([]);
  expect(await two.get('x.m4s')).toBeNull();
  const top = await openStore(config);
  expect(await top.list('')).toEqual([{ name: 'a/x.m4s', size: 1 }]);
});

test('answers of 503, and connections that break, are tried again until it works', async () => {
  const proxy = await createFailingProxy(minio.port, ['503', 'break', '500']);
  closing.push(proxy.close);
  const store = await openStore({ endpoint: `http://127.0.0.1:${proxy.port}` });
  await store.put('x.m4s', Buffer.from('stored'), video);
  expect(proxy.asked()).toBe(4);
  const found = await store.get('x.m4s');
  expect(found && (await buffer(found.body)).toString()).toBe('stored');
});

test('they are tried again a few times only, and then it is a failure', async () => {
  const proxy = await createFailingProxy(
    minio.port,
    Array.from({ length: 20 }, () => '503' as const),
  );
  closing.push(proxy.close);
  const store = await openStore({ endpoint: `http://127.0.0.1:${proxy.port}` });
  await expect(store.get('x.m4s')).rejects.toMatchObject({ code: 'unavailable' });
  expect(proxy.asked()).toBe(5);
});

test('a store that has no room says so at once', async () => {
  const proxy = await createFailingProxy(minio.port, ['507']);
  closing.push(proxy.close);
  const store = await openStore({ endpoint: `http://127.0.0.1:${proxy.port}` });
  await expect(store.put('x.m4s', Buffer.from('x'), video)).rejects.toMatchObject({ code: 'full' });
  expect(proxy.asked()).toBe(1);
});

test('a server that says nothing is given up on when the store is closed', async () => {
  const proxy = await createFreezableProxy(minio.port);
  closing.push(proxy.close);
  const store = await openStore({ endpoint: `http://127.0.0.1:${proxy.port}` });
  await store.put('x.m4s', Buffer.alloc(1), video);
  proxy.freeze();
  const waiting = store.list('');
  await store.close();
  await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
});

test.each([
  ['a wrong key', { secretAccessKey: 'wrong-wrong-wrong' }, '403 SignatureDoesNotMatch'],
  ['an unknown key', { accessKeyId: 'nobody' }, '403 InvalidAccessKeyId'],
  ['a bucket that is not there', { bucket: 'not-there' }, '404 NoSuchBucket'],
])('%s is a failure, never an empty store', async (_what, change, said) => {
  const store = await openStore(change);
  await expect(store.get('x.m4s')).rejects.toMatchObject({
    code: 'unavailable',
    message: `S3 answers ${said}`,
  });
  await expect(store.list('')).rejects.toMatchObject({ code: 'unavailable' });
  await expect(store.put('x.m4s', Buffer.alloc(1), video)).rejects.toMatchObject({ code: 'unavailable' });
  await expect(store.remove('x.m4s')).rejects.toMatchObject({ code: 'unavailable' });
  expect(await store.health()).toEqual({ status: 'down', reason: `S3 answers ${said}` });
});

test('what waits while the server is restarted is stored when it is back', async () => {
  const store = await openStore();
  await store.put('r/1.m4s', Buffer.from('one'), video);
  await minio.halt();
  expect(await store.health()).toEqual({ status: 'down', reason: 'S3 does not answer' });
  const waiting = store.put('r/2.m4s', Buffer.from('two'), video);
  await minio.start();
  await waiting;
  expect((await store.list('r/')).map(({ name }) => name)).toEqual(['r/1.m4s', 'r/2.m4s']);
});

type Mishap = '500' | '503' | '507' | 'break';

/** Passes requests on to `port` after it has met the first ones with the given mishaps. */
async function createFailingProxy(port: number, mishaps: Mishap[]) {
  let asked = 0;
  const server = createServer((incoming, outgoing) => {
    const mishap = mishaps[asked];
    asked += 1;
    incoming.on('error', () => {});
    if (mishap === 'break') return void incoming.socket.destroy();
    if (mishap !== undefined) {
      incoming.resume();
      return void incoming.on('end', () => outgoing.writeHead(Number(mishap)).end());
    }
    const { method, url, headers } = incoming;
    const onward = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    asked: () => asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
