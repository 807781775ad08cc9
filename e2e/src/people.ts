/** One browser and several people in it, each with a profile and a camera of their own, which shows what the test says. */
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { chromiumPath } from './chromium.ts';
import { photo, type Scene, sceneSize } from './scenes.ts';

/** What the page sends is as large as a camera's picture. */
const times = 2;

export interface PersonBefore {
  readonly context: BrowserContext;
  readonly page: Page;
  /** From now on; `still` shows the scene without a camera's noise: the same picture over and over. */
  show(scene: Scene, options?: { still?: boolean }): Promise<void>;
}

export interface People {
  /** `tampering` runs in the page before anything of ours does. */
  come(given: { scenes: readonly Scene[]; tampering?: string }): Promise<PersonBefore>;
  close(): Promise<void>;
}

export async function openPeople(): Promise<People> {
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    ],
  });
  return {
    async come({ scenes, tampering }) {
      const context = await browser.newContext({
        viewport: { width: 800, height: 700 },
        locale: 'zh-CN',
        timezoneId: 'Asia/Shanghai',
        permissions: ['camera', 'microphone'],
      });
      const shown = await Promise.all(
        scenes.map(async (scene) => [scene, (await photo(scene, times)).pixels.toString('base64')] as const),
      );
      await context.addInitScript({ content: swappedCamera(Object.fromEntries(shown)) });
      if (tampering) await context.addInitScript({ content: tampering });
      const page = await context.newPage();
      let now: { scene?: Scene; still: boolean } = { still: false };
      const tell = () => page.evaluate(`globalThis.cameraShows?.(${JSON.stringify(now)})`);
      // A page that is loaded anew shows what the one before did.
      page.on('domcontentloaded', () => void tell().catch(() => undefined));
      return {
        context,
        page,
        async show(scene, { still = false } = {}) {
          now = { scene, still };
          await tell();
        },
      };
    },
    close: () => browser.close(),
  };
}

/**
 * What somebody does who gives the page a camera of their making: `getUserMedia` answers with a canvas. Its pictures are
 * RGB in base64; a camera's noise is drawn over them, so that no two frames are the same unless they are to be.
 */
const swappedCamera = (pictures: Readonly<Record<string, string>>) => `(() => {
  const size = ${JSON.stringify({ width: sceneSize.width * times, height: sceneSize.height * times })};
  const pictures = ${JSON.stringify(pictures)};
  const names = Object.keys(pictures);
  let now = { scene: names[0], still: false };
  globalThis.cameraShows = (next) => { now = { ...now, ...next }; };
  const painted = {};
  for (const name of names) {
    const rgb = Uint8Array.from(atob(pictures[name]), (char) => char.charCodeAt(0));
    const picture = new ImageData(size.width, size.height);
    for (let n = 0; n < rgb.length / 3; n += 1) {
      picture.data.set(rgb.subarray(n * 3, n * 3 + 3), n * 4);
      picture.data[n * 4 + 3] = 255;
    }
    painted[name] = picture;
  }
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, size);
    const drawing = canvas.getContext('2d');
    const draw = () => {
      const picture = new ImageData(new Uint8ClampedArray(painted[now.scene].data), size.width, size.height);
      if (!now.still)
        for (let n = 0; n < picture.data.length; n += 16) {
          const noise = Math.random() * 3 - 1.5;
          for (let channel = 0; channel < 3; channel += 1) picture.data[n + channel] += noise;
        }
      drawing.putImageData(picture, 0, 0);
    };
    draw();
    setInterval(draw, 200);
    return canvas.captureStream();
  };
})()`;
