/** Real Chromium publishes its (fake) camera and watches: over UDP, TCP and a pipe, through a worker's death. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sfuRequests, type SfuEvent } from '@keshi/contract/sfu';
import { chromium, type Browser, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { SfuRequestName } from '../src/node.ts';
import { createTestNode, spread, type TestNode } from './support/node.ts';

let test: TestNode;
let browser: Browser;
let server: Server;
let script: string;

beforeAll(async () => {
  script = await bundle();
  server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><body>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
});
afterAll(async () => {
  await browser.close();
  server.close();
});

beforeEach(async () => {
  test = await createTestNode({ workers: 2, placement: spread });
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  await test.close();
});

async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      target: 'esnext',
      lib: {
        entry: fileURLToPath(new URL('support/page.js', import.meta.url)),
        formats: ['iife'],
        name: 'page',
      },
    },
  });
  const [first] = Array.isArray(built) ? built : [];
  const chunk = first?.output[0];
  if (chunk?.type !== 'chunk') throw new Error('the page was not bundled');
  return chunk.code;
}

const isRequest = (name: string): name is SfuRequestName => name in sfuRequests;

async function openPage(): Promise<Page> {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const page = await (await browser.newContext()).newPage();
  await page.exposeFunction('sfuRequest', (name: string, params: unknown) => {
    if (!isRequest(name)) throw new Error(name);
    return test.node.request(name, params);
  });
  await page.goto(`http://127.0.0.1:${address.port}/`);
  await page.addScriptTag({ content: script });
  const stop = test.node.onEvent((event: SfuEvent) => {
    page.evaluate(`onSfuEvent(${JSON.stringify(event)})`).catch(() => undefined);
  });
  page.once('close', stop);
  return page;
}

const call = (page: Page, method: string, ...args: unknown[]): Promise<unknown> =>
  page.evaluate(`keshi.${method}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`);

const report = z.object({
  state: z.string(),
  firstFrames: z.object({ camera: z.number().optional() }),
  streams: z.partialRecord(
    z.enum(['camera', 'mic']),
    z.object({ id: z.string(), packets: z.number(), frames: z.number(), width: z.number() }),
  ),
});
const reportOf = async (page: Page) => report.parse(await call(page, 'report'));
const framesOf = async (page: Page) => (await reportOf(page)).streams.camera?.frames ?? 0;
const patience = { timeout: 20_000, interval: 100 };

async function publishFrom(page: Page, classId: string, mimeType?: string) {
  const peerId = randomUUID();
  await call(page, 'join', { classId, peerId });
  const { codec } = z.object({ codec: z.string() }).parse(await call(page, 'publish', mimeType));
  return { peerId, codec };
}

describe.each(['video/H264', 'video/VP8'])('a camera in %s', (mimeType) => {
  it('is decoded by viewers over UDP, TCP and a pipe, in the layer they ask for', async () => {
    const classId = await test.openClass();
    const stage = await openPage();
    const { codec } = await publishFrom(stage, classId, mimeType);
    expect(codec.toLowerCase()).toBe(mimeType.toLowerCase());

    const viewer = await openPage();
    const other = await openPage();
    expect(await call(viewer, 'join', { classId, peerId: randomUUID() })).toBe(2);
    expect(await call(other, 'join', { classId, peerId: randomUUID(), transport: 'tcp' })).toBe(2);
    // One of them is on the other worker.
    expect(test.pool.workers().map(({ census }) => census.consumers)).toEqual([2, 2]);
    expect(test.pool.workers()[0]?.census.pipes).toBe(2);
    for (const page of [viewer, other]) {
      await expect.poll(() => framesOf(page), patience).toBeGreaterThan(10);
      await expect
        .poll(async () => (await reportOf(page)).streams.mic?.packets, patience)
        .toBeGreaterThan(10);
    }

    await expect.poll(async () => (await reportOf(viewer)).streams.camera?.width, patience).toBe(1280);
    const consumerId = (await reportOf(viewer)).streams.camera?.id;
    await call(viewer, 'layers', consumerId, { spatial: 0 });
    await expect.poll(async () => (await reportOf(viewer)).streams.camera?.width, patience).toBe(320);
    await test.until(
      'consumer.layers',
      (event) => event.consumerId === consumerId && event.layers?.spatial === 0,
    );
    await test.until('stage.speaking', (event) => event.classId === classId && event.peerIds.length === 1);
  });
});

it('shows a viewer who comes late a picture at once', async () => {
  const classId = await test.openClass();
  const stage = await openPage();
  await publishFrom(stage, classId);
  const first = await openPage();
  await call(first, 'join', { classId, peerId: randomUUID() });
  await expect.poll(() => framesOf(first), patience).toBeGreaterThan(30);
  const late = await openPage();
  await call(late, 'join', { classId, peerId: randomUUID() });
  await expect.poll(async () => (await reportOf(late)).firstFrames.camera, patience).toBeDefined();
  // The publisher makes no key frame by itself for minutes: only an asked for one can be this early.
  expect((await reportOf(late)).firstFrames.camera).toBeLessThan(5_000);
});

it('[AT4] goes on after a worker was killed, once the page has joined again', async () => {
  const classId = await test.openClass();
  const [stage, viewer] = [await openPage(), await openPage()];
  await publishFrom(stage, classId);
  const peerId = randomUUID();
  await call(viewer, 'join', { classId, peerId });
  await expect.poll(() => framesOf(viewer), patience).toBeGreaterThan(5);
  await call(viewer, 'restartIce');
  const before = await framesOf(viewer);
  await expect.poll(() => framesOf(viewer), patience).toBeGreaterThan(before + 5);

  process.kill(test.pool.workers()[1]?.pid ?? 0, 'SIGKILL');
  expect(await test.until('peer.reset')).toEqual({ classId, peerId, reason: 'worker-died' });
  await call(viewer, 'join', { classId, peerId });
  await expect.poll(() => framesOf(viewer), patience).toBeGreaterThan(5);
});

it('lets go of a page that closed its receiving end by itself', async () => {
  const classId = await test.openClass();
  const [stage, viewer] = [await openPage(), await openPage()];
  await publishFrom(stage, classId);
  await call(viewer, 'join', { classId, peerId: randomUUID() });
  await expect.poll(() => framesOf(viewer), patience).toBeGreaterThan(0);
  const resets = test.of('peer.reset').length;
  await call(viewer, 'closeReceiver');
  await expect.poll(() => test.node.stats().peers, patience).toBe(1);
  expect(test.of('peer.reset')).toHaveLength(resets);
});

describe('a viewer whose transport fails', () => {
  it('is told to join again when its certificate is not the one it announced', async () => {
    const classId = await test.openClass();
    const [stage, viewer] = [await openPage(), await openPage()];
    await publishFrom(stage, classId);
    const peerId = randomUUID();
    // A forged certificate never connects, so the page's own join may not come to its end.
    call(viewer, 'join', { classId, peerId, forged: true }).catch(() => undefined);
    expect(await test.until('peer.reset')).toEqual({ classId, peerId, reason: 'transport-failed' });
    expect(test.node.stats().peers).toBe(1);
  });

  it('is let go once its connection was broken for longer than a restart takes', async () => {
    const classId = await test.openClass();
    const [stage, viewer] = [await openPage(), await openPage()];
    await publishFrom(stage, classId);
    const peerId = randomUUID();
    await call(viewer, 'join', { classId, peerId, transport: 'tcp' });
    await expect.poll(() => framesOf(viewer), patience).toBeGreaterThan(0);
    const devtools = await viewer.context().newCDPSession(viewer);
    devtools.send('Page.crash').catch(() => undefined);
    await expect
      .poll(() => test.of('peer.reset'), patience)
      .toEqual([{ classId, peerId, reason: 'transport-failed' }]);
    expect(test.node.stats().peers).toBe(1);
  });
});
