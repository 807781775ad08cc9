/** Pictures and sound that reach a page after a break: what is there may be the last from before it, so new is counted. */
import type { BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { live } from '../../web/client/src/i18n/zh-CN/live.ts';

/** More than any buffer holds back: a stream that has died cannot deliver them. */
const enough = 30;
const patient = { timeout: 90_000, interval: 250 };

/** Runs in the page before its own code: remembers its connections, so that what they receive can be asked for. */
export const rememberConnections = `{
  const Original = RTCPeerConnection;
  const open = (globalThis.keshiConnections = new Set());
  globalThis.RTCPeerConnection = class extends Original {
    constructor(...given) {
      super(...given);
      open.add(this);
    }
    close() {
      open.delete(this);
      super.close();
    }
  };
}`;

/** An expression for the page: packets of sound received over all connections that are open now. */
export const soundPackets = `(async () => {
  let packets = 0;
  for (const connection of globalThis.keshiConnections)
    for (const row of (await connection.getStats()).values())
      if (row.type === 'inbound-rtp' && row.kind === 'audio') packets += row.packetsReceived;
  return packets;
})()`;

/** Before the page is opened, so that `soundAfter` can look. */
export async function listenTo(context: BrowserContext): Promise<void> {
  await context.addInitScript(rememberConnections);
}

/** What is asked of a video element. */
interface Video {
  getVideoPlaybackQuality(): { totalVideoFrames: number };
}

/** A stream of that person's camera runs here, frame after frame. */
export async function picturesAfter(page: Page, name: string): Promise<void> {
  const video = page.locator(`video[aria-label="${live.cameraOf(name)}"]`).first();
  await growsBy(enough, () =>
    video.evaluate(
      (element) => {
        const playing: Video = element;
        return playing.getVideoPlaybackQuality().totalVideoFrames;
      },
      undefined,
      { timeout: patient.timeout },
    ),
  );
}

/** Watches from now on how long that person's picture stands still on this page, whichever element shows it. */
export async function watchStillness(page: Page, name: string): Promise<void> {
  await page.evaluate(`{
    const seen = new WeakMap();
    let movedAt = performance.now();
    clearInterval(globalThis.keshiStill?.timer);
    const still = (globalThis.keshiStill = { longestMs: 0 });
    still.timer = setInterval(() => {
      let moved = false;
      for (const video of document.querySelectorAll('video[aria-label="${live.cameraOf(name)}"]')) {
        const frames = video.getVideoPlaybackQuality().totalVideoFrames;
        moved ||= frames > (seen.get(video) ?? 0);
        seen.set(video, frames);
      }
      const now = performance.now();
      if (moved) movedAt = now;
      still.longestMs = Math.max(still.longestMs, now - movedAt);
    }, 50);
  }`);
}

/** The longest that it stood still since `watchStillness`, ms. */
export const longestStillness = (page: Page): Promise<number> =>
  page.evaluate<number>('globalThis.keshiStill.longestMs');

/** Sound arrives here, packet after packet. */
export async function soundAfter(page: Page): Promise<void> {
  await growsBy(enough, () => page.evaluate<number>(soundPackets));
}

/** A count that only grows while something arrives; a new stream may count from the start again. */
export async function growsBy(least: number, read: () => Promise<number>): Promise<void> {
  let last: number | undefined;
  let grown = 0;
  await expect
    .poll(async () => {
      const now = await read().catch(() => undefined);
      if (now === undefined) return grown;
      if (last !== undefined) grown += now >= last ? now - last : now;
      last = now;
      return grown;
    }, patient)
    .toBeGreaterThan(least);
}
