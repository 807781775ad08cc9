/** Signing in with one's face in a class, in real browsers whose cameras show a person: the right one, and another. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hourSignInsOf } from '@keshi/db/hour-sign-ins';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checks as words } from '../../web/client/src/i18n/zh-CN/checks.ts';
import { reasons } from '../../web/client/src/i18n/zh-CN/reasons.ts';
import { shell } from '../../web/client/src/i18n/zh-CN/shell.ts';
import type { RunningWeb } from '../../web/server/test/running-web.ts';
import { writePersonClip } from '../src/person-clip.ts';
import { type Browser, desktop, openBrowser, phone } from '../src/chromium.ts';
import { keepEvidence } from '../src/evidence.ts';
import { problemsOf, settled } from '../src/page-check.ts';
import { openProctored, type Proctored } from './proctored.ts';

const patient = { timeout: 30_000 };

let folder: string;
let services: Proctored;
let web: RunningWeb;
let learner: Browser;
let impostor: Browser;
let faceless: Browser;
let staff: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keshi-checks-'));
  services = await openProctored();
  ({ web } = services);
  // A window that leaves no choice: the sign-in is asked for at once.
  await web.db.prisma.course.update({
    where: { id: web.world.course.id },
    data: { policy: { signInWindowMs: 60_000 } },
  });
  await services.knowFaces(['learner', 'second'].map((login) => [login, web.world.idOf(login)]));
  const [own, others] = [join(folder, 'own.y4m'), join(folder, 'others.y4m')];
  await writePersonClip(own, 'plain');
  await writePersonClip(others, 'other');
  learner = await openBrowser(phone, { cameraFile: own });
  impostor = await openBrowser(desktop, { cameraFile: others });
  faceless = await openBrowser(desktop);
  staff = await openBrowser(desktop);
}, 120_000);
afterAll(async () => {
  for (const browser of [learner, impostor, faceless, staff]) await browser?.close();
  await services?.close();
  await rm(folder, { recursive: true, force: true });
});

const evidence = (name: string) =>
  keepEvidence(name, {
    pages: () => ({ learner: learner.page, impostor: impostor.page, staff: staff.page }),
    output: () => web.lines.slice(-200).join(''),
  });

async function logIn({ page }: Browser, login: string): Promise<void> {
  await page.goto(`${web.url}/login`);
  await page.getByLabel(shell.login.account, { exact: true }).fill(login);
  await page.getByLabel(shell.login.password, { exact: true }).fill(web.world.password);
  await page.getByRole('button', { name: shell.login.submit, exact: true }).click();
  await page.waitForURL((address) => !address.pathname.startsWith('/login'), patient);
}

const signInsOf = (login: string) => hourSignInsOf(web.db, web.world.running.id, [web.world.idOf(login)]);
const chipOf = ({ page }: Browser) => page.getByTestId('counted-chip');

it('signs in with the face that was enrolled: the chip counts, and the hour is stored [AT7]', async () => {
  evidence('sign-in');
  await logIn(learner, 'learner');
  const { page } = learner;
  await page.goto(`${web.url}/class/${web.world.running.id}`);
  await page.getByRole('dialog').getByText(words.signIn('1')).waitFor(patient);
  await page.getByText(words.why).waitFor(patient);
  const problems: string[] = [];
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await settled(page, theme);
  }
  problems.push(...(await problemsOf(page, { axe: true })));
  await page.getByTestId('identity-checked').waitFor(patient);
  await expect
    .poll(() => signInsOf('learner'), { timeout: 10_000 })
    .toMatchObject([{ hour: 1, method: 'face' }]);
  await expect.poll(() => chipOf(learner).getAttribute('data-counting'), { timeout: 10_000 }).toBe('true');
  expect(problems).toEqual([]);
});

it('warns whom it does not know, does not count, and lets a person decide [PR3, PR4]', async () => {
  evidence('impostor');
  await logIn(impostor, 'second');
  const { page } = impostor;
  await page.goto(`${web.url}/class/${web.world.running.id}`);
  await page.getByText(words.verdicts.mismatch.what).first().waitFor(patient);
  await expect
    .poll(() => chipOf(impostor).innerText(), { timeout: 15_000 })
    .toContain(reasons['identity-pending'].chip);
  expect(await chipOf(impostor).getAttribute('data-counting')).toBe('false');
  expect(await signInsOf('second')).toEqual([]);
  // The recheck fails as well: then it is for a person to say.
  await expect
    .poll(() => web.db.prisma.recognition.count({ where: { userId: web.world.idOf('second') } }), {
      timeout: 60_000,
    })
    .toBe(1);
  const kept = await web.db.prisma.faceCheckPicture.count();
  expect(kept).toBeGreaterThan(1);
}, 120_000);

it('who has no face here is confirmed by a person with one click, time counting meanwhile [PR1, AT7]', async () => {
  evidence('by-person');
  await logIn(faceless, 'evil');
  await faceless.page.goto(`${web.url}/class/${web.world.running.id}`);
  await faceless.page.getByText(words.waiting).waitFor(patient);
  await expect.poll(() => chipOf(faceless).getAttribute('data-counting'), { timeout: 10_000 }).toBe('true');
  await logIn(staff, 'staff');
  const { page } = staff;
  await page.goto(`${web.url}/supervise/${web.world.running.id}`);
  const row = page
    .getByTestId('waiting-people')
    .getByRole('listitem')
    .filter({ hasText: words.desk.causes['no-face'] });
  // Before saying who it is, the supervisor looks; the learner agrees to it.
  await row.getByText(words.desk.lookShort, { exact: true }).click(patient);
  await faceless.page.getByText(words.look.show, { exact: true }).click(patient);
  await page.getByTestId('live-look').waitFor(patient);
  const shown = () =>
    page.evaluate<number>(`document.querySelector('[data-testid=live-look]')?.naturalWidth ?? 0`);
  await expect.poll(shown, { timeout: 10_000 }).toBe(320);
  await faceless.page.getByText(words.look.stop, { exact: true }).click(patient);
  await page.getByText(words.desk.lookOver).waitFor(patient);
  await page.keyboard.press('Escape');
  await row.getByText(words.desk.confirmShort, { exact: true }).click(patient);
  await expect
    .poll(() => signInsOf('evil'), { timeout: 10_000 })
    .toMatchObject([{ hour: 1, method: 'person' }]);
  await faceless.page.getByText(words.waiting).waitFor({ state: 'detached', ...patient });
  expect([...learner.errors, ...impostor.errors, ...faceless.errors, ...staff.errors]).toEqual([]);
});
