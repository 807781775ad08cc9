/** Real Chromium with a fake camera and microphone. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';

export const chromiumPath = '/usr/bin/chromium';

export interface Screen {
  width: number;
  height: number;
  phone?: boolean;
  dark?: boolean;
  locale?: 'zh-CN' | 'en-US';
}
export const desktop: Screen = { width: 1440, height: 900 };
export const phone: Screen = { width: 360, height: 740, phone: true };

export interface Browser {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Lines the page wrote as errors; a finished test expects none. */
  readonly errors: string[];
  readonly close: () => Promise<void>;
}

/**
 * One person's browser: a profile of its own. `secureOrigin` makes a plain http origin beyond localhost count as secure;
 * `trustedKey` is the hash of a certificate's key that it takes from whichever server (base64 of SHA-256);
 * `framesPerSecond` is the fake camera's, 20 by default: fewer where many browsers share a small machine.
 */
export async function openBrowser(
  screen: Screen,
  options: {
    executablePath?: string;
    secureOrigin?: string;
    trustedKey?: string;
    framesPerSecond?: number;
    /** A clip (.y4m) that the fake camera shows, over and over. */
    cameraFile?: string;
  } = {},
): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'keshi-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: options.executablePath ?? chromiumPath,
    headless: true,
    viewport: { width: screen.width, height: screen.height },
    isMobile: screen.phone ?? false,
    hasTouch: screen.phone ?? false,
    locale: screen.locale ?? 'zh-CN',
    colorScheme: screen.dark ? 'dark' : 'light',
    timezoneId: 'Asia/Shanghai',
    acceptDownloads: true,
    permissions: ['camera', 'microphone'],
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      options.framesPerSecond
        ? `--use-fake-device-for-media-stream=fps=${options.framesPerSecond}`
        : '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      ...(options.cameraFile ? [`--use-file-for-fake-video-capture=${options.cameraFile}`] : []),
      '--auto-accept-this-tab-capture',
      '--auto-select-desktop-capture-source=Entire screen',
      ...(options.trustedKey ? [`--ignore-certificate-errors-spki-list=${options.trustedKey}`] : []),
      ...(options.secureOrigin ? [`--unsafely-treat-insecure-origin-as-secure=${options.secureOrigin}`] : []),
    ],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(`${error.name}: ${error.message}`));
  return {
    context,
    page,
    errors,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
