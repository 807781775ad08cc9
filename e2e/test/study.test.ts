/**
 * A recorded lesson with real browsers, from an instructor's film to the ledger: uploaded over a line that breaks, made,
 * reviewed and listed; found by a learner who enrols; what plays is counted, questions stop the picture, and what is
 * entered is to the ms what is stored [WL1, WL3, WL6, CH2].
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEmbedded } from '@keshi/db/embedded';
import { silent } from '@keshi/db/testing/database';
import type { Page } from 'playwright-core';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { courses } from '../../web/client/src/i18n/zh-CN/courses.ts';
import { exams } from '../../web/client/src/i18n/zh-CN/exams.ts';
import { hours } from '../../web/client/src/i18n/zh-CN/hours.ts';
import { learn } from '../../web/client/src/i18n/zh-CN/learn.ts';
import { study } from '../../web/client/src/i18n/zh-CN/study.ts';
import { desktop, openBrowser, phone, type Browser } from '../src/chromium.ts';
import * as day from '../src/class-day.ts';
import { keepEvidence } from '../src/evidence.ts';
import { makeLessonClip } from '../src/lesson-clip.ts';
import * as office from '../src/office.ts';
import { startProduct, type Product } from '../src/product.ts';

const { common } = day.words;
const { making, course, lesson: lessonWords, page: coursePage, catalogue } = courses;
const patient = { timeout: 60_000 };
const enters = { timeout: 60_000, interval: 500 };
const verifier = fileURLToPath(new URL('../../start/ledger-verify.ts', import.meta.url));
const lessonSeconds = 24;
const courseTitle = '电工基础';
const title = '触电急救';
/** Its right answer is the first. */
const questions = [
  { stem: '发现有人触电，第一步是', options: ['切断电源', '用手拉开', '泼水', '离开'] },
  { stem: '胸外按压的频率是每分钟', options: ['100 至 120 次', '30 次', '60 次', '200 次'] },
];

let product: Product;
let url: string;
let dir: string;
let database: pg.Client;
let teacher: Browser;
let desk: Browser;
let learner: Browser;
let lessonId: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'keshi-study-'));
  await makeLessonClip(join(dir, '触电急救.mp4'), lessonSeconds);
  product = await startProduct();
  ({ url } = product);
  const server = await startEmbedded({ dir: join(product.dataDir, 'postgres'), log: silent });
  database = new pg.Client({ connectionString: server.url });
  database.on('error', () => undefined);
  await database.connect();
  [teacher, desk, learner] = await Promise.all([
    openBrowser(desktop),
    openBrowser(desktop),
    openBrowser(phone),
  ]);
  await day.logIn(teacher.page, url, 'teacher');
});
afterAll(async () => {
  await database?.end();
  for (const browser of [teacher, desk, learner]) await browser?.close();
  await product?.stop();
  await rm(dir, { recursive: true, force: true });
});

const evidence = (name: string) =>
  keepEvidence(name, {
    pages: () => ({ teacher: teacher.page, office: desk.page, learner: learner.page }),
    output: () => product.output(),
  });

const chip = () => learner.page.getByTestId('study-chip');
const counted = async () => Number(await chip().getAttribute('data-counted'));

async function openCourse(page: Page): Promise<void> {
  await office.visit(page, `${url}/making`, making.title);
  await page.getByRole('link', { name: courseTitle, exact: true }).click();
  await page.getByRole('heading', { level: 1, name: courseTitle, exact: true }).waitFor(patient);
}

async function openBank(page: Page): Promise<void> {
  await office.visit(page, `${url}/bank`, exams.bank.title);
  await page.getByLabel(exams.bank.course, { exact: true }).selectOption({ label: courseTitle });
}

async function writeQuestion({ stem, options }: (typeof questions)[number]): Promise<void> {
  const { page } = teacher;
  await office.press(page, exams.bank.add);
  await office.choose(page, exams.bank.lesson, title);
  await office.fill(page, { [exams.bank.stem]: stem });
  const form = office.dialog(page);
  for (const [index, option] of options.entries())
    await form.getByLabel(exams.bank.option('ABCD'.charAt(index)), { exact: true }).fill(option);
  await form.getByLabel(exams.bank.correctOption('A')).check();
  await office.save(page, exams.bank.saved);
}

async function moveQuestion(page: Page, stem: string, step: string): Promise<void> {
  await office.act(page, common.edit, stem);
  await office.press(office.dialog(page), step);
  await office.hears(page, exams.bank.moved);
}

/** Chooses what is right, as who has listened; answers how many questions that were. */
async function answerQuestions(): Promise<number> {
  const { page } = learner;
  const asked = page.getByTestId('challenge');
  await asked.waitFor(patient);
  const stems = new Set<string>();
  while (await asked.isVisible()) {
    const stem = await asked.locator('legend').innerText(patient);
    const question = questions.find((one) => one.stem === stem);
    if (!question) throw new Error(`nobody wrote: ${stem}`);
    stems.add(stem);
    await asked.getByLabel(question.options[0] ?? '', { exact: true }).check();
    await office.press(page, study.challenge.answer);
    // Another question takes its place, or the picture goes on.
    await expect
      .poll(
        async () =>
          !(await asked.isVisible()) ||
          (await asked
            .locator('legend')
            .innerText()
            .catch(() => '')) !== stem,
        patient,
      )
      .toBe(true);
  }
  return stems.size;
}

describe('a recorded lesson', () => {
  it('[C4, C10] is uploaded over a line that breaks, made, and published', async () => {
    evidence('study-made');
    const { page } = teacher;
    await openCourse(page);
    await office.press(page, course.addLesson);
    await office.fill(page, { [course.lessonTitle]: title });
    await office.choose(page, course.lessonKind, courses.kinds.video);
    await office.save(page, course.lessonAdded);
    await page.getByRole('link', { name: title, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: title }).waitFor(patient);
    let cuts = 0;
    await page.route('**/api/uploads/**', async (route) => {
      if (route.request().method() !== 'PATCH' || cuts > 1) return route.continue();
      cuts += 1;
      return route.abort('connectionreset');
    });
    await page.locator('input[type=file]').first().setInputFiles(join(dir, '触电急救.mp4'));
    await page.getByText(lessonWords.ready, { exact: true }).waitFor(patient);
    expect(cuts).toBe(2);
    await office.press(page, lessonWords.publish);
    await office.hears(page, lessonWords.published);
    lessonId = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  });

  it('[F1, WL6] is given questions by its instructor, which somebody else approves', async () => {
    evidence('study-questions');
    await openBank(teacher.page);
    for (const question of questions) {
      await writeQuestion(question);
      await moveQuestion(teacher.page, question.stem, exams.bank.submitReview);
    }
    await day.logIn(desk.page, url, 'supervisor');
    await openBank(desk.page);
    for (const { stem } of questions) await moveQuestion(desk.page, stem, exams.bank.approve);
  });

  it('[C3, C7] is listed with its package once two experts have approved it', async () => {
    evidence('study-listed');
    const { page } = teacher;
    await openCourse(page);
    await office.press(page, course.edit);
    await office.dialog(page).getByLabel(course.selfEnrol).check();
    await office.save(page, course.saved);
    await office.press(page, course.submit);
    await office.hears(page, course.submitted);
    for (const login of ['expert1', 'expert2']) {
      await desk.context.clearCookies();
      await day.logIn(desk.page, url, login);
      await openCourse(desk.page);
      await desk.page.getByLabel(course.opinion).fill('内容准确，示范规范');
      await office.press(desk.page, course.approve);
      await office.hears(desk.page, course.reviewed);
    }
    await openCourse(page);
    await page.getByText(courses.listings.listed, { exact: true }).first().waitFor(patient);
  });

  it('[C1, D1] is found in the catalogue by somebody who enrols', async () => {
    evidence('study-enrolled');
    const { page } = learner;
    await day.logIn(page, url, 'learner11');
    await office.visit(page, `${url}/courses`, catalogue.title);
    await page.getByLabel(catalogue.search).fill(courseTitle);
    await page.getByRole('link', { name: courseTitle, exact: true }).click();
    await office.press(page, coursePage.enrol);
    await office.hears(page, coursePage.enrolledNow);
    await page
      .getByRole('listitem')
      .filter({ hasText: title })
      .getByRole('link', { name: coursePage.study, exact: true })
      .click();
    await page.getByRole('heading', { level: 1, name: title }).waitFor(patient);
  });

  it('[WL1, WL6] counts while it plays, stops for questions on what was seen, and is complete at its end', async () => {
    evidence('study-complete');
    const { page } = learner;
    await page.getByTestId('lesson-play').click();
    await expect.poll(() => chip().getAttribute('data-reason'), patient).toBe('counting');
    // Two, so that a blind guess is right once in sixteen.
    expect(await answerQuestions()).toBe(2);
    await expect.poll(counted, patient).toBeGreaterThanOrEqual((lessonSeconds - 2) * 1000);
    await page.getByText(study.completed).waitFor(patient);
    expect(await chip().getAttribute('data-reason')).toBe('complete');
  });

  it('[WL3, CH2] is in the ledger to the ms as it is stored, and the ledger verifies', async () => {
    evidence('study-ledger');
    const entries = async () =>
      (
        await database.query<{
          content: { creditedMs: number; lengthMs: number; spans: [number, number][] };
          deltaMs: string;
        }>(`SELECT "content", "deltaMs" FROM "LedgerEntry" WHERE "content"->>'lessonId' = $1`, [lessonId])
      ).rows;
    await expect.poll(async () => (await entries()).length, enters).toBe(1);
    const [entry] = await entries();
    const { rows } = await database.query<{
      durationMs: number;
      countedMs: number;
      passedMs: number;
      state: { coverage: { from: number; to: number }[]; passed: number };
    }>(
      `SELECT l."durationMs", p."countedMs", p."state",
         (extract(epoch FROM p."completedAt" - p."startedAt") * 1000)::int AS "passedMs"
       FROM "StudyProgress" p JOIN "Lesson" l ON l."id" = p."lessonId" WHERE p."lessonId" = $1`,
      [lessonId],
    );
    const [stored] = rows;
    if (!entry || !stored) throw new Error('nothing was entered');
    // The film is as long as it was made; what it earned is what was covered of it, and took at least that long.
    expect(Math.abs(stored.durationMs - lessonSeconds * 1000)).toBeLessThanOrEqual(200);
    expect(stored.state.passed).toBe(1);
    const covered = stored.state.coverage.map(({ from, to }) => [from, Math.min(to, stored.durationMs)]);
    expect(entry.content).toMatchObject({ lengthMs: stored.durationMs, spans: covered });
    expect(entry.content.creditedMs).toBe(stored.countedMs);
    expect(Number(entry.deltaMs)).toBe(stored.countedMs);
    expect(stored.countedMs).toBeGreaterThanOrEqual(stored.durationMs - 2_000);
    expect(stored.passedMs).toBeGreaterThanOrEqual(stored.countedMs - 1_000);

    const { page } = learner;
    await office.visit(page, `${url}/record`, learn.record.title);
    const ledger = page.getByTestId('ledger');
    await ledger.getByText(hours.kinds.lesson).first().waitFor(patient);
    expect(await ledger.innerText()).toContain(
      hours.creditedLesson(clock(stored.countedMs), clock(stored.durationMs)),
    );
    await page.getByTestId('study-courses').getByText(study.progress.lessons('1', '2')).waitFor(patient);
    const env = { ...process.env, NODE_ENV: 'development', DATA_DIR: product.dataDir };
    const { stdout } = await promisify(execFile)(process.execPath, [verifier], { env });
    expect(stdout).toMatch(/^The ledger holds: [1-9]\d* entries of [1-9]\d* learners/);
    expect([...teacher.errors, ...desk.errors, ...learner.errors]).toEqual([]);
  });
});

const clock = (ms: number) =>
  `${String(Math.floor(ms / 60_000)).padStart(2, '0')}:${String(Math.floor(ms / 1000) % 60).padStart(2, '0')}`;
