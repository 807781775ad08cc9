/** The product as it is started by `npm start`, a class that runs, and its learner's way in. */
import { desktop, openBrowser, type Browser } from '@keshi/e2e/chromium';
import { startProduct } from '@keshi/e2e/product';
import type { Page } from 'playwright-core';
import type { JoinSide } from './side.ts';

const password = 'keshi-demo-2026';
const patience = { timeout: 60_000 };

async function logIn(page: Page, url: string, login: string): Promise<void> {
  await page.goto(`${url}/login`);
  await page.getByLabel('账号', { exact: true }).fill(login);
  await page.getByLabel('密码', { exact: true }).fill(password);
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.waitForURL((address) => !address.pathname.startsWith('/login'), patience);
}

/** `viewer` is logged in as a learner, once for all rounds. */
export async function openOurClass(viewer: Page): Promise<JoinSide> {
  const product = await startProduct();
  let host: Browser | undefined;
  const close = async () => {
    await host?.close();
    await product.stop();
  };
  try {
    host = await openBrowser(desktop);
    await logIn(host.page, product.url, 'teacher');
    await host.page.locator('a[href^="/class/"]').first().click();
    await host.page.getByRole('button', { name: '开始上课', exact: true }).click(patience);
    await host.page.getByRole('button', { name: '结束课堂', exact: true }).waitFor(patience);
    await logIn(viewer, product.url, 'learner1');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name: 'ours',
    async prepare(page) {
      await page.goto(product.url);
      await page.getByRole('link', { name: '进入课堂', exact: true }).waitFor(patience);
      await page.waitForLoadState('networkidle');
    },
    click: (page) => page.getByRole('link', { name: '进入课堂', exact: true }).click(),
    close,
  };
}
