/**
 * Hours from a class to the ledger, with real browsers: a short class is held and settled, its learner reads what it came
 * to and why, staff takes the hours back and restores them, and the whole ledger verifies.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEmbedded } from '@keshi/db/embedded';
import { silent } from '@keshi/db/testing/database';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hours } from '../../web/client/src/i18n/zh-CN/hours.ts';
import { desktop, openBrowser, phone, type Browser } from '../src/chromium.ts';
import * as day from '../src/class-day.ts';
import { keepEvidence } from '../src/evidence.ts';
import * as office from '../src/office.ts';
import { startProduct, type Product } from '../src/product.ts';

const { common } = office.words;
const patient = { timeout: 30_000 };
const settles = { timeout: 150_000, interval: 500 };
const verifier = fileURLToPath(new URL('../../start/ledger-verify.ts', import.meta.url));

let product: Product;
let url: string;
let database: pg.Client;
let teacher: Browser;
let learner: Browser;
let staff: Browser;
let classId: string;
let learnerId: string;

beforeAll(async () => {
  product = await startProduct();
  ({ url } = product);
  const server = await startEmbedded({ dir: join(product.dataDir, 'postgres'), log: silent });
  database = new pg.Client({ connectionString: server.url });
  database.on('error', () => undefined);
  await database.connect();
  teacher = await openBrowser(desktop);
  learner = await openBrowser(phone);
  staff = await openBrowser(desktop);
  await day.logIn(teacher.page, url, 'teacher');
  await day.logIn(learner.page, url, 'learner1');
  await day.logIn(staff.page, url, 'supervisor');
  const { rows } = await database.query<{ id: string }>(`SELECT "id" FROM "User" WHERE "login" = 'learner1'`);
  learnerId = rows[0]?.id ?? '';
});
afterAll(async () => {
  await database?.end();
  for (const browser of [teacher, learner, staff]) await browser?.close();
  await product?.stop();
});

const evidence = (name: string) =>
  keepEvidence(name, {
    pages: () => ({ teacher: teacher.page, learner: learner.page, staff: staff.page }),
    output: () => product.output(),
  });

interface Entered {
  seq: number;
  deltaMs: string;
  liveMs: number;
  presentMs: number;
  creditedMs: number;
}
const entered = async (): Promise<Entered[]> => {
  const { rows } = await database.query<Entered>(
    `SELECT "seq", "deltaMs", ("content"->>'liveMs')::int AS "liveMs", ("content"->>'presentMs')::int AS "presentMs",
       ("content"->>'creditedMs')::int AS "creditedMs"
     FROM "LedgerEntry" WHERE "learnerId" = $1 AND "content"->>'classId' = $2 ORDER BY "seq"`,
    [learnerId, classId],
  );
  return rows;
};
/** What the learner's page says there is in all. */
const totalShown = async () => {
  const card = learner.page.locator('section').filter({ hasText: hours.total }).last();
  return (await card.innerText(patient)).replace(hours.total, '').trim();
};
const clock = (ms: number) =>
  `${String(Math.floor(ms / 60_000)).padStart(2, '0')}:${String(Math.floor(ms / 1000) % 60).padStart(2, '0')}`;

describe('the hours of a class', () => {
  it('are settled some time after its end, by the sign-in of each hour', async () => {
    evidence('hours-class');
    classId = await day.openConsole(teacher.page);
    await day.startClass(teacher.page);
    await day.enterClass(learner.page);
    // The sign-in of this hour, as whoever runs it stores it.
    await database.query(
      `INSERT INTO "HourSignIn" ("id", "classId", "userId", "hour", "at", "method") VALUES (gen_random_uuid(), $1, $2, 1, now(), 'face')`,
      [classId, learnerId],
    );
    await expect
      .poll(async () => (await day.chipOf(learner.page)).countedMs, patient)
      .toBeGreaterThanOrEqual(12_000);
    await day.endClass(teacher.page);
    await expect.poll(async () => (await entered()).length, settles).toBe(1);
    const [entry] = await entered();
    expect(entry?.presentMs).toBeGreaterThanOrEqual(12_000);
    expect(entry?.presentMs).toBeLessThanOrEqual(entry?.liveMs ?? 0);
    expect(Number(entry?.deltaMs)).toBe(entry?.creditedMs);
  });

  it('are on the learner’s own page on a phone: each course, every entry in words, the trend and its table', async () => {
    evidence('hours-own');
    const { page } = learner;
    const [entry] = await entered();
    await office.visit(page, `${url}/record`, day.words.learn.record.title);
    const ledger = page.getByTestId('ledger');
    await ledger.getByText(hours.kinds.settlement).first().waitFor(patient);
    const text = await ledger.innerText();
    expect(text).toContain(hours.credited(clock(entry?.creditedMs ?? 0), clock(entry?.liveMs ?? 0)));
    expect(text).toContain(hours.signedBy.face);
    await page.getByRole('button', { name: hours.exact }).click();
    await page.getByRole('button', { name: hours.rounded }).waitFor(patient);
    expect(await page.getByTestId('course-credits').innerText()).toMatch(/\d:\d\d:\d\d|\d\d:\d\d/);

    const chart = page.locator('section').filter({ hasText: hours.trend }).last();
    await chart.getByLabel(hours.by).selectOption('month');
    await chart.getByRole('img', { name: new RegExp(hours.periods.month) }).waitFor(patient);
    await chart.getByRole('button', { name: common.asTable }).click();
    await chart.getByRole('columnheader', { name: hours.periodColumn }).waitFor(patient);
    expect(await chart.getByRole('row').count()).toBe(7);
  });

  it('are taken back by staff with a reason, and restored', async () => {
    evidence('hours-decided');
    const before = await totalShown();
    expect(before).not.toBe('0.0 学时');
    const { page } = staff;
    await office.visit(page, `${url}/hours`, hours.people);
    await page.getByLabel(hours.search).fill('learner1');
    const row = page.getByRole('row').filter({ has: page.getByText('learner1', { exact: true }) });
    await row.getByRole('link').click();
    const take = page.getByRole('button', { name: new RegExp(`^${hours.reverse}`) }).first();
    await take.click();
    await office.press(office.dialog(page), hours.reverse);
    expect(await office.saidAt(page, hours.why)).toBe(common.tooShort(2));
    await office.fill(page, { [hours.why]: '监控确认由他人代为听课' });
    await office.press(office.dialog(page), hours.reverse);
    await office.hears(page, hours.reversedDone);
    await page.getByTestId('ledger').getByText(hours.kinds.reversal).first().waitFor(patient);

    await office.visit(learner.page, `${url}/record`, day.words.learn.record.title);
    await expect.poll(totalShown, patient).toBe('0.0 学时');
    const told = learner.page.getByTestId('ledger').getByText(hours.reversed(hours.grounds['stand-in']));
    await told.waitFor(patient);
    await learner.page.getByText(hours.violations('1')).waitFor(patient);
    // What staff wrote is not the learner's page's to tell, nor the ledger's to hold.
    expect(await learner.page.getByText('监控确认').count()).toBe(0);

    await page.getByRole('button', { name: hours.restore, exact: true }).click();
    await office.fill(page, { [hours.why]: '申诉成立，系本人听课' });
    await office.press(office.dialog(page), hours.restore);
    await office.hears(page, hours.restoredDone);
    await office.visit(learner.page, `${url}/record`, day.words.learn.record.title);
    await expect.poll(totalShown, patient).toBe(before);
    await learner.page.getByTestId('ledger').getByText(hours.reversalBack).waitFor(patient);
  });

  it('are exported by staff, and the whole ledger verifies', async () => {
    evidence('hours-verified');
    const { page } = staff;
    await office.visit(page, `${url}/hours`, hours.people);
    const arriving = page.waitForEvent('download', patient);
    await page.getByRole('button', { name: hours.exportCsv }).click();
    expect((await arriving).suggestedFilename()).toMatch(/\.csv$/);
    const env = { ...process.env, NODE_ENV: 'development', DATA_DIR: product.dataDir };
    const { stdout } = await promisify(execFile)(process.execPath, [verifier], { env });
    expect(stdout).toMatch(/^The ledger holds: [1-9]\d* entries of [1-9]\d* learners/);
    for (const { errors } of [teacher, learner, staff]) expect(errors).toEqual([]);
  });
});
