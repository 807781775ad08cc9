/**
 * An instructor publishes from a program instead of the page: with the address and the token from the page that prepares
 * the class, from GStreamer and from another web page. A learner sees and hears it.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Browser, desktop, openBrowser } from '../src/chromium.ts';
import { enterClass, hears, logIn, openConsole, sees, startClass } from '../src/class-day.ts';
import { keepEvidence } from '../src/evidence.ts';
import { type Product, startProduct } from '../src/product.ts';
import { listenTo, picturesAfter, soundAfter } from '../src/streams.ts';
import { live } from '../../web/client/src/i18n/zh-CN/live.ts';
import { teach } from '../../web/client/src/i18n/zh-CN/teach.ts';

const gstreamer = fileURLToPath(new URL('../../signaling/test/gstreamer-whip.py', import.meta.url));
const host = '王建国';
const patient = { timeout: 60_000, interval: 250 };

let product: Product;
let teacher: Browser;
let pupil: Browser;
let access: { url: string; token: string };

beforeAll(async () => {
  product = await startProduct();
  [teacher, pupil] = await Promise.all([openBrowser(desktop), openBrowser(desktop)]);
  await Promise.all([listenTo(teacher.context), listenTo(pupil.context)]);
  await logIn(teacher.page, product.url, 'teacher');
  await logIn(pupil.page, product.url, 'learner1');
});
afterAll(async () => {
  await Promise.all([teacher?.close(), pupil?.close()]);
  await product?.stop();
});
beforeEach(({ task }) =>
  keepEvidence(`whip ${task.name.slice(0, 30)}`, {
    pages: () => ({ teacher: teacher.page, pupil: pupil.page }),
    output: () => product.output(),
  }),
);

/** How wide the picture of the instructor is here: each way of publishing has a width of its own. */
const widthOf = (page: Page) =>
  page
    .locator(`video[aria-label="${live.cameraOf(host)}"]`)
    .first()
    .evaluate((element) => {
      const picture: { videoWidth: number } = element;
      return picture.videoWidth;
    })
    .catch(() => 0);

/** Its lines, as they come. */
function startGStreamer(codec: 'h264' | 'vp8') {
  const encoder: ChildProcessWithoutNullStreams = spawn('/usr/bin/python3', [
    gstreamer,
    access.url,
    access.token,
    codec,
  ]);
  const said: string[] = [];
  for (const stream of [encoder.stdout, encoder.stderr])
    createInterface({ input: stream }).on('line', (line) => said.push(line));
  return {
    said,
    async end() {
      const gone = encoder.exitCode === null ? once(encoder, 'exit') : null;
      encoder.stdin.end();
      await gone;
    },
  };
}

describe('an encoder', () => {
  test('gets its address and token where the instructor prepares the class', async () => {
    const classId = await openConsole(teacher.page);
    const { page } = teacher;
    await page.goto(`${product.url}/teach/${classId}`);
    await page.getByRole('button', { name: teach.whip.make }).click();
    access = {
      url: await page.getByLabel(teach.whip.url, { exact: true }).inputValue(),
      token: await page.getByLabel(teach.whip.token, { exact: true }).inputValue(),
    };
    expect(access.url).toBe(`${product.url}/whip/${classId}`);
    expect(await page.getByLabel(teach.whip.token, { exact: true }).getAttribute('type')).toBe('password');
    for (const step of teach.whip.steps) await page.getByText(step).waitFor();
    await page.goto(`${product.url}/class/${classId}`);
    await enterClass(pupil.page);
    await startClass(page);
    await sees(pupil.page, host);
  });

  test.each(['h264', 'vp8'] as const)('of GStreamer in %s is seen and heard', async (codec) => {
    const encoder = startGStreamer(codec);
    try {
      await expect.poll(() => encoder.said.join('\n'), patient).toContain('"connected"');
      await expect.poll(() => widthOf(pupil.page), patient).toBe(320);
      await picturesAfter(pupil.page, host);
      await soundAfter(pupil.page);
      await hears(pupil.page);
    } finally {
      await encoder.end();
    }
    expect(encoder.said.join('\n')).toContain('"ended": 200');
  });

  test('in a web page of another origin is seen and heard, and gone when it ends', async () => {
    const studio = await openBrowser(desktop);
    const site = createServer((_, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>studio</title>');
    }).listen(0, '127.0.0.1');
    await once(site, 'listening');
    try {
      const address = site.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      await studio.page.goto(`http://127.0.0.1:${address.port}/`);
      await studio.page.evaluate(`(${publish})(${JSON.stringify(access)})`);
      await expect.poll(() => widthOf(pupil.page), patient).toBe(400);
      await picturesAfter(pupil.page, host);
      await soundAfter(pupil.page);
      expect(await studio.page.evaluate('globalThis.keshiEnd()')).toBe(200);
      await pupil.page.getByText(live.cameraOff).waitFor({ timeout: patient.timeout });
    } finally {
      await studio.close();
      site.close();
    }
  });
});

/** Runs in a page: the whole of a WHIP client. */
const publish = `async ({ url, token }) => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 400, height: 300 } });
  const connection = new RTCPeerConnection();
  for (const track of stream.getTracks())
    connection.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
  await connection.setLocalDescription();
  const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/sdp' };
  const answer = await fetch(url, { method: 'POST', headers, body: connection.localDescription.sdp });
  if (answer.status !== 201) throw new Error(answer.status + ' ' + (await answer.text()));
  await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  globalThis.keshiEnd = async () => {
    const session = new URL(answer.headers.get('location'), url);
    const { status } = await fetch(session, { method: 'DELETE', headers });
    connection.close();
    return status;
  };
}`;
