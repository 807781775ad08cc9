/** What people do outside a class, in the words of the interface: offices, preparation, records. */
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { catalogue as english } from '../../web/client/src/i18n/en/catalogue.ts';
import { admin } from '../../web/client/src/i18n/zh-CN/admin.ts';
import { errors } from '../../web/client/src/i18n/zh-CN/errors.ts';
import { teach } from '../../web/client/src/i18n/zh-CN/teach.ts';
import { words as classWords } from './class-day.ts';

export const words = { ...classWords, admin, errors, teach };
export { english };

const patient = { timeout: 20_000 };

/** Opens an address and waits for the page of that title. */
export async function visit(page: Page, address: string, title: string): Promise<void> {
  await page.goto(address);
  await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor(patient);
}

export const dialog = (page: Page): Locator => page.getByRole('dialog').last();

/** A field of the form on screen; behind the label may stand that it is optional. */
export function field(page: Page, label: string): Locator {
  const plain = label.replaceAll(/[^\p{L}\p{N}\s]/gu, '\\$&');
  return dialog(page).getByLabel(new RegExp(`^${plain}`));
}

export async function fill(page: Page, values: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, value] of Object.entries(values)) await field(page, label).fill(value);
}

/** Chooses by a part of the option's words: names of organisations stand indented. */
export async function choose(page: Page, label: string, option: string): Promise<void> {
  const select = field(page, label).first();
  const value = await select
    .locator('option')
    .filter({ hasText: option })
    .first()
    .getAttribute('value', patient);
  await select.selectOption(value);
}

export async function press(of: Page | Locator, name: string): Promise<void> {
  await of.getByRole('button', { name, exact: true }).click(patient);
}

/** Sends the form; `said` is what the page then says about it. */
export async function save(page: Page, said: string): Promise<void> {
  await press(dialog(page), classWords.common.save);
  await hears(page, said);
}

/** The short words after something was done; they are put away, so that the next are not taken for these. */
export async function hears(page: Page, text: string): Promise<void> {
  const toast = page.getByRole('status').locator('div').filter({ hasText: text }).first();
  await toast.waitFor(patient);
  await press(toast, classWords.common.close);
}

/** What the form says at one field. */
export async function saidAt(page: Page, label: string): Promise<string> {
  const control = field(page, label).first();
  const id = await control.getAttribute('id', patient);
  return dialog(page).locator(`[id="${id}-error"]`).innerText(patient);
}

export const row = (page: Page, text: string): Locator => page.getByRole('row').filter({ hasText: text });

/** The button of a row, named by what it does and to whom. */
export async function act(page: Page, verb: string, whom: string): Promise<void> {
  await press(page, `${verb}${classWords.common.colon}${whom}`);
}

/** A question for a class; `correct` are positions of options, from 0. */
export interface QuizOnPaper {
  kind: 'single' | 'multiple' | 'truefalse';
  stem: string;
  options: readonly string[];
  correct: readonly number[];
}

export async function prepareQuiz(page: Page, quiz: QuizOnPaper): Promise<void> {
  await press(page, teach.prepare.addQuiz);
  await field(page, teach.prepare.kind).selectOption(quiz.kind);
  await fill(page, { [teach.prepare.stem]: quiz.stem });
  for (const [index, option] of quiz.options.entries())
    await dialog(page)
      .getByLabel(teach.prepare.option(letter(index)), { exact: true })
      .fill(option);
  for (const index of quiz.correct)
    await dialog(page)
      .getByLabel(teach.prepare.correctOption(letter(index)))
      .check();
  await save(page, teach.prepare.saved);
}

const letter = (index: number): string => String.fromCharCode(65 + index);

export async function download(page: Page, format: 'csv' | 'xlsx'): Promise<Buffer> {
  await press(page, words.supervise.board.export);
  const arriving = page.waitForEvent('download', patient);
  await page.getByRole('menuitem', { name: words.supervise.board[format] }).click();
  const file = await readFile(await (await arriving).path());
  await hears(page, words.supervise.board.exported);
  return file;
}

/** `2026-05-03T14:00` of Beijing, that many days from now at that time, as a date-time field takes it. */
export function beijing(days: number, time: string): string {
  const day = new Date(Date.now() + (days * 24 + 8) * 3_600_000).toISOString().slice(0, 10);
  return `${day}T${time}`;
}
