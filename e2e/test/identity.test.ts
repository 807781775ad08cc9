/** From a phone number to a confirmed identity and back: a learner and a member of staff, in real browsers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPicture, openReferences } from '@keshi/db/face-references';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { catalogue as english } from '../../web/client/src/i18n/en/catalogue.ts';
import { identity as words } from '../../web/client/src/i18n/zh-CN/identity.ts';
import { shell } from '../../web/client/src/i18n/zh-CN/shell.ts';
import { consentTextFor } from '../../web/server/src/identity/consent-text.ts';
import { drawPixels } from '../../web/server/test/drawn-faces.ts';
import { type RunningWeb, runWeb } from '../../web/server/test/running-web.ts';
import { writeClip } from '../src/camera-clip.ts';
import { type Browser, desktop, openBrowser, phone } from '../src/chromium.ts';
import { keepEvidence } from '../src/evidence.ts';
import * as office from '../src/office.ts';
import { problemsOf, settled, speaks } from '../src/page-check.ts';

const patient = { timeout: 30_000 };
const pagesDir = fileURLToPath(new URL('../../web/client/build', import.meta.url));
const number = '11010519491231002X';
const size = { width: 640, height: 480 };

let web: RunningWeb;
let folder: string;
let learner: Browser;
let staff: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keshi-identity-'));
  const clip = join(folder, 'turning.y4m');
  const stills = (['centre', 'left', 'right'] as const).flatMap((pose, n) =>
    [0, 1, 2].map((part) => ({ pixels: drawPixels({ ...size, pose, grain: n * 3 + part }), frames: 3 })),
  );
  await writeClip(clip, { ...size, stills });
  web = await runWeb({ pagesDir, registration: true });
  learner = await openBrowser(phone, { cameraFile: clip });
  staff = await openBrowser(desktop);
});
afterAll(async () => {
  await learner?.close();
  await staff?.close();
  await web?.close();
  await rm(folder, { recursive: true, force: true });
});

const evidence = (name: string) =>
  keepEvidence(name, {
    pages: () => ({ learner: learner.page, staff: staff.page }),
    output: () => web.lines.slice(-200).join(''),
  });

/** The page as it stands, in every language, theme and width. */
async function looks(browser: Browser, where: string): Promise<string[]> {
  const { page } = browser;
  const problems: string[] = [];
  for (const locale of ['en', 'zh-CN'] as const) {
    await page.evaluate(`localStorage.setItem('keshi.locale', '${locale}')`);
    await page.reload();
    await speaks(page, locale);
    for (const theme of ['light', 'dark'] as const)
      for (const width of [360, 1440]) {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height: 800 });
        await settled(page, theme);
        for (const problem of await problemsOf(page, { axe: locale === 'zh-CN' }))
          problems.push(`${where} ${locale} ${theme} ${width}: ${problem}`);
      }
  }
  await page.setViewportSize({ width: 360, height: 740 });
  return problems;
}

let learnerId = '';
const idOfLearner = async () => {
  const user = await web.db.prisma.user.findUniqueOrThrow({ where: { login: 'xinxueyuan' } });
  return user.id;
};

it('registers by the code that the phone received [B1]', async () => {
  evidence('registration');
  const { page } = learner;
  await page.goto(`${web.url}/login`);
  await page.getByRole('link', { name: words.register.link }).click(patient);
  await page.getByLabel(words.register.phone).fill('13800138000');
  await office.press(page, words.phone.send);
  await office.hears(page, words.phone.sent);
  const last = web.sent.at(-1);
  const code = last?.template === 'code' ? last.code : '';
  expect(code).toMatch(/^\d{6}$/);
  const wrong = code === '000000' ? '000001' : '000000';
  await page.getByLabel(words.phone.code).fill(wrong);
  await page.getByLabel(words.register.name).fill('新学员');
  await page.getByLabel(words.register.login, { exact: true }).fill('learner');
  await page.getByLabel(words.register.password).fill('practice-makes-2026');
  await office.press(page, words.register.submit);
  await page.getByRole('alert').getByText(office.words.errors['wrong-code'].what).waitFor(patient);
  await page.getByLabel(words.phone.code).fill(code);
  await office.press(page, words.register.submit);
  await page.getByText(words.register.loginTaken).waitFor(patient);
  await page.getByLabel(words.register.login, { exact: true }).fill('xinxueyuan');
  await office.press(page, words.register.submit);
  await page.getByRole('heading', { level: 1, name: words.title }).waitFor(patient);
  await page.getByText(words.phone.verified, { exact: true }).waitFor(patient);
  learnerId = await idOfLearner();
});

it('is told today what is missing, and gives a document: a slip is named, the number is masked [B1]', async () => {
  evidence('document');
  const { page } = learner;
  await page.goto(`${web.url}/`);
  await page.getByText(words.steps.document).waitFor(patient);
  await page.getByRole('link', { name: words.card.action }).click(patient);
  await office.press(page, words.document.give);
  await office.fill(page, { [words.document.number]: '110105194912310021' });
  await office.press(office.dialog(page), words.document.save);
  await office.dialog(page).getByText(words.document.faults['check-digit']).waitFor(patient);
  await office.fill(page, { [words.document.number]: number });
  await office.press(office.dialog(page), words.document.save);
  await page.getByText('110*************2X').waitFor(patient);
  expect(await page.locator('body').innerText()).not.toContain(number);
  expect(await looks(learner, '/identity')).toEqual([]);
});

it('reads the whole text before a camera is opened, and consents [PR1]', async () => {
  evidence('consent');
  const { page } = learner;
  await page.goto(`${web.url}/identity/face`);
  await page.getByText(words.face.needConsent).waitFor(patient);
  expect(await page.locator('video').count()).toBe(0);
  await page.getByRole('link', { name: words.consent.read }).click(patient);
  const { shown } = consentTextFor('zh-CN');
  await page.getByRole('heading', { level: 2, name: shown.title }).waitFor(patient);
  for (const { heading, paragraphs } of shown.sections)
    for (const text of [heading, ...paragraphs])
      expect(await page.getByText(text, { exact: true }).count(), text).toBe(1);
  expect(await looks(learner, '/identity/consent')).toEqual([]);
  await office.press(page, shown.agree);
  await page.getByRole('heading', { level: 1, name: words.face.title }).waitFor(patient);
  const record = await web.db.prisma.consentRecord.findFirstOrThrow({ where: { userId: learnerId } });
  expect(record).toMatchObject({ action: 'given', textHash: shown.hash, locale: 'zh-CN' });
});

it('turns the head as the server asks, before the camera [PR2]', async () => {
  evidence('face');
  const { page } = learner;
  expect(await looks(learner, '/identity/face')).toEqual([]);
  await office.press(page, words.face.begin);
  await page.getByText(words.face.doneTitle).waitFor({ timeout: 90_000 });
  const opened = await openReferences(web.db, web.vault, learnerId);
  expect(opened?.state).toBe('provisional');
  expect(opened?.references.map(({ pose }) => pose).sort()).toEqual(['centre', 'left', 'right']);
  // The camera is out, as soon as the page has drawn that it is done.
  const isOut = `[...document.querySelectorAll('video')].every((video) => video.srcObject === null)`;
  await expect.poll(() => page.evaluate<boolean>(isOut), { timeout: 5_000 }).toBe(true);
});

it('is compared by staff, side by side, and confirmed with a reason [PR2]', async () => {
  evidence('decision');
  const { page } = staff;
  await page.goto(`${web.url}/login`);
  await page.getByLabel(shell.login.account, { exact: true }).fill('staff');
  await page.getByLabel(shell.login.password, { exact: true }).fill(web.world.password);
  await office.press(page, shell.login.submit);
  await page.getByRole('link', { name: shell.nav.identityQueue }).first().click(patient);
  await office.act(page, words.queue.check, 'xinxueyuan');
  const sheet = office.dialog(page);
  expect(await sheet.innerText()).not.toContain(number);
  await office.press(sheet, words.queue.show);
  await sheet.getByText(office.words.common.tooShort(2)).first().waitFor(patient);
  await office.fill(page, { [words.queue.revealReason]: '核对身份证原件' });
  await office.press(sheet, words.queue.show);
  await sheet.getByText(number).waitFor(patient);
  await sheet.getByText('1949-12-31').waitFor(patient);
  const picture = sheet.getByRole('img', { name: words.queue.pictureOf });
  await picture.waitFor(patient);
  const wide = `document.querySelector('figure img').naturalWidth`;
  await expect.poll(() => page.evaluate<number>(wide), patient).toBeGreaterThan(100);
  await office.fill(page, { [words.queue.decisionReason]: '与身份证原件一致' });
  await office.press(sheet, words.queue.confirm);
  await office.hears(page, words.queue.confirmed);
  await page.getByText(words.queue.empty).waitFor(patient);
  const actions = await web.db.prisma.auditEntry.findMany({ where: { targetId: learnerId } });
  expect(actions.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['user.registered', 'identity.revealed', 'identity.confirmed']),
  );
  await learner.page.goto(`${web.url}/identity`);
  await learner.page.getByText(words.confirmed).waitFor(patient);
});

it('withdraws in the settings: nothing can be decrypted any more, and a person checks [PR6]', async () => {
  evidence('withdrawal');
  const { page } = learner;
  const { keyId } = await web.db.prisma.faceKey.findUniqueOrThrow({ where: { userId: learnerId } });
  const picture = await web.db.prisma.facePicture.findUniqueOrThrow({ where: { userId: learnerId } });
  expect(
    (await web.vault.find(keyId))?.open('FacePicture.picture', picture.pictureSealed).length,
  ).toBeGreaterThan(0);
  await page.goto(`${web.url}/settings`);
  await office.press(page, words.consent.withdraw);
  const dialog = office.dialog(page);
  await dialog.getByText(words.consent.withdrawText).waitFor(patient);
  await office.press(dialog, words.consent.withdraw);
  await office.hears(page, words.consent.withdrawnToast);
  await page.getByText(words.consent.withdrawn).waitFor(patient);
  expect(await web.vault.find(keyId)).toBeNull();
  expect(await openReferences(web.db, web.vault, learnerId)).toBeNull();
  expect(await openPicture(web.db, web.vault, learnerId)).toBeNull();
  // No dead end: the document still stands, confirmed by a person.
  await page.getByText(words.confirmed).waitFor(patient);
  await page.evaluate(`localStorage.setItem('keshi.locale', 'en')`);
  await page.reload();
  await page.getByText(english.identity.consent.withdrawn).waitFor(patient);
  expect([...learner.errors, ...staff.errors]).toEqual([]);
});
