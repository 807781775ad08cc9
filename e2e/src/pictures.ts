/** Pictures that reach a page after a break: one on the screen may be the last before it, so new ones are counted. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { live } from '../../web/client/src/i18n/zh-CN/live.ts';

/** More than any buffer holds back: a stream that has died cannot deliver them. */
const enough = 30;
const patient = { timeout: 90_000, interval: 250 };

/** What is asked of a video element. */
interface Video {
  getVideoPlaybackQuality(): { totalVideoFrames: number };
}

/** A stream of that person's camera runs here, frame after frame. */
export async function picturesAfter(page: Page, name: string): Promise<void> {
  const video = page.locator(`video[aria-label="${live.cameraOf(name)}"]`).first();
  const decoded = () =>
    video
      .evaluate((element) => {
        const playing: Video = element;
        return playing.getVideoPlaybackQuality().totalVideoFrames;
      })
      .catch(() => 0);
  let last = await decoded();
  let seen = 0;
  await expect
    .poll(async () => {
      const now = await decoded();
      // A new stream in the same element may count from the start again.
      seen += now >= last ? now - last : now;
      last = now;
      return seen;
    }, patient)
    .toBeGreaterThan(enough);
}
