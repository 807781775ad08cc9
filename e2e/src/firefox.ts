/** Real Firefox, Debian's own, with a fake camera and microphone, driven over WebDriver BiDi. */
import { networkInterfaces } from 'node:os';
import puppeteer, { type Page } from 'puppeteer-core';
import { expect } from 'vitest';
import { live } from '../../web/client/src/i18n/zh-CN/live.ts';
import { shell } from '../../web/client/src/i18n/zh-CN/shell.ts';
import { growsBy, rememberConnections, soundPackets } from './streams.ts';

export const firefoxPath = '/usr/bin/firefox-esr';
const patient = { timeout: 60_000, interval: 200 };
const enough = 30;

/** A Firefox with one person in it, and what that person does, by the words on the screen. */
export interface Firefox {
  readonly page: Page;
  readonly errors: string[];
  /** Waits until something that can be clicked has this name, and clicks it. */
  readonly press: (name: string) => Promise<void>;
  readonly fill: (label: string, text: string) => Promise<void>;
  /** Waits until the text is on the screen. */
  readonly reads: (text: string) => Promise<void>;
  /** Decoded frames of the first picture inside `scope` grow. */
  readonly sees: (scope: string) => Promise<void>;
  readonly hears: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openFirefox(): Promise<Firefox> {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: firefoxPath,
    headless: true,
    defaultViewport: { width: 1280, height: 800 },
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      // Chinese, as the interface words are looked for.
      'intl.accept_languages': 'zh-CN,zh',
      'media.autoplay.default': 0,
    },
  });
  const page = (await browser.pages())[0] ?? (await browser.newPage());
  await page.evaluateOnNewDocument(rememberConnections);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error instanceof Error ? error.message : String(error)));

  /** Does `action` to the element of that name in the page; false while there is none that can be used. */
  const act = (name: string, action: string) =>
    page.evaluate(`(() => {
      const name = ${JSON.stringify(name)};
      const named = (element) =>
        (element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent)
          .replace(/\\s+/g, ' ')
          .trim();
      const usable = (element) => element.getClientRects().length > 0 && !element.disabled;
      const all = [...document.querySelectorAll('button, a[href], input, textarea, [role=tab], [role=checkbox]')];
      const found = all.filter(usable).find((element) => named(element) === name || named(element).startsWith(name + ' '));
      if (!found) return false;
      ${action}
      return true;
    })()`);
  const once = (name: string, action: string) =>
    expect.poll(() => act(name, action).catch(() => false), { ...patient, message: name }).toBe(true);

  return {
    page,
    errors,
    press: (name) => once(name, 'found.click();'),
    fill: (label, text) =>
      once(
        label,
        // As typing does: the framework listens to the event, not to the property.
        `found.value = ${JSON.stringify(text)};
         found.dispatchEvent(new Event('input', { bubbles: true }));`,
      ),
    reads: (text) =>
      expect
        .poll(
          () => page.evaluate(`document.body.innerText.includes(${JSON.stringify(text)})`).catch(() => false),
          {
            ...patient,
            message: text,
          },
        )
        .toBe(true),
    sees: (scope) =>
      growsBy(enough, async () =>
        Number(
          await page.evaluate(`(() => {
            const video = document.querySelector(${JSON.stringify(scope)});
            // Firefox counts a live stream's pictures here, and not among the playback quality's.
            return video && video.videoWidth > 0 ? video.mozPaintedFrames : 0;
          })()`),
        ),
      ),
    hears: () => growsBy(enough, async () => Number(await page.evaluate(soundPackets))),
    close: () => browser.close(),
  };
}

export async function logInWithFirefox(firefox: Firefox, url: string, login: string, password: string) {
  await firefox.page.goto(`${url}/login`);
  await firefox.fill(shell.login.account, login);
  await firefox.fill(shell.login.password, password);
  await firefox.press(shell.login.submit);
  await expect.poll(() => new URL(firefox.page.url()).pathname, patient).not.toBe('/login');
}

/** An address of this machine that Firefox speaks to: media over 127.0.0.1 it refuses. */
export function lanAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const lan = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!lan) throw new Error('this machine has no address but loopback, and Firefox takes no media over that');
  return lan.address;
}

/** The picture of that person's camera. */
export const cameraOf = (name: string): string => `video[aria-label="${live.cameraOf(name)}"]`;
