/**
 * A certificate from the office to whoever doubts it, with real browsers: staff sees who lacks what and issues, the
 * learner prints, a stranger scans the code on the paper, and a revocation shows.
 */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificates } from '../../web/client/src/i18n/zh-CN/certificates.ts';
import { desktop, openBrowser, phone, type Browser } from '../src/chromium.ts';
import * as day from '../src/class-day.ts';
import { keepEvidence } from '../src/evidence.ts';
import * as office from '../src/office.ts';
import { lookAtPdf } from '../src/pdf-page.ts';
import { startProduct, type Product } from '../src/product.ts';

const patient = { timeout: 30_000 };
/** Hours are settled once a class has had all its facts. */
const settles = { timeout: 150_000, interval: 2000 };
const { group: words, sheet, verify } = certificates;

let product: Product;
let url: string;
let staff: Browser;
let learner: Browser;
let stranger: Browser;
let number: string;

beforeAll(async () => {
  product = await startProduct();
  ({ url } = product);
  staff = await openBrowser(desktop);
  learner = await openBrowser(desktop);
  stranger = await openBrowser(phone);
  await day.logIn(staff.page, url, 'supervisor');
  await day.logIn(learner.page, url, 'learner11');
});
afterAll(async () => {
  for (const browser of [staff, learner, stranger]) await browser?.close();
  await product?.stop();
});

const evidence = (name: string) =>
  keepEvidence(name, {
    pages: () => ({ staff: staff.page, learner: learner.page, stranger: stranger.page }),
    output: () => product.output(),
  });

async function saved(page: Page, button: string): Promise<Buffer> {
  const arriving = page.waitForEvent('download', patient);
  await office.press(page, button);
  return readFile(await (await arriving).path());
}

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
    const { page, context } = learner;
    await office.visit(page, `${url}/record`, day.words.learn.record.title);
    await page
      .getByTestId('own-certificates')
      .getByRole('link', { name: certificates.own.show })
      .click(patient);
    const paper = page.getByTestId('certificate');
    await paper.waitFor(patient);
    expect(await paper.innerText()).toContain('马晓燕');
    const printed = await lookAtPdf(context, await page.pdf({ preferCSSPageSize: true }));
    expect(printed.pages).toBe(1);
    expect([Math.round(printed.width), Math.round(printed.height)]).toEqual([842, 595]);

    const seen = await lookAtPdf(context, await saved(page, sheet.pdf));
    expect(seen).toMatchObject({
      pages: 1,
      code: `${url}/verify/${number}`,
      attachments: [`${number}.json`],
    });
    const text = seen.text.replaceAll(/\s/g, '');
    for (const said of ['结业证书', '马晓燕', '低压电工作业安全', number]) expect(text).toContain(said);
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
    for (const { errors } of [staff, learner, stranger]) expect(errors).toEqual([]);
  });
});
