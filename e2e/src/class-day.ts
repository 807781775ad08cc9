/** What the three people do in a class, in the words of the interface: one function per thing a person does. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { common } from '../../web/client/src/i18n/zh-CN/every-area.ts';
import { learn } from '../../web/client/src/i18n/zh-CN/learn.ts';
import { live } from '../../web/client/src/i18n/zh-CN/live.ts';
import { shell } from '../../web/client/src/i18n/zh-CN/shell.ts';
import { supervise } from '../../web/client/src/i18n/zh-CN/supervise.ts';

export const words = { common, learn, live, shell, supervise };
export const demoPassword = 'keshi-demo-2026';

const patient = { timeout: 30_000 };
/** Software encoding and decoding of several pictures on a small machine takes its time. */
const media = { timeout: 60_000, interval: 250 };

/** @param spoken the words of the browser's language */
export async function logIn(
  page: Page,
  url: string,
  login: string,
  spoken: typeof shell = shell,
): Promise<void> {
  await page.goto(`${url}/login`);
  await page.getByLabel(spoken.login.account, { exact: true }).fill(login);
  await page.getByLabel(spoken.login.password, { exact: true }).fill(demoPassword);
  await page.getByRole('button', { name: spoken.login.submit, exact: true }).click();
  await page.waitForURL((address) => !address.pathname.startsWith('/login'), patient);
}

/** From today's page into the class about to begin; answers the class's id. */
export async function enterClass(page: Page): Promise<string> {
  await page.getByRole('link', { name: new RegExp(`${learn.today.early}|${learn.today.join}`) }).click();
  await page.waitForURL(/\/class\/[0-9a-f-]{36}/, patient);
  return classIdOf(page);
}

export async function openConsole(page: Page): Promise<string> {
  await page
    .getByRole('link', { name: new RegExp(`${learn.today.start}|${learn.today.resumeTeaching}`) })
    .click();
  await page.waitForURL(/\/class\/[0-9a-f-]{36}/, patient);
  return classIdOf(page);
}

function classIdOf(page: Page): string {
  const id = /\/class\/([0-9a-f-]{36})/.exec(page.url())?.[1];
  if (!id) throw new Error(`no class in ${page.url()}`);
  return id;
}

/** With camera and microphone, once both are on in the preview. */
export async function startClass(page: Page): Promise<void> {
  const preview = page.locator('video');
  await expect.poll(() => framesOf(preview.first()), media).toBeGreaterThan(0);
  await page.getByRole('button', { name: live.start, exact: true }).click();
  await page.getByRole('button', { name: live.end }).waitFor(patient);
}

export async function endClass(page: Page): Promise<void> {
  await page.getByRole('button', { name: live.end }).click();
  await page.getByRole('dialog').getByRole('button', { name: live.end, exact: true }).click();
  await page.getByText(live.endedTitle).waitFor(patient);
}

/** The part of a video element that is asked here; these files are typed without a browser's globals. */
interface Picture {
  videoWidth: number;
  getVideoPlaybackQuality(): { totalVideoFrames: number };
}
interface Player {
  paused: boolean;
  srcObject: object | null;
}

/** Frames this page has decoded of a picture so far. */
function framesOf(video: ReturnType<Page['locator']>): Promise<number> {
  return video
    .evaluate((element) => {
      const picture: Picture = element;
      return picture.videoWidth > 0 ? picture.getVideoPlaybackQuality().totalVideoFrames : 0;
    })
    .catch(() => 0);
}

/** The camera of that person is decoded here, and goes on being decoded. */
export async function sees(page: Page, name: string, source: 'camera' | 'screen' = 'camera'): Promise<void> {
  const label = source === 'camera' ? live.cameraOf(name) : live.screenOf(name);
  const picture = page.locator(`video[aria-label="${label}"]`).first();
  await expect.poll(() => framesOf(picture), media).toBeGreaterThan(0);
  const before = await framesOf(picture);
  await expect.poll(() => framesOf(picture), media).toBeGreaterThan(before);
}

/** A first packet of sound has arrived and a player for it runs. */
export async function hears(page: Page): Promise<void> {
  await expect
    .poll(() => page.evaluate(() => performance.getEntriesByName('keshi:first-audio').length), media)
    .toBeGreaterThan(0);
  await expect
    .poll(
      () =>
        page
          .locator('audio')
          .evaluateAll((players) =>
            players.some((player: Player) => !player.paused && player.srcObject !== null),
          ),
      media,
    )
    .toBe(true);
}

/** The tab of the panel; a narrow screen may hide the panel, but never its tabs. */
export async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole('tab', { name: new RegExp(`^${name}`) }).click();
}

export async function say(page: Page, text: string): Promise<void> {
  await openTab(page, live.chat);
  await page.getByRole('textbox', { name: live.chatField }).fill(text);
  await page.getByRole('button', { name: live.send, exact: true }).click();
  await reads(page, text);
}

export async function reads(page: Page, text: string): Promise<void> {
  await openTab(page, live.chat);
  await page.getByRole('listitem').filter({ hasText: text }).first().waitFor(patient);
}

export async function askQuestion(page: Page, text: string): Promise<void> {
  await openTab(page, live.questions);
  await page.getByRole('textbox', { name: live.questionField }).fill(text);
  await page.getByRole('button', { name: live.ask, exact: true }).click();
  await page.getByRole('listitem').filter({ hasText: text }).first().waitFor(patient);
}

export async function wantsToo(page: Page, text: string): Promise<void> {
  await openTab(page, live.questions);
  await page.getByRole('button', { name: live.meToo(text) }).click();
}

export async function answerInWriting(page: Page, question: string, answer: string): Promise<void> {
  await openTab(page, live.queue);
  const row = page.getByRole('listitem').filter({ hasText: question }).first();
  await row.getByRole('button', { name: live.answerText }).click();
  await row.getByRole('textbox', { name: live.writtenAnswer }).fill(answer);
  await row.getByRole('button', { name: live.sendAnswer }).click();
}

export async function raiseHand(page: Page): Promise<void> {
  await page.getByRole('button', { name: live.raiseHand, exact: true }).click();
}

export async function inviteToStage(page: Page, name: string): Promise<void> {
  await openTab(page, live.queue);
  await page.getByRole('button', { name: live.inviteName(name) }).click();
}

/** Looks at oneself first, then goes on stage with camera and microphone. */
export async function goOnStage(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('checkbox', { name: new RegExp(live.goWithCamera) }).check();
  await expect.poll(() => framesOf(dialog.locator('video').first()), media).toBeGreaterThan(0);
  await dialog.getByRole('button', { name: live.goOnStage }).click();
}

export async function takeOffStage(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: live.removeFromStage(name) }).click();
}

/** Asks the first of the prepared questions; answers its wording. */
export async function askPreparedQuiz(page: Page): Promise<void> {
  await openTab(page, live.quiz);
  await page
    .getByRole('button', { name: new RegExp(`^${live.askThis('')}`) })
    .first()
    .click();
  await page.getByRole('region', { name: live.quizOpen }).waitFor(patient);
}

/** `choices` are positions of options, from 0. */
export async function answerQuiz(page: Page, choices: readonly number[]): Promise<void> {
  await openTab(page, live.quiz);
  const quiz = page.getByRole('region', { name: live.quizOpen });
  for (const choice of choices) await quiz.locator('label').nth(choice).click();
  await quiz.getByRole('button', { name: live.submitAnswer }).click();
  await quiz.getByText(live.answerWait).waitFor(patient);
}

export async function closeQuiz(page: Page): Promise<void> {
  await openTab(page, live.quiz);
  await page.getByRole('button', { name: live.closeQuiz }).click();
}

/** `12:34` or `1:02:10` as ms. */
export function clockMs(text: string): number {
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1000;
}

/** What the learner's chip says has counted so far, ms, and whether it counts now. */
export async function chipOf(page: Page): Promise<{ countedMs: number; counting: boolean }> {
  const chip = page.getByTestId('counted-chip');
  const text = await chip.innerText(patient);
  const shown = /(\d+(?::\d\d)+)/.exec(text)?.[1];
  if (!shown) throw new Error(`no time on the chip: ${text}`);
  return { countedMs: clockMs(shown), counting: (await chip.getAttribute('data-counting')) === 'true' };
}
