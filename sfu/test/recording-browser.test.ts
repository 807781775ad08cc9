/** What a real Chromium publishes, with its layers, growing sizes and silences, is recorded and plays. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { types } from 'mediasoup';
import { chromium, type Browser } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { mediaSource } from '@keshi/contract/domain';
import { dtlsParameters, mediaKind, rtpParameters } from '@keshi/contract/media';
import { toDtlsParameters, toRtpParameters } from '../src/negotiation.ts';
import { createRecording } from '../src/recording/recording.ts';
import { log } from './support/node.ts';
import {
  complaints,
  holes,
  lengthOf,
  openStore,
  pictureHashes,
  probe,
  segmentsOf,
  soundOf,
  takesOf,
  temporaryFolder,
  toneIn,
} from './support/recorded-media.ts';
import { createRecordedStage, type RecordedStage } from './support/recorded-stage.ts';

let browser: Browser;
let server: Server;
let script: string;

beforeAll(async () => {
  const entry = fileURLToPath(new URL('support/page.js', import.meta.url));
  const lib = { entry, formats: ['iife' as const], name: 'page' };
  const options = { write: false, minify: false, target: 'esnext', lib } as const;
  const built = await build({ configFile: false, logLevel: 'error', build: options });
  const chunk = (Array.isArray(built) ? built : [])[0]?.output[0];
  if (chunk?.type !== 'chunk') throw new Error('the page was not bundled');
  script = chunk.code;
  server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><body>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-quic'],
      ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
});
afterAll(async () => {
  await browser.close();
  server.close();
});

const address = z.object({ port: z.number() });
const connect = z.object({ transportId: z.string(), dtlsParameters });
const produce = z.object({ transportId: z.string(), kind: mediaKind, source: mediaSource, rtpParameters });

/** Answers the page as a node would, on the stage's one router. */
function answerFrom(stage: RecordedStage) {
  const transports = new Map<string, types.WebRtcTransport>();
  async function open() {
    const transport = await stage.router.createWebRtcTransport({
      listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }],
    });
    transports.set(transport.id, transport);
    const { id, iceParameters, iceCandidates, dtlsParameters: dtls } = transport;
    return { id, iceParameters, iceCandidates, dtlsParameters: dtls };
  }
  return async (name: string, params: unknown): Promise<unknown> => {
    if (name === 'peer.join') return { recvTransport: await open(), consumers: [] };
    if (name === 'peer.publish') return { sendTransport: await open() };
    if (name === 'transport.connect') {
      const { transportId, dtlsParameters: dtls } = connect.parse(params);
      await transports.get(transportId)?.connect({ dtlsParameters: toDtlsParameters(dtls) });
      return {};
    }
    const { transportId, kind, source, rtpParameters: rtp } = produce.parse(params);
    const producer = await transports
      .get(transportId)
      ?.produce({ kind, rtpParameters: toRtpParameters(rtp), keyFrameRequestDelay: 500 });
    if (!producer) throw new Error('no such transport');
    stage.add(producer, source);
    return { producerId: producer.id };
  };
}

it.each(['video/H264', 'video/VP8'])('%s', { timeout: 180_000 }, async (mimeType) => {
  const stage = await createRecordedStage();
  onTestFinished(() => stage.close());
  const dir = await temporaryFolder();
  const store = await openStore(`${dir}/media`);
  const classId = randomUUID();
  const page = await (await browser.newContext()).newPage();
  onTestFinished(() => page.context().close());
  await page.exposeFunction('sfuRequest', answerFrom(stage));
  await page.goto(`http://127.0.0.1:${address.parse(server.address()).port}/`);
  await page.addScriptTag({ content: script });
  await page.evaluate(`keshi.join(${JSON.stringify({ classId, peerId: randomUUID() })})`);
  await page.evaluate(`keshi.publish(${JSON.stringify(mimeType)})`);

  const folder = { kind: 'folder' as const, dir: `${dir}/media` };
  const recording = createRecording({ classId, tap: stage, store: folder, log, onState: () => undefined });
  onTestFinished(() => recording.close());
  const asked = Date.now();
  await recording.start();
  const from = Date.now();
  await expect
    .poll(async () => lengthOf(await segmentsOf(store, classId)), { timeout: 90_000, interval: 100 })
    .toBeGreaterThan(8_000);
  const to = Date.now();
  await recording.stop();

  const segments = await segmentsOf(store, classId);
  expect(holes(segments)).toEqual([]);
  // It begins when it is asked to, at the latest when it says so, and ends when it is told.
  const began = segments[0]?.startMs ?? NaN;
  expect(began).toBeGreaterThanOrEqual(asked);
  expect(began).toBeLessThanOrEqual(from);
  expect(Math.abs(began + lengthOf(segments) - to)).toBeLessThan(500);
  const takes = await takesOf(store, dir, classId);
  let pictures = 0;
  for (const { file, id } of takes) {
    expect(await complaints(file), id).toBe('');
    expect((await probe(file)).streams.map(({ codec_name }) => codec_name)).toEqual(['h264', 'aac']);
    pictures += (await pictureHashes(file)).length;
  }
  // The fake camera gives 15 a second; a busy machine codes fewer.
  expect(pictures).toBeGreaterThan(lengthOf(segments) / 1000);
  const last = takes.at(-1);
  expect(last && toneIn((await soundOf(last.file)).subarray(-8000), 440)).toBeGreaterThan(0.1);
});
