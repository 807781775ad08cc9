/** From failed checks to hours taken back and given back: a learner and two members of staff, in real browsers. */
import { fileURLToPath } from 'node:url';
import { recordHourSignIn } from '@keshi/db/hour-sign-ins';
import { createUsers } from '@keshi/db/users';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { catalogue as english } from '../../web/client/src/i18n/en/catalogue.ts';
import { incidents as words } from '../../web/client/src/i18n/zh-CN/incidents.ts';
import { shell } from '../../web/client/src/i18n/zh-CN/shell.ts';
import { createRootSigner, trustedKeys } from '../../web/server/src/ledger/root-signer.ts';
import { verifyLedger } from '../../web/server/src/ledger/verify.ts';
import { storeCheck } from '../../web/server/test/check-rows.ts';
import { drawJpeg } from '../../web/server/test/drawn-faces.ts';
import { ledgerKey, startWorker } from '../../web/server/test/ledger-world.ts';
import { type RunningWeb, runWeb, verdictSigner } from '../../web/server/test/running-web.ts';
import { type Browser, desktop, openBrowser, phone } from '../src/chromium.ts';
import { keepEvidence } from '../src/evidence.ts';
import * as office from '../src/office.ts';
import { problemsOf, settled, speaks } from '../src/page-check.ts';

const patient = { timeout: 30_000 };
const minute = 60_000;
const pagesDir = fileURLToPath(new URL('../../web/client/build', import.meta.url));
const keys = trustedKeys([Buffer.from(createRootSigner(ledgerKey).publicKey, 'base64')]);

let web: RunningWeb;
let learner: Browser;
let staff: Browser;
let second: Browser;

beforeAll(async () => {
  web = await runWeb({ pagesDir });
  await createUsers(web.db, [
    {
      orgId: web.world.school.id,
      login: 'second-staff',
      passwordHash: web.world.passwordHash,
      name: '第二教务',
      memberships: [{ orgId: web.world.school.id, role: 'staff' }],
    },
  ]);
  await recordHourSignIn(web.db, {
    classId: web.world.held.id,
    userId: web.world.idOf('learner'),
    hour: 1,
    at: web.world.held.scheduledStart + minute,
    by: { method: 'face' },
  });
  await startWorker(web.db, { clock: web.clock }).sweep();
  [learner, staff, second] = await Promise.all([
    openBrowser(phone),
    openBrowser(desktop),
    openBrowser(desktop),
  ]);
});
afterAll(async () => {
  await Promise.all([learner?.close(), staff?.close(), second?.close()]);
  await web?.close();
});

const evidence = (name: string) =>
  keepEvidence(name, {
    pages: () => ({ learner: learner.page, staff: staff.page, second: second.page }),
    output: () => web.lines.slice(-200).join(''),
  });

async function signIn({ page }: Browser, login: string): Promise<void> {
  await page.goto(`${web.url}/login`);
  await page.locator('input[name=login]').fill(login);
  await page.getByLabel(shell.login.password, { exact: true }).fill(web.world.password);
  await office.press(page, shell.login.submit);
  await page.getByRole('navigation').first().waitFor(patient);
}

/** The page as it stands, in every language, theme and width. */
async function looks({ page }: Browser, where: string): Promise<string[]> {
  const problems: string[] = [];
  const size = page.viewportSize();
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
  if (size) await page.setViewportSize(size);
  return problems;
}

const hours = async (text: string) => {
  const { page } = learner;
  await page.goto(`${web.url}/record`);
  const fact = page.locator('dl > div').filter({ hasText: words.own.hours });
  await fact.getByText(text, { exact: true }).waitFor(patient);
};
const holds = async () => expect((await verifyLedger(web.db, keys)).problems).toEqual([]);

it('checks that failed come to the queue, by keyboard, with records that verify [PR4, CH4]', async () => {
  evidence('queue');
  await Promise.all([signIn(learner, 'learner'), signIn(staff, 'staff'), signIn(second, 'second-staff')]);
  for (const at of [20, 21])
    await storeCheck(web.db, web.vault, {
      classId: web.world.held.id,
      userId: web.world.idOf('learner'),
      verdict: 'mismatch',
      at: web.world.held.scheduledStart + at * minute,
      picture: await drawJpeg({ grain: at }),
      signer: verdictSigner,
    });
  await expect
    .poll(() => web.db.prisma.incident.count(), { timeout: 30_000, message: 'the incident opens by itself' })
    .toBe(1);
  const { page } = staff;
  await page.getByRole('link', { name: shell.nav.incidents }).first().click(patient);
  await office.row(page, 'learner').getByText(words.states.open).waitFor(patient);
  expect(await looks(staff, '/supervise/incidents')).toEqual([]);
  await page.getByRole('link', { name: `${words.open}${office.words.common.colon}learner` }).waitFor(patient);
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 2, name: words.evidence }).waitFor(patient);
  expect(await page.getByText(words.proofs.signed).count()).toBe(2);
});

it('pictures are shown when asked for, and that is on the log [PR6]', async () => {
  evidence('pictures');
  const { page } = staff;
  expect(await page.locator('main img').count()).toBe(0);
  await office.press(page, words.showPictures);
  const taken = page.locator('figure img');
  await expect.poll(() => taken.count(), patient).toBe(2);
  const wide = `document.querySelector('figure img').naturalWidth`;
  await expect.poll(() => page.evaluate<number>(wide), patient).toBeGreaterThan(100);
  const seen = await web.db.prisma.auditEntry.count({ where: { action: 'incident.pictures-seen' } });
  expect(seen).toBe(1);
  expect(await looks(staff, '/supervise/incidents/:id')).toEqual([]);
});

it('the learner is told today; nothing is taken before a person confirms; then the hours are [CH3]', async () => {
  evidence('confirmed');
  await learner.page.goto(`${web.url}/`);
  await learner.page.getByText(words.card.waiting).waitFor(patient);
  await hours('1.3');
  const { page } = staff;
  await office.press(page, words.confirm);
  await page.getByText(office.words.common.tooShort(2)).waitFor(patient);
  await page.getByLabel(words.reason).fill('与登记照片比对，不是同一人');
  await office.press(page, words.confirm);
  await office.press(office.dialog(page), words.confirm);
  await office.hears(page, words.confirmed);
  await hours('0.0');
  await learner.page.getByText('与登记照片比对，不是同一人').waitFor(patient);
  expect(await looks(learner, '/record')).toEqual([]);
  await holds();
});

it('the learner appeals; who confirmed cannot decide it, another person grants it, and the hours are back [CH3]', async () => {
  evidence('appeal');
  const { page } = learner;
  await page.goto(`${web.url}/`);
  await page.getByText(words.card.confirmed).waitFor(patient);
  expect(await looks(learner, '/')).toEqual([]);
  await page.getByRole('link', { name: words.card.action }).click(patient);
  await office.press(page, words.own.appeal);
  await office.dialog(page).getByLabel(words.own.appealField).fill('摄像头反光，当时是我本人在上课。');
  await office.press(office.dialog(page), words.own.send);
  await office.hears(page, words.own.sent);
  await staff.page.reload();
  await staff.page.getByText(words.notOwn).waitFor(patient);
  const other = second.page;
  await other.goto(`${web.url}/supervise/incidents`);
  await other.getByRole('button', { name: new RegExp(`^${words.filters.appeals}`) }).click(patient);
  await other.getByRole('link', { name: `${words.open}${office.words.common.colon}learner` }).click(patient);
  await other.getByText('摄像头反光，当时是我本人在上课。').waitFor(patient);
  await other.getByLabel(words.reason).fill('复核为本人');
  await office.press(other, words.grant);
  await office.hears(other, words.granted);
  await hours('1.3');
  await page.getByText(words.own.granted).waitFor(patient);
  await page.evaluate(`localStorage.setItem('keshi.locale', 'en')`);
  await page.reload();
  await page.getByText(english.incidents.own.granted).waitFor(patient);
  await holds();
  expect([...learner.errors, ...staff.errors, ...second.errors]).toEqual([]);
});
