/** A lesson from an instructor's file to a learner's screen, in real browsers against the whole product. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { courses } from '../../web/client/src/i18n/zh-CN/courses.ts';
import { type Browser, desktop, openBrowser, phone } from '../src/chromium.ts';
import { logIn } from '../src/class-day.ts';
import { makeLessonClip, makePicture } from '../src/lesson-clip.ts';
import { choose, fill, hears, press, save, visit, words } from '../src/office.ts';
import { type Product, startProduct } from '../src/product.ts';
import { scormPackage } from '../src/scorm-package.ts';

const { making, course, lesson, page: coursePage, preview } = courses;
const { admin } = words;
const patient = { timeout: 60_000 };
const courseTitle = '电工基础';

let product: Product;
let teacher: Browser;
let learner: Browser;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'keshi-lessons-'));
  await makeLessonClip(join(dir, '断路器 🔌.mp4'), 6);
  product = await startProduct();
  [teacher, learner] = await Promise.all([openBrowser(desktop), openBrowser(phone)]);
});
afterAll(async () => {
  await Promise.all([teacher?.close(), learner?.close()]);
  await product?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** A browser for one test alone. */
async function openOffice(): Promise<AsyncDisposable & Pick<Browser, 'page'>> {
  const { page, close } = await openBrowser(desktop);
  return { page, [Symbol.asyncDispose]: close };
}

async function openCourse(page: Page): Promise<void> {
  await visit(page, `${product.url}/making`, making.title);
  await page.getByRole('link', { name: courseTitle, exact: true }).click();
  await page.getByRole('heading', { level: 1, name: courseTitle, exact: true }).waitFor(patient);
}

/** A picture of the film has been decoded. */
async function plays(page: Page): Promise<void> {
  const video = page.getByTestId('lesson-stream');
  await video.evaluate((element: { muted: boolean; play(): Promise<void> }) => {
    element.muted = true;
    return element.play();
  });
  await expect
    .poll(() => video.evaluate((element: { currentTime: number }) => element.currentTime), patient)
    .toBeGreaterThan(0.5);
}

test('[C10, C11] a video is uploaded, made, published, and seen by a learner and without a login', async () => {
  const { page } = teacher;
  await logIn(page, product.url, 'teacher');
  await openCourse(page);
  await press(page, course.addLesson);
  await fill(page, { [course.lessonTitle]: '断路器的结构' });
  await choose(page, course.lessonKind, courses.kinds.video);
  await save(page, course.lessonAdded);
  await page.getByRole('link', { name: '断路器的结构', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: '断路器的结构' }).waitFor(patient);
  // Nothing to publish yet.
  expect(await page.getByRole('button', { name: lesson.publish, exact: true }).isDisabled()).toBe(true);

  await page.locator('input[type=file]').first().setInputFiles(join(dir, '断路器 🔌.mp4'));
  await page.getByText(lesson.ready, { exact: true }).waitFor(patient);
  await page.getByText('断路器 🔌.mp4').waitFor(patient);
  await page.getByText(lesson.findings['low-resolution']).waitFor(patient);
  await plays(page);

  await page.getByLabel(lesson.preview).check();
  await page.getByRole('button', { name: words.common.save, exact: true }).click();
  await hears(page, lesson.saved);
  const vtt = join(dir, 'zh.vtt');
  await writeFile(vtt, 'WEBVTT\n\n00:00.000 --> 00:02.000\n断路器由触头和脱扣器组成\n');
  await page
    .getByLabel(`${lesson.captionsUpload}${words.common.colon}${lesson.languages['zh-CN']}`)
    .setInputFiles(vtt);
  await hears(page, lesson.captionsSaved('1'));
  await press(page, lesson.publish);
  await hears(page, lesson.published);
  const address = await page.getByRole('link', { name: lesson.previewLink }).getAttribute('href');

  await logIn(learner.page, product.url, 'learner1');
  await visit(learner.page, `${product.url}/courses`, courses.catalogue.title);
  await learner.page.getByRole('link', { name: courseTitle, exact: true }).click();
  await learner.page.getByText('断路器的结构', { exact: true }).waitFor(patient);
  const study = learner.page.getByRole('link', { name: coursePage.study, exact: true });
  expect(await study.count()).toBe(2);

  // Somebody who never logged in.
  await learner.context.clearCookies();
  await learner.page.evaluate('localStorage.clear()');
  await learner.page.goto(product.url + (address ?? ''));
  await learner.page.getByRole('heading', { level: 1, name: '断路器的结构' }).waitFor(patient);
  await plays(learner.page);
  await learner.page.getByRole('link', { name: preview.login }).waitFor(patient);
  expect([...teacher.errors, ...learner.errors]).toEqual([]);
});

test('[C4] a text is written with a picture, and whoever reads it sees both', async () => {
  const { page } = teacher;
  await openCourse(page);
  await press(page, course.addLesson);
  await fill(page, { [course.lessonTitle]: '断路器图解' });
  await choose(page, course.lessonKind, courses.kinds.text);
  await save(page, course.lessonAdded);
  await page.getByRole('link', { name: '断路器图解', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: '断路器图解' }).waitFor(patient);
  const file = join(dir, '断路器.png');
  await makePicture(file);
  await page.getByLabel(new RegExp(`^${lesson.body}`)).fill('## 外形\n\n合闸手柄在正面。');
  await press(page, lesson.addPicture);
  await page.getByTestId('picture-file').setInputFiles(file);
  // What it shows has to be said.
  await press(page.getByRole('dialog'), lesson.insertPicture);
  await page.getByText(words.common.required).first().waitFor(patient);
  await fill(page, { [lesson.pictureShows]: '小型断路器的正面' });
  await press(page.getByRole('dialog'), lesson.insertPicture);
  await hears(page, lesson.pictureInserted);
  const shown = (within: Page) => within.getByRole('img', { name: '小型断路器的正面', exact: true });
  const width = (within: Page) =>
    shown(within).evaluate((element: { naturalWidth: number }) => element.naturalWidth);
  await expect.poll(() => width(page), patient).toBe(320);
  await page.getByLabel(new RegExp(`^${lesson.declared}`)).fill('10');
  await page.getByLabel(new RegExp(`^${lesson.minimum}`)).fill('2');
  await page.getByRole('button', { name: words.common.save, exact: true }).click();
  await hears(page, lesson.saved);
  await press(page, lesson.publish);
  await hears(page, lesson.published);

  await logIn(learner.page, product.url, 'learner1');
  await visit(learner.page, `${product.url}/courses`, courses.catalogue.title);
  await learner.page.getByRole('link', { name: courseTitle, exact: true }).click();
  const line = learner.page.getByRole('listitem').filter({ hasText: '断路器图解' });
  await line.getByRole('link', { name: coursePage.study, exact: true }).click();
  await expect.poll(() => width(learner.page), patient).toBe(320);
  expect([...teacher.errors, ...learner.errors]).toEqual([]);
});

test('[C4, WL9] a SCORM package runs apart from the page, and what it sets is there when it is opened again', async () => {
  const { page } = teacher;
  await openCourse(page);
  await press(page, course.addLesson);
  await fill(page, { [course.lessonTitle]: '互动练习' });
  await choose(page, course.lessonKind, courses.kinds.scorm);
  await save(page, course.lessonAdded);
  await page.getByRole('link', { name: '互动练习', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: '互动练习' }).waitFor(patient);
  const file = join(dir, 'practice.zip');
  await writeFile(file, await scormPackage());
  await page.locator('input[type=file]').first().setInputFiles(file);
  await page.getByText(lesson.ready, { exact: true }).waitFor(patient);

  const inside = () =>
    page.frameLocator('[data-testid=package]').frameLocator('iframe').frameLocator('iframe');
  await inside().getByText('第 1 页').waitFor(patient);
  // Neither our page nor a cookie is within its reach.
  expect(await inside().locator('#outside').innerText()).toBe('nothing 0');
  const stored = page.waitForResponse(
    (answer) => answer.request().method() === 'PUT' && answer.ok(),
    patient,
  );
  await inside().getByRole('button', { name: '下一页' }).click();
  await stored;
  await page.reload();
  await inside().getByText('第 2 页').waitFor(patient);
  const { packageParts: parts } = lesson;
  const line = (name: string) => page.getByTestId('package-parts').getByRole('button', { name });
  await inside().getByRole('button', { name: '完成' }).click();
  await line('停电与验电').getByText(parts.states.complete).waitFor(patient);
  await page.getByText(lesson.packageIncomplete).waitFor(patient);
  // The other part has a place of its own.
  await line('装设接地线').click();
  await inside().getByText('第 1 页').waitFor(patient);
  await page.getByText(parts.complete(1, 2)).waitFor(patient);
  await inside().getByRole('button', { name: '完成' }).click();
  await page.getByText(lesson.packageComplete).waitFor(patient);
  await page.getByText(parts.complete(2, 2)).waitFor(patient);
  expect(teacher.errors).toEqual([]);
});

test('[D1] a list of learners with mistakes enrols nobody, and the corrected one everybody', async () => {
  await using staff = await openOffice();
  const { page } = staff;
  await logIn(page, product.url, 'supervisor');
  await visit(page, `${product.url}/admin/groups`, admin.groups.title);
  await page.getByRole('link', { name: '2026 秋季一班' }).first().click();
  await press(page, admin.groups.enrol);
  const list = join(dir, '名单.csv');
  await writeFile(list, '账号,姓名\nlearner1,张三\nnobody,\nlearner2,错名\n');
  await page.getByTestId('roster-file').setInputFiles(list);
  const errors = page.getByTestId('roster-errors').getByRole('listitem');
  await errors.first().waitFor(patient);
  expect(await errors.allInnerTexts()).toEqual([
    `${courses.roster.row('3')} ${courses.roster.problems.unknown}`,
    `${courses.roster.row('4')} ${courses.roster.problems.name}`,
  ]);
  await writeFile(list, '账号,姓名\nlearner1,张三\nlearner2,李秀英\n');
  await page.getByTestId('roster-file').setInputFiles(list);
  await hears(page, admin.groups.enrolDone('0', '2'));
});
