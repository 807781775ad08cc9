/** What breaks in a running class, and that the class goes on: media workers, the database, the whole product. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Browser, desktop, openBrowser } from '../src/chromium.ts';
import {
  chipOf,
  demoPassword,
  endClass,
  enterClass,
  goOnStage,
  inviteToStage,
  logIn,
  openConsole,
  raiseHand,
  reads,
  say,
  sees,
  startClass,
  words,
} from '../src/class-day.ts';
import { keepEvidence } from '../src/evidence.ts';
import { type Postgres, startPostgres } from '../src/postgres.ts';
import { mediaWorkersOf } from '../src/processes.ts';
import { type Product, startProduct } from '../src/product.ts';
import { createReader, missed, type Reader } from '../src/reader.ts';
import { listenTo, picturesAfter, soundAfter } from '../src/streams.ts';
import { errors } from '../../web/client/src/i18n/zh-CN/errors.ts';

const { live } = words;
const host = '王建国';
const learner = '张三';
const patient = { timeout: 60_000 };

let postgres: Postgres;
let product: Product;
let teacher: Browser;
let pupil: Browser;
let reader: Reader;
let classId: string;

beforeAll(async () => {
  postgres = await startPostgres();
  product = await startProduct({ DATABASE_URL: postgres.url });
  [teacher, pupil] = await Promise.all([openBrowser(desktop), openBrowser(desktop)]);
  await Promise.all([listenTo(teacher.context), listenTo(pupil.context)]);
  await logIn(teacher.page, product.url, 'teacher');
  await logIn(pupil.page, product.url, 'learner1');
  reader = await createReader(product.url, 'supervisor', demoPassword);
});
afterAll(async () => {
  await Promise.all([teacher?.close(), pupil?.close()]);
  await product?.stop();
  await postgres?.stop();
});
beforeEach(({ task }) =>
  keepEvidence(`faults ${task.name.slice(0, 24)}`, {
    pages: () => ({ teacher: teacher.page, pupil: pupil.page }),
    output: () => product.output(),
  }),
);

const counts = () => expect.poll(async () => (await chipOf(pupil.page)).counting, patient).toBe(true);
const bothSee = () =>
  Promise.all([
    picturesAfter(pupil.page, host),
    picturesAfter(teacher.page, learner),
    soundAfter(pupil.page),
    soundAfter(teacher.page),
  ]);

describe('in a running class', () => {
  test('teacher and learner are on stage and see each other', async () => {
    classId = await openConsole(teacher.page);
    await enterClass(pupil.page);
    await startClass(teacher.page);
    await sees(pupil.page, host);
    // On stage as well, so that both directions are tried.
    await raiseHand(pupil.page);
    await inviteToStage(teacher.page, learner);
    await goOnStage(pupil.page);
    await bothSee();
  });

  test('[AT4] a media worker that dies takes no picture for good and no presence at all', async () => {
    const workers = await mediaWorkersOf(product.pid());
    expect(workers.length).toBeGreaterThan(0);
    for (const worker of workers) {
      process.kill(worker, 'SIGKILL');
      await expect.poll(() => mediaWorkersOf(product.pid()), patient).not.toContain(worker);
      await bothSee();
    }
    await counts();
    expect(missed(await reader.row(classId, learner))).toEqual([]);
  });

  test('[AT4] the database crashes: what was acknowledged stays, a refusal comes in words, all goes on', async () => {
    await say(pupil.page, '数据库中断之前');
    const before = await chipOf(pupil.page);
    await postgres.crash();
    const field = pupil.page.getByRole('textbox', { name: live.chatField });
    await field.fill('数据库中断之中');
    await pupil.page.getByRole('button', { name: live.send, exact: true }).click();
    await pupil.page.getByText(errors.unavailable.what).first().waitFor(patient);
    await teacher.page.getByText(live.troubles.database.what).waitFor(patient);
    await bothSee();
    await postgres.start();
    await teacher.page.getByText(live.troubles.database.what).waitFor({ state: 'detached', ...patient });
    // What could not be sent is still written there, and goes now.
    expect(await field.inputValue()).toBe('数据库中断之中');
    await pupil.page.getByRole('button', { name: live.send, exact: true }).click();
    await reads(teacher.page, '数据库中断之中');
    await teacher.page.reload();
    await reads(teacher.page, '数据库中断之前');
    await reads(teacher.page, '数据库中断之中');
    await bothSee();
    await counts();
    expect((await chipOf(pupil.page)).countedMs).toBeGreaterThanOrEqual(before.countedMs);
    expect(missed(await reader.row(classId, learner))).toEqual([]);
  });

  test('[AT4] the whole product is killed and started again: all are back by themselves, the gap is bridged', async () => {
    await say(pupil.page, '重启之前');
    const before = await chipOf(pupil.page);
    await product.kill();
    // Longer than what two proofs may be apart: only the record of our outage can excuse it.
    await pupil.page
      .getByTestId('reconnecting')
      .filter({ hasText: live.reconnecting('00:36') })
      .waitFor(patient);
    await product.restart();
    await pupil.page.getByTestId('reconnecting').waitFor({ state: 'detached', ...patient });
    await teacher.page.getByTestId('reconnecting').waitFor({ state: 'detached', ...patient });
    await bothSee();
    await counts();
    expect((await chipOf(pupil.page)).countedMs).toBeGreaterThanOrEqual(before.countedMs);
    await reads(pupil.page, '数据库中断之前');
    await reads(pupil.page, '重启之前');
    await say(teacher.page, '重启之后');
    await reads(pupil.page, '重启之后');
    await expect
      .poll(async () => (await reader.row(classId, learner)).timeline.map(({ reason }) => reason), patient)
      .toContain('service-outage');
    expect(missed(await reader.row(classId, learner))).toEqual([]);
  });

  test('[AT3] a second tab takes the class over; the first says so and can take it back', async () => {
    const first = pupil.page;
    const second = await pupil.context.newPage();
    await second.goto(first.url());
    await picturesAfter(second, host);
    await first.getByText(errors['replaced-in-class'].what).waitFor(patient);
    await first.bringToFront();
    await first.getByRole('button', { name: live.continueHere }).click();
    await picturesAfter(first, host);
    await second.getByText(errors['replaced-in-class'].what).waitFor(patient);
    await second.close();
    await counts();
    await say(first, '又回到第一个窗口');
    expect(missed(await reader.row(classId, learner)).filter(({ to, from }) => to - from > 30_000)).toEqual(
      [],
    );
  });

  test('[B6] a login elsewhere ends this one at once, and says why', async () => {
    const [here, elsewhere] = await Promise.all([openBrowser(desktop), openBrowser(desktop)]);
    try {
      await logIn(here.page, product.url, 'learner2');
      await enterClass(here.page);
      await sees(here.page, host);
      await logIn(elsewhere.page, product.url, 'learner2');
      await here.page.getByText(errors['session-replaced'].what).waitFor({ timeout: 5_000 });
      // Nothing of the class is left on it, and nothing of it works any more.
      await expect.poll(() => here.page.locator('video').count()).toBe(0);
      await here.page.goto(product.url);
      await here.page.waitForURL(/\/login/, patient);
    } finally {
      await Promise.all([here.close(), elsewhere.close()]);
    }
  });

  test('a tab closed in the middle of entering leaves nobody online behind', async () => {
    const visitor = await openBrowser(desktop);
    const address = teacher.page.url();
    const state = async () => (await reader.row(classId, '王小明')).state;
    try {
      await logIn(visitor.page, product.url, 'learner3');
      for (const moment of ['ticket', 'socket', 'join', 'snapshot'] as const) {
        const page = await visitor.context.newPage();
        const reached = new Promise<void>((resolve) => {
          page.on('response', (response) => {
            if (moment === 'ticket' && response.url().endsWith('/ticket')) resolve();
          });
          page.on('websocket', (socket) => {
            if (moment === 'socket') resolve();
            socket.on('framesent', ({ payload }) => {
              if (moment === 'join' && payload.toString().includes('"join"')) resolve();
            });
            socket.on('framereceived', ({ payload }) => {
              if (moment === 'snapshot' && payload.toString().includes('snapshot')) resolve();
            });
          });
        });
        await page.goto(address, { waitUntil: 'commit' });
        await reached;
        await page.close();
      }
      // Whoever does get in is seen to come and to go: the record is fresh enough to tell.
      const page = await visitor.context.newPage();
      await page.goto(address);
      await page.getByTestId('counted-chip').waitFor(patient);
      await expect.poll(state, patient).toBe('present');
      await page.close();
      await expect.poll(state, patient).toBe('offline');
      await teacher.page.getByText(live.online('1/10')).first().waitFor(patient);
    } finally {
      await visitor.close();
    }
  });

  test('[AT3, AT4, AT5] after all that the learner has the whole class, counted once', async () => {
    await endClass(teacher.page);
    await expect
      .poll(async () => (await reader.row(classId, learner)).rate ?? 0, patient)
      .toBeGreaterThan(0.98);
    const { presentMs, liveMs } = await reader.row(classId, learner);
    expect(presentMs).toBeLessThanOrEqual(liveMs);
    expect([...teacher.errors, ...pupil.errors]).toEqual([]);
  });
});
