/** What breaks in a running class, and that the class goes on: media workers, the database, the whole product. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Browser, desktop, openBrowser } from '../src/chromium.ts';
import {
  chipOf,
  demoPassword,
  endClass,
  enterClass,
  goOnStage,
  hears,
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
import { picturesAfter } from '../src/pictures.ts';
import { type Postgres, startPostgres } from '../src/postgres.ts';
import { mediaWorkersOf } from '../src/processes.ts';
import { type Product, startProduct } from '../src/product.ts';
import { createReader, missed, type Reader } from '../src/reader.ts';
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
  keepEvidence(`faults-${task.name.slice(0, 30)}`, {
    pages: () => ({ teacher: teacher.page, pupil: pupil.page }),
    output: () => product.output(),
  }),
);

const counts = () => expect.poll(async () => (await chipOf(pupil.page)).counting, patient).toBe(true);
const bothSee = () =>
  Promise.all([picturesAfter(pupil.page, host), picturesAfter(teacher.page, learner), hears(pupil.page)]);

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
    await sees(teacher.page, learner);
  });

  test('[AT4] a media worker that dies takes no picture for good and no presence at all', async () => {
    for (const worker of await mediaWorkersOf(product.pid())) {
      process.kill(worker, 'SIGKILL');
      await expect.poll(() => mediaWorkersOf(product.pid()), patient).not.toContain(worker);
      await bothSee();
    }
    await counts();
    expect(missed(await reader.row(classId, learner))).toEqual([]);
  });

  test('the database crashes: what was acknowledged stays, what cannot be stored is refused in words, all goes on', async () => {
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
    await reads(teacher.page, '数据库中断之前');
    await counts();
    expect((await chipOf(pupil.page)).countedMs).toBeGreaterThanOrEqual(before.countedMs);
    await pupil.page.reload();
    await reads(pupil.page, '数据库中断之前');
    await reads(pupil.page, '数据库中断之中');
    expect(missed(await reader.row(classId, learner))).toEqual([]);
  });
});
