/**
 * An exam in real browsers over the whole product: questions come from a sheet and are approved by another, a learner writes
 * through a lost network, a killed server and a reloaded page, hands in, and both sides see the same grade.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exams } from '../../web/client/src/i18n/zh-CN/exams.ts';
import { chinese, planExam } from '../src/assessment.ts';
import { desktop, openBrowser, phone, type Browser } from '../src/chromium.ts';
import { logIn, words } from '../src/class-day.ts';
import { keepEvidence } from '../src/evidence.ts';
import { startProduct, type Product } from '../src/product.ts';

const patient = { timeout: 60_000 };
const examTitle = '电工基础结业考试';

let product: Product;
let teacher: Browser;
let learner: Browser;

beforeAll(async () => {
  product = await startProduct();
  [teacher, learner] = await Promise.all([openBrowser(desktop), openBrowser(phone)]);
  await logIn(teacher.page, product.url, 'teacher');
  await logIn(learner.page, product.url, 'learner1');
});
afterAll(async () => {
  for (const browser of [teacher, learner]) await browser?.close();
  await product?.stop();
});

const evidence = (name: string) =>
  keepEvidence(name, {
    pages: () => ({ teacher: teacher.page, learner: learner.page }),
    output: () => product.output(),
  });

/** Answers the question that is shown with its first choice, or some text. */
async function answerShown(): Promise<void> {
  const question = learner.page.locator('#exam-question');
  const choices = question
    .locator('label')
    .filter({ has: learner.page.locator('input[type=radio], input[type=checkbox]') });
  if ((await choices.count()) > 0) await choices.first().click();
  else await question.locator('input[type=text]').first().fill('220');
}
const saved = () => learner.page.getByTestId('exam-saved').getByText(exams.sitting.saved, { exact: true });

describe('an exam', () => {
  it('[EX2, EX3] is written through a lost network, a killed server and a reload, and graded once', async () => {
    evidence('exam-sitting');
    const { page } = learner;
    await page.goto(`${product.url}/exams`);
    await page.getByRole('link', { name: `${exams.own.open}${words.common.colon}${examTitle}` }).click();
    await page.getByRole('button', { name: exams.own.begin }).click();
    await page.locator('#exam-question').waitFor(patient);
    await answerShown();
    await saved().waitFor(patient);

    // The network is gone: what is answered is kept here.
    await page.getByRole('button', { name: exams.sitting.next, exact: true }).click();
    await learner.context.setOffline(true);
    await answerShown();
    await page.getByText(exams.sitting.offline).waitFor(patient);
    await learner.context.setOffline(false);
    await saved().waitFor(patient);

    // The server is killed and comes back over the same data.
    await page.getByRole('button', { name: exams.sitting.next, exact: true }).click();
    await product.kill();
    await answerShown();
    await page.getByText(exams.sitting.offline).waitFor(patient);
    await product.restart();
    await saved().waitFor(patient);

    await page.reload();
    await page.getByRole('button', { name: exams.own.goOn }).click();
    await page.locator('#exam-question').waitFor(patient);
    const done = page.getByRole('button', {
      name: new RegExp(`${words.common.comma}${exams.sitting.answered}$`),
    });
    await expect.poll(() => done.count(), patient).toBe(3);

    await page.getByRole('button', { name: exams.sitting.submit, exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: exams.sitting.submit, exact: true }).click();
    await page.getByTestId('exam-score').waitFor(patient);
    const score = (await page.getByTestId('exam-score').innerText()).replaceAll(/\s/g, '');
    expect(score).toMatch(/^[\d.]+\/100$/);

    const desk = teacher.page;
    await desk.goto(`${product.url}/assess`);
    await desk.getByRole('link', { name: `${exams.plan.open}${words.common.colon}${examTitle}` }).click();
    const row = desk.getByRole('row').filter({ hasText: 'learner1' }).first();
    await row.getByText(score).waitFor(patient);
    await row.getByRole('link', { name: new RegExp(exams.board.read) }).click();
    await desk.getByText(exams.marking.history).waitFor(patient);
    const happened = desk
      .getByRole('listitem')
      .filter({ hasText: exams.marking.eventKinds['submitted'] ?? '' });
    await happened.first().waitFor(patient);
    expect(await desk.getByText(score).count()).toBeGreaterThan(0);
  });

  it('[PR1, EX7] that checks identities begins for who has no face once a person has seen who it is', async () => {
    evidence('exam-door');
    const title = '带身份核验的考试';
    await planExam(teacher.page, chinese, {
      url: product.url,
      course: '电工基础',
      title,
      point: '电路基础',
      single: 1,
      statements: 1,
      identity: true,
    });
    const { page } = learner;
    await page.goto(`${product.url}/exams`);
    await page.getByRole('link', { name: `${exams.own.open}${words.common.colon}${title}` }).click(patient);
    await page.getByRole('button', { name: exams.own.begin }).click(patient);
    await page.getByText(exams.sitting.doorTitle).waitFor(patient);

    const desk = teacher.page;
    const row = desk.getByRole('row').filter({ hasText: 'learner1' }).first();
    await row.getByText(exams.board.waitsFor.beginning).waitFor(patient);
    await row.getByRole('button', { name: exams.board.letIn }).click();
    const dialog = desk.getByRole('dialog');
    await dialog.getByLabel(exams.board.letInReason).fill('当面核对了身份证');
    await dialog.getByRole('button', { name: exams.board.letIn }).click();

    await page.locator('#exam-question').waitFor(patient);
    await row.getByText(exams.board.states.writing).waitFor(patient);
    await expect.poll(() => row.getByText(exams.board.waitsFor.beginning).count(), patient).toBe(0);
  });
});
