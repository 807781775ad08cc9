import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createLinkClient } from '../src/link/client.ts';
import { makeCredential } from '../src/link/credential.ts';
import type { Link, LinkState } from '../src/link/link.ts';
import { type LinkServer, createLinkServer } from '../src/link/server.ts';
import {
  type TestContract,
  describeLink,
  failureOf,
  maxMessageBytes,
  testContract,
} from './link.contract.ts';
import { createFreezableProxy } from './freezable-proxy.ts';
import { createQuietLog } from './quiet-log.ts';

const secret = 'a service secret of the test, long enough';
const common = { contract: testContract, secret, audience: 'sfu-1', maxMessageBytes, log: createQuietLog() };

async function openServer(options: { port?: number; log?: typeof common.log } = {}) {
  const served: Link<TestContract>[] = [];
  let notify = Promise.withResolvers<Link<TestContract>>();
  const server = await createLinkServer({
    ...common,
    port: 0,
    ...options,
    serve(link) {
      link.handle('double', ({ n }) => ({ n: n * 2 }));
      served.push(link);
      notify.resolve(link);
      notify = Promise.withResolvers();
    },
  });
  return { server, served, next: () => notify.promise };
}

function openClient(port: number, options: { secret?: string; audience?: string; maxPauseMs?: number } = {}) {
  return createLinkClient({
    ...common,
    url: `ws://127.0.0.1:${port}`,
    from: 'signaling-1',
    maxPauseMs: 200,
    ...options,
  });
}

function reached(link: Link<TestContract>, wanted: (state: LinkState) => boolean): Promise<LinkState> {
  if (wanted(link.state)) return Promise.resolve(link.state);
  const { promise, resolve } = Promise.withResolvers<LinkState>();
  const stop = link.watch((state) => {
    if (!wanted(state)) return;
    stop();
    resolve(state);
  });
  return promise;
}

const isOpen = (state: LinkState) => state.kind === 'open';
const isDown = (state: LinkState) => state.kind === 'connecting' && state.failed !== null;

describeLink('WebSocket', async () => {
  const served = Promise.withResolvers<Link<TestContract>>();
  const server = await createLinkServer({ ...common, port: 0, serve: served.resolve });
  const near = openClient(server.port);
  const far = await served.promise;
  await reached(near, isOpen);
  return { near, far, release: () => server.close() };
});

describe('a link over the network', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function start(options?: Parameters<typeof openServer>[0]) {
    const opened = await openServer(options);
    closers.push(() => opened.server.close());
    return opened;
  }
  function join(server: LinkServer | number, options?: Parameters<typeof openClient>[1]) {
    const link = openClient(typeof server === 'number' ? server : server.port, options);
    closers.push(() => link.close());
    return link;
  }

  test('the server knows who came', async () => {
    const { server, next } = await start();
    const arrived = next();
    join(server);
    expect((await arrived).peer).toBe('signaling-1');
  });

  test('the client comes back by itself, keeps its handlers, and rejects what was in flight', async () => {
    const { server, served } = await start();
    const link = join(server);
    const states: LinkState['kind'][] = [];
    link.watch((state) => states.push(state.kind));
    link.handle('slow', () => ({}));
    await reached(link, isOpen);
    served[0]?.handle('slow', () => new Promise(() => {}));
    const asked = link.request('slow', {}).catch(failureOf);
    const port = server.port;
    await server.close();
    expect(await asked).toBe('down');
    await reached(link, isDown);
    expect(await link.request('double', { n: 1 }).catch(failureOf)).toBe('down');
    const again = await start({ port });
    await reached(link, isOpen);
    expect(await link.request('double', { n: 4 })).toEqual({ n: 8 });
    expect(await again.served[0]?.request('slow', {})).toEqual({});
    expect(states[0]).toBe('open');
    expect(states.at(-1)).toBe('open');
    expect(states).toContain('connecting');
  });

  test('a peer that falls silent is given up within seconds, on both sides', async () => {
    const { server, next } = await start();
    const through = await createFreezableProxy(server.port);
    closers.push(through.close);
    const arrived = next();
    const link = join(through.port);
    await reached(link, isOpen);
    const far = await arrived;
    const frozenAt = performance.now();
    through.freeze();
    expect(await reached(link, isDown)).toMatchObject({ failed: 'silent' });
    expect(await far.closed).toBe('silent');
    expect(performance.now() - frozenAt).toBeLessThan(5_000);
  });

  test('a forged credential is refused, and others are not disturbed', async () => {
    const lines: string[] = [];
    const { server, served } = await start({ log: createQuietLog(lines) });
    const good = join(server);
    await reached(good, isOpen);
    const forged = join(server, { secret: 'another secret, just as long as the first' });
    const wrongAudience = join(server, { audience: 'sfu-2' });
    expect(await reached(forged, isDown)).toMatchObject({ failed: 'refused' });
    expect(await reached(wrongAudience, isDown)).toMatchObject({ failed: 'refused' });
    expect(served).toHaveLength(1);
    expect(await good.request('double', { n: 2 })).toEqual({ n: 4 });
    expect(lines.join('')).not.toContain(secret);
    expect(lines.join('')).toContain('"reason":"forged"');
  });

  test('a credential opens one link, once, and only while it is fresh', async () => {
    const { server, served } = await start();
    const mint = (now: number) => makeCredential({ secret, from: 'x', audience: 'sfu-1', now }).text;
    const fresh = mint(Date.now());
    expect(await knock(server.port, fresh)).toBe('open');
    expect(await knock(server.port, fresh)).toBe(401);
    expect(await knock(server.port, mint(Date.now() - 60_000))).toBe(401);
    expect(await knock(server.port, mint(Date.now() + 60_000))).toBe(401);
    expect(await knock(server.port, `${fresh.slice(0, -4)}AAAA`)).toBe(401);
    expect(await knock(server.port, 'v1.nonsense')).toBe(401);
    expect(await knock(server.port, undefined)).toBe(401);
    expect(served).toHaveLength(1);
  });

  test('a server that cannot prove the secret is not spoken to', async () => {
    const impostor = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(impostor, 'listening');
    closers.push(async () => {
      for (const client of impostor.clients) client.terminate();
      impostor.close();
      await once(impostor, 'close');
    });
    const heard: unknown[] = [];
    impostor.on('connection', (socket) => socket.on('message', (data) => heard.push(data)));
    const address = impostor.address();
    const link = join(typeof address === 'object' && address ? address.port : 0);
    expect(await reached(link, isDown)).toMatchObject({ failed: 'refused' });
    expect(link.emit('tick', { n: 1 })).toBe(false);
    expect(heard).toEqual([]);
  });

  test.each([
    ['text that is not JSON', (socket: WebSocket) => socket.send('{')],
    ['JSON that is not a frame', (socket: WebSocket) => socket.send('{"t":"request","i":"one"}')],
    ['binary', (socket: WebSocket) => socket.send(Buffer.from([1, 2, 3]))],
    ['oversize', (socket: WebSocket) => socket.send(JSON.stringify('x'.repeat(maxMessageBytes * 2)))],
    [
      'bytes that are no WebSocket frame',
      (socket: WebSocket) => rawSocket(socket).write(Buffer.alloc(64, 0xff)),
    ],
  ])('garbage ends that connection alone: %s', async (_what, spoil) => {
    const { server, served } = await start();
    const good = join(server);
    await reached(good, isOpen);
    const text = makeCredential({ secret, from: 'noisy', audience: 'sfu-1', now: Date.now() }).text;
    const bad = openRaw(server.port, text);
    await once(bad, 'open');
    spoil(bad);
    await once(bad, 'close');
    expect(await served[1]?.closed).toBe('garbage');
    expect(server.size).toBe(1);
    expect(await good.request('double', { n: 2 })).toEqual({ n: 4 });
  });

  test('wrong parameters, unknown names and late answers are refused frame by frame', async () => {
    const { server, served } = await start();
    const text = makeCredential({ secret, from: 'raw', audience: 'sfu-1', now: Date.now() }).text;
    const raw = openRaw(server.port, text);
    await once(raw, 'open');
    const say = (frame: object) => raw.send(JSON.stringify(frame));
    say({ t: 'event', n: 'tick', p: { n: 'no number' } });
    say({ t: 'event', n: 'constructor', p: {} });
    say({ t: 'result', i: 99, r: {} });
    say({ t: 'request', i: 1, m: 'double', p: { n: 'no number' } });
    say({ t: 'request', i: 2, m: 'toString', p: {} });
    say({ t: 'request', i: 3, m: 'double', p: { n: 3 } });
    const answers: unknown[] = [];
    raw.on('message', (data: Buffer) => answers.push(JSON.parse(data.toString())));
    await expect.poll(() => answers.length).toBe(3);
    expect(answers).toMatchObject([
      { t: 'error', i: 1, e: { code: 'invalid-input' } },
      { t: 'error', i: 2, e: { code: 'unknown-event' } },
      { t: 'result', i: 3, r: { n: 6 } },
    ]);
    expect(served[0]?.state).toEqual({ kind: 'open' });
    raw.terminate();
  });

  test('an answer of the wrong shape is an error of the one who asked', async () => {
    const { server, next } = await start();
    const arrived = next();
    const text = makeCredential({ secret, from: 'raw', audience: 'sfu-1', now: Date.now() }).text;
    const raw = openRaw(server.port, text);
    raw.on('message', () => raw.send(JSON.stringify({ t: 'result', i: 1, r: { n: 'no number' } })));
    expect(await (await arrived).request('double', { n: 1 }).catch(failureOf)).toBe('garbage');
    raw.terminate();
  });

  test('after closing, nothing is left open', async () => {
    const { server, served } = await openServer();
    const link = openClient(server.port);
    await reached(link, isOpen);
    await link.close();
    expect(await served[0]?.closed).toBe('closed-by-peer');
    expect(server.size).toBe(0);
    await server.close();
    await server.close();
    const left = () => process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP'));
    await expect.poll(left).toEqual([]);
  });
});

function openRaw(port: number, credential: string | undefined): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${port}/link`, {
    headers: credential === undefined ? {} : { authorization: `KeshiLink ${credential}` },
  });
}

function rawSocket(socket: WebSocket): Socket {
  return (socket as WebSocket & { _socket: Socket })._socket;
}

async function knock(port: number, credential: string | undefined): Promise<'open' | number | undefined> {
  const { promise, resolve } = Promise.withResolvers<'open' | number | undefined>();
  const socket = openRaw(port, credential);
  socket.on('error', () => {});
  socket.once('open', () => resolve('open'));
  socket.once('unexpected-response', (_request, response) => resolve(response.statusCode));
  return promise.finally(() => socket.terminate());
}
