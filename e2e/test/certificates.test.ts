/**
 * From a sheet of questions to a certificate and whoever doubts it, with real browsers in both languages: a paper is drawn
 * by rule, two learners write it through a minute without a network, staff sees who lacks what and issues, they print, a
 * stranger scans the code on the paper, and a revocation shows.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as paper from '../src/assessment.ts';
import { desktop, openBrowser, phone, type Browser } from '../src/chromium.ts';
import * as day from '../src/class-day.ts';
import { keepEvidence } from '../src/evidence.ts';
import * as office from '../src/office.ts';
import { lookAtPdf } from '../src/pdf-page.ts';
import { startProduct, type Product } from '../src/product.ts';

const patient = { timeout: 30_000 };
/** Hours are settled once a class has had all its facts. */
const settles = { timeout: 150_000, interval: 2000 };
const { certificates } = paper.chinese;
const { group: words, sheet, verify } = certificates;
const course = '低压电工作业安全';
const examTitle = '停电作业结业考试';
const point = '停电作业';
const questions: readonly paper.QuestionOnSheet[] = [
  {
    stem: '停电作业的第一步是什么？',
    point,
    options: ['断开电源', '验电', '挂标示牌'],
    right: '断开电源',
  },
  {
    stem: '验电之后紧接着做什么？',
    point,
    options: ['通知用户', '装设接地线', '恢复送电'],
    right: '装设接地线',
    picture: '一块标示牌挂在断开的开关上',
  },
  { stem: '验电前要先在有电的地方试验电器。', point, options: [], right: true },
  { stem: '标示牌可以由旁人代为取下。', point, options: [], right: false },
];

let product: Product;
let url: string;
let folder: string;
let staff: Browser;
let teacher: Browser;
let learner: Browser;
let learnerEn: Browser;
let stranger: Browser;
let number: string;

beforeAll(async () => {
  product = await startProduct();
  ({ url } = product);
  folder = await mkdtemp(join(tmpdir(), 'keshi-sheet-'));
  staff = await openBrowser(desktop);
  teacher = await openBrowser({ ...desktop, locale: 'en-US' });
  learner = await openBrowser(desktop);
  learnerEn = await openBrowser({ ...phone, locale: 'en-US' });
  stranger = await openBrowser(phone);
  await day.logIn(staff.page, url, 'supervisor');
  await day.logIn(teacher.page, url, 'teacher', paper.english.shell);
  await day.logIn(learner.page, url, 'learner11');
  await day.logIn(learnerEn.page, url, 'learner12', paper.english.shell);
});
afterAll(async () => {
  for (const browser of [staff, teacher, learner, learnerEn, stranger]) await browser?.close();
  await product?.stop();
  await rm(folder, { recursive: true, force: true });
});

const evidence = (name: string) =>
  keepEvidence(name, {
    pages: () => ({
      staff: staff.page,
      teacher: teacher.page,
      learner: learner.page,
      english: learnerEn.page,
      stranger: stranger.page,
    }),
    output: () => product.output(),
  });
/** Both learners with the language each speaks. */
const learners = () =>
  [
    { page: learner.page, tongue: paper.chinese, login: 'learner11' },
    { page: learnerEn.page, tongue: paper.english, login: 'learner12' },
  ] as const;

async function saved(page: Page, button: string): Promise<Buffer> {
  const arriving = page.waitForEvent('download', patient);
  await office.press(page, button);
  return readFile(await (await arriving).path());
}

describe('the exam before it', () => {
  it('[F1, EX4] comes from a workbook that one hands in and another approves, and is drawn by rule', async () => {
    evidence('certificates-bank');
    const file = join(folder, 'questions.xlsx');
    await paper.writeQuestions(file, questions);
    await paper.openBank(teacher.page, url, paper.english, course);
    await paper.importQuestions(teacher.page, paper.english, file, String(questions.length));
    const { bank } = paper.english.exams;
    const picture = `${folder}/picture.png` as const;
    await staff.page.screenshot({ path: picture });
    for (const { stem, picture: words } of questions)
      if (words !== undefined)
        await paper.addPicture(teacher.page, paper.english, { stem, file: picture, words });
    for (const { stem } of questions)
      await paper.moveQuestion(teacher.page, paper.english, stem, bank.submitReview);
    await paper.openBank(staff.page, url, paper.chinese, course);
    for (const { stem } of questions)
      await paper.moveQuestion(staff.page, paper.chinese, stem, paper.chinese.exams.bank.approve);
    await paper.planExam(teacher.page, paper.english, {
      url,
      course,
      title: examTitle,
      point,
      single: 2,
      statements: 1,
    });
  });

  it('[EX2, EX3] is written in both languages through a minute without a network, and graded', async () => {
    evidence('certificates-exam');
    await Promise.all(
      learners().map(async ({ page, tongue }) => {
        const writer = paper.createWriter(page, tongue, questions);
        await writer.begin(url, examTitle);
        await writer.answer();
        await writer.saved();
        await writer.next();
        await writer.unreached(60_000, () => writer.answer());
        await writer.saved();
        await writer.next();
        await writer.answer();
        await writer.saved();
        expect(await writer.handIn()).toBe('60/60');
        await page.getByText(tongue.exams.own.passed, { exact: true }).waitFor(patient);
      }),
    );
    const { board, marking } = paper.english.exams;
    for (const { login } of learners()) {
      const { page } = teacher;
      const row = page.getByRole('row').filter({ hasText: login });
      await row.getByText('60/60').waitFor(patient);
      await row.getByRole('link', { name: new RegExp(board.read) }).click(patient);
      for (const kind of ['lost', 'back', 'submitted'])
        await page
          .getByRole('listitem')
          .filter({ hasText: marking.eventKinds[kind] ?? kind })
          .first()
          .waitFor(patient);
      await page.goBack();
    }
  });
});

describe('a certificate', () => {
  it('[CT1] is offered to who lacks nothing; of the others the page says what is missing', async () => {
    evidence('certificates-who');
    const { page } = staff;
    await office.visit(page, `${url}/admin/groups`, office.words.admin.groups.title);
    await page.getByRole('link', { name: '2026 夏季班' }).first().click(patient);
    await page.getByRole('link', { name: words.open, exact: true }).click(patient);
    await page.getByRole('heading', { level: 1, name: words.title, exact: true }).waitFor(patient);
    await expect
      .poll(async () => {
        await page.reload();
        await office.row(page, 'learner11').waitFor(patient);
        return office.row(page, 'learner11').getByText(words.ready, { exact: true }).count();
      }, settles)
      .toBe(1);
    expect(await office.row(page, 'learner13').innerText()).toContain(
      certificates.lacks.attendance('55.5%', '80%'),
    );
    expect(await office.row(page, 'learner14').innerText()).toContain(certificates.lacks.identity);
  });

  it('[CT2] is issued to all of them at once, and not again', async () => {
    evidence('certificates-issue');
    const { page } = staff;
    await office.press(page, words.issueAll);
    await office.press(office.dialog(page), words.issueAll);
    await office.hears(page, words.issued('2'));
    const link = office.row(page, 'learner11').getByRole('link');
    number = (await link.innerText(patient)).trim();
    await office.press(page, words.issueAll);
    await office.press(office.dialog(page), words.issueAll);
    await office.hears(page, words.noneIssued);
    expect((await saved(page, words.zip)).subarray(0, 2).toString()).toBe('PK');
  });

  it('is in the learner’s record, on a page that prints on one sheet, and in a PDF with the name whole', async () => {
    evidence('certificates-own');
    for (const { page, tongue, login } of learners()) {
      const name = login === 'learner11' ? '马晓燕' : '韩磊';
      await office.visit(page, `${url}/record`, tongue.learn.record.title);
      await page
        .getByTestId('own-certificates')
        .getByRole('link', { name: tongue.certificates.own.show })
        .click(patient);
      const shown = page.getByTestId('certificate');
      await shown.getByText(tongue.certificates.sheet.scan).waitFor(patient);
      expect(await shown.innerText()).toContain(name);
      const printed = await lookAtPdf(page.context(), await page.pdf({ preferCSSPageSize: true }));
      expect(printed.pages).toBe(1);
      expect([Math.round(printed.width), Math.round(printed.height)]).toEqual([842, 595]);

      const seen = await lookAtPdf(page.context(), await saved(page, tongue.certificates.sheet.pdf));
      const own = new URL(page.url()).pathname.split('/').at(-1) ?? '';
      expect(seen).toMatchObject({ pages: 1, code: `${url}/verify/${own}`, attachments: [`${own}.json`] });
      const text = seen.text.replaceAll(/\s/g, '');
      for (const said of ['结业证书', name, course, own]) expect(text).toContain(said);
      expect(own === number).toBe(login === 'learner11');
    }
  });

  it('[CT3] opens to a stranger by its code, masked, its signature checked in the stranger’s own browser', async () => {
    evidence('certificates-stranger');
    const { page, context } = stranger;
    const seen = await lookAtPdf(context, await saved(learner.page, sheet.pdf));
    await page.goto(seen.code ?? '');
    await page.locator('[data-testid=verdict][data-state=valid]').waitFor(patient);
    await page.locator('[data-testid=checked-here][data-state=matches]').waitFor(patient);
    const text = await page.locator('main').innerText();
    expect(text).toContain('马**');
    expect(text).not.toContain('马晓燕');
    // The page of somebody who reads no Chinese says the same.
    await office.press(page, 'English');
    await page.getByText(paper.english.certificates.verify.valid, { exact: true }).waitFor(patient);
    await page.getByText(paper.english.certificates.verify.matches).first().waitFor(patient);
    await office.press(page, '中文');

    await page.getByLabel(verify.number).fill(`${number.slice(0, -1)}${number.endsWith('0') ? '1' : '0'}`);
    await office.press(page, verify.check);
    await page.getByText(verify.slip).waitFor(patient);
  });

  it('[CT3] does not pass when what the server sends is not what was signed', async () => {
    evidence('certificates-forged');
    const { page } = stranger;
    await page.route('**/api/verify/*', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.text()).replace('马**', '李**');
      await route.fulfill({ response: answer, body });
    });
    await page.goto(`${url}/verify/${number}`);
    await page.locator('[data-testid=verdict][data-state=forged]').waitFor(patient);
    await page.locator('[data-testid=checked-here][data-state=differs]').waitFor(patient);
    await page.unroute('**/api/verify/*');
  });

  it('[CT2] stays on the public page when it is revoked', async () => {
    evidence('certificates-revoked');
    const { page } = staff;
    await page.goto(`${url}/certificates/${number}`);
    expect(await page.getByTestId('certificate').innerText(patient)).not.toContain('马晓燕');
    await office.press(page, sheet.revoke);
    await office.fill(page, { [sheet.reason]: '重复录入，误发' });
    await office.press(office.dialog(page), sheet.revoke);
    await office.hears(page, sheet.revokedDone);
    await stranger.page.goto(`${url}/verify/${number}`);
    await stranger.page.locator('[data-testid=verdict][data-state=revoked]').waitFor(patient);
    await stranger.page.locator('[data-testid=checked-here][data-state=matches]').waitFor(patient);
    expect(await stranger.page.locator('main').innerText()).not.toContain('重复录入');
    for (const { errors } of [staff, teacher, learner, learnerEn, stranger]) expect(errors).toEqual([]);
  });
});
