/**
 * A recorded lesson with a real browser, from the record to the ledger: what plays is counted, what is asked stops the
 * picture, and a complete lesson is in the learner's hours [WL1, WL3, WL6].
 */
import { join } from 'node:path';
import { startEmbedded } from '@keshi/db/embedded';
import { silent } from '@keshi/db/testing/database';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hours } from '../../web/client/src/i18n/zh-CN/hours.ts';
import { learn } from '../../web/client/src/i18n/zh-CN/learn.ts';
import { study } from '../../web/client/src/i18n/zh-CN/study.ts';
import { openBrowser, phone, type Browser } from '../src/chromium.ts';
import * as day from '../src/class-day.ts';
import { keepEvidence } from '../src/evidence.ts';
import { addLesson } from '../src/lesson-row.ts';
import * as office from '../src/office.ts';
import { startProduct, type Product } from '../src/product.ts';

const patient = { timeout: 30_000 };
const lessonSeconds = 24;
const enters = { timeout: 60_000, interval: 500 };

let product: Product;
let url: string;
let database: pg.Client;
let learner: Browser;
let lessonId: string;
const title = '触电急救';

beforeAll(async () => {
  product = await startProduct();
  ({ url } = product);
  const server = await startEmbedded({ dir: join(product.dataDir, 'postgres'), log: silent });
  database = new pg.Client({ connectionString: server.url });
  database.on('error', () => undefined);
  await database.connect();
  lessonId = await addLesson(product, { title, seconds: lessonSeconds });
  learner = await openBrowser(phone);
  await day.logIn(learner.page, url, 'learner1');
});
afterAll(async () => {
  await database?.end();
  await learner?.close();
  await product?.stop();
});

const evidence = (name: string) =>
  keepEvidence(name, { pages: () => ({ learner: learner.page }), output: () => product.output() });

const chip = () => learner.page.getByTestId('study-chip');
const counted = async () => Number(await chip().getAttribute('data-counted'));

/** Chooses the number that is asked for, as a person reads it. */
async function answerChallenge() {
  const { page } = learner;
  const asked = page.getByTestId('challenge');
  await asked.waitFor(patient);
  const number = /\d+/.exec(await asked.locator('p').first().innerText())?.[0] ?? '';
  await asked.getByRole('button', { name: number, exact: true }).click();
  await asked.waitFor({ state: 'hidden', ...patient });
}

describe('a recorded lesson', () => {
  it('is found in the record, plays, and counts while it plays', async () => {
    evidence('study-plays');
    const { page } = learner;
    await office.visit(page, `${url}/record`, learn.record.title);
    await page.getByRole('link', { name: title }).click();
    await page.getByTestId('lesson-play').click();
    await expect.poll(() => chip().getAttribute('data-reason'), patient).toBe('counting');
  });

  it('stops for what is asked, goes on when it is answered, and is complete at its end', async () => {
    evidence('study-complete');
    const { page } = learner;
    await answerChallenge();
    await expect
      .poll(counted, { ...patient, timeout: 60_000 })
      .toBeGreaterThanOrEqual((lessonSeconds - 2) * 1000);
    await page.getByText(study.completed).waitFor(patient);
    expect(await chip().getAttribute('data-reason')).toBe('complete');
  });

  it('is in the ledger and in the learner’s own hours', async () => {
    evidence('study-ledger');
    const entries = async () =>
      (
        await database.query<{ creditedMs: number }>(
          `SELECT ("content"->>'creditedMs')::int AS "creditedMs" FROM "LedgerEntry" WHERE "content"->>'lessonId' = $1`,
          [lessonId],
        )
      ).rows;
    await expect.poll(async () => (await entries()).length, enters).toBe(1);
    const [entry] = await entries();
    expect(entry?.creditedMs).toBeGreaterThanOrEqual((lessonSeconds - 2) * 1000);
    expect(entry?.creditedMs).toBeLessThanOrEqual(lessonSeconds * 1000);
    const { page } = learner;
    await office.visit(page, `${url}/record`, learn.record.title);
    await page.getByTestId('ledger').getByText(hours.kinds.lesson).first().waitFor(patient);
    // The demo's course has a lesson of its own.
    await page.getByTestId('study-courses').getByText(study.progress.lessons('1', '2')).waitFor(patient);
    expect(learner.errors).toEqual([]);
  });
});
