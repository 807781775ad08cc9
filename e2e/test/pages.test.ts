/** Every page of every role, in both languages, both themes, on a desk and on a phone: whole, named and readable. */
import { glob } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificates } from '../../web/client/src/i18n/zh-CN/certificates.ts';
import { type Browser, desktop, openBrowser } from '../src/chromium.ts';
import { enterClass, logIn, openConsole, openTab, startClass, words } from '../src/class-day.ts';
import { addLesson } from '../src/lesson-row.ts';
import { kindOf, linksOf, problemsOf, settled, speaks } from '../src/page-check.ts';
import { type Product, startProduct } from '../src/product.ts';

const { live } = words;
const routes = fileURLToPath(new URL('../../web/client/src/routes', import.meta.url));
const desk = { width: 1440, height: 900 };
const hand = { width: 360, height: 740 };
/** Layout and words are looked at in all of them; axe takes long, and sees each theme and each width once. */
const looks = (locale: 'zh-CN' | 'en') => [
  { size: desk, theme: 'light' as const, axe: locale === 'zh-CN' },
  { size: desk, theme: 'dark' as const, axe: false },
  { size: hand, theme: 'dark' as const, axe: locale === 'zh-CN' },
  { size: hand, theme: 'light' as const, axe: false },
];
const roles = ['learner1', 'learner11', 'teacher', 'supervisor', 'employer', 'regulator', 'admin'];

let product: Product;
let browser: Browser;
const kindsSeen = new Set<string>();

beforeAll(async () => {
  product = await startProduct();
  await addLesson(product);
  browser = await openBrowser(desktop);
});
afterAll(async () => {
  await browser?.close();
  await product?.stop();
});

/** Of the course that is over, once its hours are settled. */
async function issueCertificate(): Promise<void> {
  await asOne(async (page) => {
    await logIn(page, product.url, 'supervisor');
    await page.goto(`${product.url}/admin/groups`);
    await page.getByRole('link', { name: '2026 夏季班' }).first().click();
    await page.getByRole('link', { name: certificates.group.open, exact: true }).click();
    // Before it is there a reload would show the page it is reached from.
    await page.getByRole('heading', { level: 1, name: certificates.group.title, exact: true }).waitFor();
    const issue = page.getByRole('button', {
      name: `${certificates.group.issue}${words.common.colon}learner11`,
    });
    await expect
      .poll(
        async () => {
          await page.reload();
          await page.getByRole('row').filter({ hasText: 'learner11' }).waitFor();
          return issue.count();
        },
        { timeout: 150_000, interval: 5_000 },
      )
      .toBe(1);
    await issue.click();
    await page.getByRole('row').filter({ hasText: 'learner11' }).getByRole('link').waitFor();
  });
}

/** A page of its own for one person; nobody else is logged in after it. */
async function asOne<T>(work: (page: Page, errors: string[]) => Promise<T>): Promise<T> {
  const page = await browser.context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(`page error: ${error.message}`));
  try {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    return await work(page, errors);
  } finally {
    await page.close();
    await browser.context.clearCookies();
  }
}

/** All looks of the page as it stands, each problem with where it was seen. */
async function lookAt(page: Page, locale: 'zh-CN' | 'en', where: string): Promise<string[]> {
  const problems: string[] = [];
  for (const { size, theme, axe } of looks(locale)) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: theme });
    await settled(page, theme);
    for (const problem of await problemsOf(page, { axe }))
      problems.push(`${where} ${locale} ${theme} ${size.width}: ${problem}`);
  }
  return problems;
}

async function speak(page: Page, locale: 'zh-CN' | 'en'): Promise<void> {
  await page.evaluate(`localStorage.setItem('keshi.locale', '${locale}')`);
  await page.reload();
  await speaks(page, locale);
  await settled(page);
}

/** Follows the links from where the person begins, one page of each kind. */
async function allPages(page: Page): Promise<string[]> {
  // Settings are behind a menu; a certificate is verified by who is not here.
  const opened = [new URL(page.url()).pathname, '/settings', '/verify'];
  const ofKind = (path: string) => opened.filter((known) => kindOf(known) === kindOf(path));
  // The first of a kind may lead nowhere, such as an exam nobody has sat yet: a second is opened as well.
  for (const path of opened) {
    await page.goto(product.url + path);
    await settled(page);
    for (const link of await linksOf(page))
      // What is for programs to read is no page.
      if (!link.startsWith('/.well-known/') && !opened.includes(link) && ofKind(link).length < 2)
        opened.push(link);
  }
  const found = opened.filter((path) => ofKind(path)[0] === path);
  // A class leads to its replay only when it was recorded; the page says so as well when it was not.
  const ofClass = found.find((path) => kindOf(path) === '/classes/:id');
  if (ofClass && !found.some((path) => kindOf(path) === '/replay/:id'))
    found.push(ofClass.replace('/classes/', '/replay/'));
  // To be led to it takes consent; without, the page says that.
  if (found.includes('/identity')) found.push('/identity/face');
  return found;
}

test('a certificate is issued, so that there is one to be looked at', issueCertificate);

test('the login page', async () => {
  const problems = await asOne(async (page, errors) => {
    await page.goto(`${product.url}/login`);
    await settled(page);
    const found = await lookAt(page, 'zh-CN', '/login');
    await speak(page, 'en');
    found.push(...(await lookAt(page, 'en', '/login')));
    await speak(page, 'zh-CN');
    return [...found, ...errors];
  });
  kindsSeen.add('/login');
  expect(problems).toEqual([]);
});

test('the page of registration', async () => {
  const problems = await asOne(async (page, errors) => {
    await page.goto(`${product.url}/register`);
    await settled(page);
    const found = await lookAt(page, 'zh-CN', '/register');
    await speak(page, 'en');
    found.push(...(await lookAt(page, 'en', '/register')));
    await speak(page, 'zh-CN');
    return [...found, ...errors];
  });
  kindsSeen.add('/register');
  expect(problems).toEqual([]);
});

describe.each(roles)('%s', (login) => {
  test('every page', async () => {
    const problems = await asOne(async (page, errors) => {
      await logIn(page, product.url, login);
      const found: string[] = [];
      const paths = await allPages(page);
      for (const path of paths) kindsSeen.add(kindOf(path));
      for (const locale of ['zh-CN', 'en'] as const) {
        await page.evaluate(`localStorage.setItem('keshi.locale', '${locale}')`);
        for (const path of paths) {
          await page.goto(product.url + path);
          await speaks(page, locale);
          await settled(page);
          found.push(...(await lookAt(page, locale, path)));
        }
      }
      await speak(page, 'zh-CN');
      return [...found, ...errors];
    });
    expect(problems).toEqual([]);
    // Some roles have thirty kinds of pages, each looked at in both languages.
  }, 400_000);
});

test('no page was left out', async () => {
  const files: string[] = [];
  for await (const file of glob('**/+page.svelte', { cwd: routes })) files.push(file);
  const kinds = files.map((file) => {
    const parts = file.split('/').slice(0, -1);
    return `/${parts.filter((part) => !part.startsWith('(')).join('/')}`
      .replaceAll('[id]', ':id')
      .replaceAll('[number]', ':number');
  });
  expect(kinds.filter((kind) => !kindsSeen.has(kind))).toEqual([]);
});

test('the class itself: console, room and observer', async () => {
  const teacher = browser;
  const others = await Promise.all([openBrowser(desktop), openBrowser(desktop)]);
  const [pupil, watcher] = others;
  try {
    await logIn(teacher.page, product.url, 'teacher');
    await logIn(pupil.page, product.url, 'learner1');
    await logIn(watcher.page, product.url, 'supervisor');
    const classId = await openConsole(teacher.page);
    await startClass(teacher.page);
    await enterClass(pupil.page);
    await watcher.page.goto(`${product.url}/class/${classId}`);
    const problems: string[] = [];
    for (const [who, { page, errors }, tabs] of [
      ['host', teacher, [live.queue, live.chat, live.quiz, live.roster]],
      ['attendee', pupil, [live.chat, live.questions, live.quiz]],
      ['observer', watcher, [live.chat, live.questions]],
    ] as const) {
      await page.emulateMedia({ reducedMotion: 'reduce' });
      for (const tab of tabs) {
        await page.setViewportSize(desk);
        await openTab(page, tab);
        problems.push(...(await lookAt(page, 'zh-CN', `${who} ${tab}`)));
      }
      await page.setViewportSize(desk);
      await speak(page, 'en');
      problems.push(...(await lookAt(page, 'en', who)));
      problems.push(...errors);
    }
    expect(problems).toEqual([]);
  } finally {
    await Promise.all(others.map((each) => each.close()));
  }
});
