/** What is wrong with a page as it stands: layout, words, title, and what the WCAG rules of axe find. */
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { errorCodes } from '@keshi/contract/errors';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Codes that are no words of any language: seen on a page, they were not translated. */
const bareCodes = errorCodes.filter((code) => code.includes('-'));
const areas = [
  'admin',
  'common',
  'courses',
  'errors',
  'hours',
  'identity',
  'incidents',
  'learn',
  'live',
  'reasons',
  'shell',
  'supervise',
  'teach',
];
const unfinished = [
  new RegExp(`\\b(${bareCodes.join('|')})\\b`),
  new RegExp(`\\b(${areas.join('|')})\\.[a-z]\\w*\\b`),
  /\b(undefined|NaN|Invalid Date)\b|\[object \w+\]/,
];

/** Waits until the page says this is so. (The pages forbid what Playwright's own waiting would need.) */
async function becomesTrue(page: Page, expression: string): Promise<void> {
  const isTrue = () => page.evaluate<boolean>(expression).catch(() => false);
  await expect
    .poll(isTrue, { timeout: 30_000, interval: 25, message: `${page.url()}: ${expression}` })
    .toBe(true);
}

/** Waits until what the page shows at first has arrived and stands still, in the theme that is asked for. */
export async function settled(page: Page, theme?: 'light' | 'dark'): Promise<void> {
  await becomesTrue(
    page,
    `(() => {
      const main = document.querySelector('h1, [role=tablist]');
      const waiting = document.querySelector('[aria-busy=true], .animate-pulse, .animate-spin');
      const moving = document.getAnimations().some((animation) =>
        animation.playState === 'running' && animation.effect.getComputedTiming().endTime !== Infinity);
      const theme = ${JSON.stringify(theme ?? null)} ?? document.documentElement.dataset.theme;
      return document.documentElement.dataset.theme === theme && main !== null && waiting === null && !moving && document.fonts.status === 'loaded';
    })()`,
  );
}

export const speaks = (page: Page, locale: 'zh-CN' | 'en'): Promise<void> =>
  becomesTrue(page, `document.documentElement.lang === '${locale}'`);

/** Empty when nothing is wrong. `axe`: the rules take a while, so not every look asks them. */
export async function problemsOf(page: Page, { axe }: { axe: boolean }): Promise<string[]> {
  const { title, text, overflow } = await page.evaluate<{ title: string; text: string; overflow: string[] }>(
    `(() => {
      const wide = document.documentElement.scrollWidth > innerWidth;
      const beyond = (element) => element.getBoundingClientRect().right > innerWidth + 1;
      const culprits = [...document.body.querySelectorAll('*')]
        .filter((element) => beyond(element) && ![...element.children].some(beyond));
      return {
        title: document.title,
        text: document.body.innerText,
        overflow: wide ? culprits.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)) : [],
      };
    })()`,
  );
  const problems = overflow.map((element) => `wider than the screen: ${element}`);
  if (!/\S.* · \S/.test(title)) problems.push(`the title is "${title}"`);
  for (const pattern of unfinished) {
    const found = pattern.exec(text);
    if (found) problems.push(`on the page: ${text.slice(Math.max(0, found.index - 30), found.index + 50)}`);
  }
  if (axe) problems.push(...(await violationsOn(page)));
  return problems;
}

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

async function violationsOn(page: Page): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in globalThis'))) await page.evaluate(await axeSource);
  const violations = await page.evaluate<Violation[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, impact, nodes }) => ({
          id,
          impact,
          nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })),
        })))`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) => {
      const why = failureSummary.split('\n').slice(1, 2).join(' ').trim();
      return `${id}: ${html.slice(0, 160)} (${why})`;
    }),
  );
}

/** The pages this one leads to, one for each kind: ids in addresses count as the same. */
export async function linksOf(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(
    `[...new Set([...document.querySelectorAll('a[href]')]
      .map((link) => new URL(link.href))
      .filter((url) => url.origin === location.origin && !url.pathname.startsWith('/api/'))
      .map((url) => url.pathname))]`,
  );
}

/** `/classes/0190…` is the page `/classes/:id`, `/verify/KS2026-…` the page `/verify/:number`. */
export const kindOf = (path: string): string =>
  path.replaceAll(/[0-9a-f-]{36}/g, ':id').replaceAll(/KS\d{4}(-\w{4}){3}/g, ':number');
