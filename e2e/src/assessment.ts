/** What people do between a bank of questions and a grade, in the words of either language of the interface. */
import { writeFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import writeExcelFile from 'write-excel-file/node';
import { certificates as certificatesEn } from '../../web/client/src/i18n/en/certificates.ts';
import { common as commonEn } from '../../web/client/src/i18n/en/every-area.ts';
import { exams as examsEn } from '../../web/client/src/i18n/en/exams.ts';
import { learn as learnEn } from '../../web/client/src/i18n/en/learn.ts';
import { shell as shellEn } from '../../web/client/src/i18n/en/shell.ts';
import { certificates } from '../../web/client/src/i18n/zh-CN/certificates.ts';
import { common } from '../../web/client/src/i18n/zh-CN/every-area.ts';
import { exams } from '../../web/client/src/i18n/zh-CN/exams.ts';
import { learn } from '../../web/client/src/i18n/zh-CN/learn.ts';
import { shell } from '../../web/client/src/i18n/zh-CN/shell.ts';

const patient = { timeout: 60_000 };

export const chinese = { common, certificates, exams, learn, shell };
export type Tongue = typeof chinese;
export const english: Tongue = {
  common: commonEn,
  certificates: certificatesEn,
  exams: examsEn,
  learn: learnEn,
  shell: shellEn,
};

const press = (of: Page | Locator, name: string) =>
  of.getByRole('button', { name, exact: true }).click(patient);
const dialog = (page: Page) => page.getByRole('dialog').last();

/** The short words after something was done; they are put away, so that the next are not taken for these. */
async function hears(page: Page, tongue: Tongue, text: string): Promise<void> {
  const toast = page.getByRole('status').locator('div').filter({ hasText: text }).first();
  await toast.waitFor(patient);
  await press(toast, tongue.common.close);
}

/** A question of a sheet; a statement is true or false and has no options. */
export interface QuestionOnSheet {
  stem: string;
  point: string;
  options: readonly string[];
  /** The option that is right; of a statement whether it is. */
  right: string | boolean;
  /** The words in place of a picture that is added to it in the editor. */
  picture?: string;
}

/** A workbook as the template asks for it, one question a row. */
export async function writeQuestions(file: string, questions: readonly QuestionOnSheet[]): Promise<void> {
  const letters = [...'ABCDEFGH'];
  const head = [
    '题型',
    '题干',
    ...letters.map((letter) => `选项${letter}`),
    '答案',
    '知识点',
    '难度',
    '解析',
  ];
  const rows = questions.map(({ stem, point, options, right }) => [
    typeof right === 'boolean' ? '判断题' : '单选题',
    stem,
    ...letters.map((_, place) => options[place] ?? ''),
    typeof right === 'boolean' ? (right ? '对' : '错') : (letters[options.indexOf(right)] ?? ''),
    point,
    '2',
    '',
  ]);
  const cells = [head, ...rows].map((row) => row.map((value) => ({ value, type: String })));
  await writeFile(file, await writeExcelFile(cells).toBuffer());
}

export async function openBank(page: Page, url: string, tongue: Tongue, course: string): Promise<void> {
  await page.goto(`${url}/bank`);
  await page.getByLabel(tongue.exams.bank.course, { exact: true }).selectOption({ label: course });
}

export async function importQuestions(page: Page, tongue: Tongue, file: string, many: string): Promise<void> {
  const { transfer } = tongue.exams;
  await press(page, transfer.import);
  await dialog(page).getByLabel(transfer.file).setInputFiles(file);
  await press(dialog(page), transfer.import);
  await hears(page, tongue, transfer.imported(many, '0'));
}

/** Adds a picture to a question that was imported without. */
export async function addPicture(
  page: Page,
  tongue: Tongue,
  { stem, file, words }: { stem: string; file: string; words: string },
): Promise<void> {
  const { media, bank } = tongue.exams;
  await press(page, `${tongue.common.edit}${tongue.common.colon}${stem}`);
  await dialog(page).locator('input[type=file]').setInputFiles(file);
  const description = dialog(page).getByLabel(new RegExp(`^${media.description('1')}`));
  await description.waitFor(patient);
  // Without words in its place it is not taken.
  await press(dialog(page), tongue.common.save);
  await dialog(page).getByText(bank.problems).waitFor(patient);
  await description.fill(words);
  await press(dialog(page), tongue.common.save);
  await hears(page, tongue, bank.saved);
}

/** Opens a question and takes the next step of its review. */
export async function moveQuestion(page: Page, tongue: Tongue, stem: string, step: string): Promise<void> {
  await press(page, `${tongue.common.edit}${tongue.common.colon}${stem}`);
  await press(dialog(page), step);
  await hears(page, tongue, tongue.exams.bank.moved);
}

/** A paper by rule: so many questions of each kind, all of one content point; answers are shown to nobody. */
export async function planExam(
  page: Page,
  tongue: Tongue,
  of: {
    url: string;
    course: string;
    title: string;
    point: string;
    single: number;
    statements: number;
    /** Whether faces are checked. */
    identity?: boolean;
  },
): Promise<void> {
  const { plan, bank, itemKinds } = tongue.exams;
  await page.goto(`${of.url}/assess`);
  await page.getByLabel(bank.course, { exact: true }).selectOption({ label: of.course });
  await press(page, plan.add);
  const form = dialog(page);
  const field = (within: Locator, label: string) =>
    within.getByLabel(new RegExp(`^${label.replaceAll(/[^\p{L}\p{N}\s]/gu, '\\$&')}`)).first();
  await field(form, plan.name).fill(of.title);
  const beijing = (minutes: number) =>
    new Date(Date.now() + minutes * 60_000 + 8 * 3_600_000).toISOString().slice(0, 16);
  await field(form, plan.opens).fill(beijing(-5));
  await field(form, plan.closes).fill(beijing(120));
  const lines = [
    { kind: itemKinds.single, count: of.single },
    { kind: itemKinds['true-false'], count: of.statements },
  ];
  if (of.identity) await form.getByLabel(plan.identity).check(patient);
  await press(form, plan.addLine);
  for (const [place, { kind, count }] of lines.entries()) {
    const line = form.getByRole('group', { name: plan.line(String(place + 1)), exact: true });
    await field(line, bank.kind).selectOption({ label: kind });
    await field(line, bank.contentPoint).selectOption({ label: of.point });
    await field(line, plan.count).fill(String(count));
    await field(line, plan.each).fill('20');
  }
  await press(form, tongue.common.save);
  await hears(page, tongue, plan.saved);
  await page.getByRole('heading', { level: 1, name: of.title }).waitFor(patient);
  await press(page, plan.publish);
  await page.getByText(tongue.exams.states.published, { exact: true }).first().waitFor(patient);
}

/** A learner at a paper. */
export function createWriter(page: Page, tongue: Tongue, questions: readonly QuestionOnSheet[]) {
  const { own, sitting } = tongue.exams;
  const shown = page.locator('#exam-question');
  const leftMs = async () => {
    const text = await page.getByTestId('exam-left').innerText(patient);
    return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1000;
  };

  return {
    async begin(url: string, title: string): Promise<void> {
      await page.goto(`${url}/exams`);
      await page.getByRole('link', { name: `${own.open}${tongue.common.colon}${title}` }).click(patient);
      await press(page, own.begin);
      await shown.waitFor(patient);
    },
    next: () => press(page, sitting.next),
    /** Answers the question that is shown as its sheet says it is right. */
    async answer(): Promise<void> {
      const text = await shown.innerText(patient);
      const asked = questions.find(({ stem }) => text.includes(stem));
      if (!asked) throw new Error(`nobody wrote the question ${text}`);
      const { right, picture } = asked;
      if (picture !== undefined) {
        const drawn = shown.getByRole('img', { name: picture });
        await expect
          .poll(() => drawn.evaluate((image: { naturalWidth: number }) => image.naturalWidth), patient)
          .toBeGreaterThan(0);
      }
      const words = typeof right === 'string' ? right : right ? tongue.exams.right : tongue.exams.wrong;
      await shown.locator('label').filter({ hasText: words }).first().click(patient);
    },
    saved: () => page.getByTestId('exam-saved').getByText(sitting.saved, { exact: true }).waitFor(patient),
    /** Without a network, until so much of the time for the paper has gone by. */
    async unreached(ms: number, meanwhile: () => Promise<void>): Promise<void> {
      const before = await leftMs();
      await page.context().setOffline(true);
      await meanwhile();
      await page.getByText(sitting.offline).waitFor(patient);
      await expect.poll(leftMs, { timeout: ms + 60_000, interval: 1_000 }).toBeLessThanOrEqual(before - ms);
      await page.context().setOffline(false);
    },
    /** Answers what the page says it came to. */
    async handIn(): Promise<string> {
      await press(page, sitting.submit);
      await press(dialog(page), sitting.submit);
      return (await page.getByTestId('exam-score').innerText(patient)).replaceAll(/\s/g, '');
    },
  };
}
