/**
 * A whole class with real browsers, from the first login to the exported sheet: an instructor, two learners on desktops
 * of whom one loses its network, one learner on a phone, and a supervisor. Everything a person is shown is compared
 * with attendance told a second time from the stored facts.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbedded } from '@keshi/db/embedded';
import { silent } from '@keshi/db/testing/database';
import { startRedis } from '@keshi/runtime/testing/redis';
import readXlsx from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presentMs, readFacts, type Facts } from '../src/attendance-oracle.ts';
import { chromiumPath, desktop, openBrowser, phone, type Browser } from '../src/chromium.ts';
import * as day from '../src/class-day.ts';
import { createNetworkHost, type NetworkHost } from '../src/network-host.ts';
import { startPostgres } from '../src/postgres.ts';
import { startProduct, type Product } from '../src/product.ts';

const { live, supervise } = day.words;
const teacherName = '王建国';
const learners = { one: '张三', two: '李秀英', three: '王小明' };
const heartbeatMs = 10_000;
/** Longer than two proofs may lie apart [AT2], so that the absence is one. */
const cutMs = 36_000;
const patient = { timeout: 30_000 };

interface Surroundings {
  env: Record<string, string>;
  databaseUrl: (product: Product) => Promise<string>;
  close: () => Promise<void>;
}

const onItsOwn = async (): Promise<Surroundings> => ({
  env: {},
  async databaseUrl(product) {
    const server = await startEmbedded({ dir: join(product.dataDir, 'postgres'), log: silent });
    return server.url;
  },
  close: () => Promise.resolve(),
});

async function withServers(): Promise<Surroundings> {
  const redis = await startRedis();
  const postgres = await startPostgres();
  return {
    env: { REDIS_URL: redis.url, DATABASE_URL: postgres.url },
    databaseUrl: () => Promise.resolve(postgres.url),
    async close() {
      await redis.stop();
      await postgres.stop();
    },
  };
}

describe.each([
  { title: 'with the embedded database and shared state in memory', surround: onItsOwn, host: 1 },
  { title: 'with an outside PostgreSQL and Redis', surround: withServers, host: 2 },
])('a whole class, $title', ({ surround, host: hostNumber }) => {
  let surroundings: Surroundings;
  let host: NetworkHost;
  let product: Product;
  let url: string;
  let teacher: Browser;
  let one: Browser;
  let two: Browser;
  let three: Browser;
  let watcher: Browser;
  let classId: string;
  let facts: Facts;
  const ids = new Map<string, string>();
  let cutAt = 0;
  let backAt = 0;

  beforeAll(async () => {
    surroundings = await surround();
    host = await createNetworkHost(hostNumber);
    product = await startProduct({
      ...surroundings.env,
      HOST: '0.0.0.0',
      SFU_LISTEN_IP: '0.0.0.0',
      SFU_ANNOUNCED_ADDRESS: host.gateway,
    });
    url = `http://${host.gateway}:${product.port}`;
    const open = { secureOrigin: url };
    teacher = await openBrowser(desktop, open);
    one = await openBrowser(desktop, open);
    two = await openBrowser(phone, open);
    three = await openBrowser(desktop, { ...open, executablePath: await host.wrap(chromiumPath) });
    watcher = await openBrowser(desktop, open);
  });
  afterAll(async () => {
    for (const browser of [teacher, one, two, three, watcher]) await browser?.close();
    await product?.stop();
    await host?.close();
    await surroundings?.close();
  });

  it('lets everybody in with one click, and shows learners that waiting costs nothing', async () => {
    await Promise.all([
      day.logIn(teacher.page, url, 'teacher'),
      day.logIn(one.page, url, 'learner1'),
      day.logIn(two.page, url, 'learner2'),
      day.logIn(three.page, url, 'learner3'),
      day.logIn(watcher.page, url, 'supervisor'),
    ]);
    classId = await day.openConsole(teacher.page);
    expect(await day.enterClass(one.page)).toBe(classId);
    await Promise.all([day.enterClass(two.page), day.enterClass(three.page)]);
    await one.page.getByText(live.waitingIn).waitFor(patient);
  });

  it('brings picture and sound to every learner, and the chip counts', async () => {
    await day.startClass(teacher.page);
    for (const learner of [one, two, three]) {
      await day.sees(learner.page, teacherName);
      await day.hears(learner.page);
      await expect.poll(async () => (await day.chipOf(learner.page)).counting, patient).toBe(true);
    }
  });

  it('carries chat to everybody in one order', async () => {
    await day.say(one.page, '老师好，听得清楚');
    await day.say(two.page, '我也听得清楚');
    for (const person of [teacher, one, two, three]) {
      await day.reads(person.page, '老师好，听得清楚');
      await day.reads(person.page, '我也听得清楚');
      const texts = await person.page.getByRole('listitem').allInnerTexts();
      const places = ['老师好，听得清楚', '我也听得清楚'].map((text) =>
        texts.findIndex((line) => line.includes(text)),
      );
      expect(places).toEqual([...places].sort((a, b) => a - b));
    }
  });

  it('stops a forbidden text before anybody sees it, and tells the instructor (C8)', async () => {
    await day.openTab(one.page, live.chat);
    await one.page.getByRole('textbox', { name: live.chatField }).fill('专业代 考，包 过');
    await one.page.getByRole('button', { name: live.send, exact: true }).click();
    await one.page.getByRole('alert').first().waitFor(patient);
    await day.openTab(teacher.page, live.queue);
    await teacher.page.getByText(live.alertTitle(learners.one, live.surfaces.chat)).first().waitFor(patient);
    expect(await two.page.getByText('专业代').count()).toBe(0);
  });

  it('takes a question with an up-vote to a written answer', async () => {
    const question = '零线断了会怎么样？';
    await day.askQuestion(two.page, question);
    await day.wantsToo(one.page, question);
    await day.openTab(teacher.page, live.queue);
    await teacher.page.getByText(live.alsoWant('1')).waitFor(patient);
    await day.answerInWriting(teacher.page, question, '设备外壳可能带电，要先断开总闸。');
    await two.page.getByText('设备外壳可能带电，要先断开总闸。').waitFor(patient);
  });

  it('brings a raised hand on stage and off again, seen by the others', async () => {
    await day.raiseHand(one.page);
    await day.inviteToStage(teacher.page, learners.one);
    await day.goOnStage(one.page);
    await day.sees(two.page, learners.one);
    await day.sees(teacher.page, learners.one);
    await day.takeOffStage(teacher.page, learners.one);
    await expect
      .poll(() => two.page.locator(`video[aria-label="${live.cameraOf(learners.one)}"]`).count(), patient)
      .toBe(0);
  });

  it('asks a quiz, counts the answers at once, and shows the result to all', async () => {
    await day.askPreparedQuiz(teacher.page);
    await Promise.all([
      day.answerQuiz(one.page, [0]),
      day.answerQuiz(two.page, [1]),
      day.answerQuiz(three.page, [0]),
    ]);
    await teacher.page
      .getByRole('region', { name: live.quizOpen })
      .getByText(/^3\/\d+$/)
      .first()
      .waitFor(patient);
    await day.closeQuiz(teacher.page);
    for (const learner of [one, two, three])
      await learner.page
        .getByText(new RegExp(`${live.answeredRight}|正确答案是`))
        .first()
        .waitFor(patient);
  });

  it('shows the supervisor who is here while it runs', async () => {
    await watcher.page.goto(`${url}/supervise/${classId}`);
    await watcher.page.getByText('/10 人').first().waitFor(patient);
    await expect
      .poll(
        () =>
          watcher.page
            .getByRole('row', { name: /到课率/ })
            .filter({ hasText: supervise.board.present })
            .count(),
        patient,
      )
      .toBe(3);
  });

  it('[AT2] brings a learner whose network was cut back by itself, and everybody knows', async () => {
    await host.cut();
    cutAt = Date.now();
    await three.page.getByTestId('reconnecting').waitFor({ timeout: 60_000 });
    await expect
      .poll(
        () =>
          watcher.page
            .getByRole('row', { name: /到课率/ })
            .filter({ hasText: supervise.board.present })
            .count(),
        {
          timeout: 60_000,
        },
      )
      .toBe(2);
    await expect.poll(() => Date.now() - cutAt, { timeout: 2 * cutMs, interval: 500 }).toBeGreaterThan(cutMs);
    await host.heal();
    await three.page.getByTestId('reconnecting').waitFor({ state: 'detached', timeout: 60_000 });
    await day.sees(three.page, teacherName);
    await expect.poll(async () => (await day.chipOf(three.page)).counting, patient).toBe(true);
    backAt = Date.now();
    await day.reads(three.page, '我也听得清楚');
    await day.say(three.page, '我回来了');
    await day.reads(two.page, '我回来了');
  });

  it('ends for everybody, and each learner reads what was counted', async () => {
    await day.endClass(teacher.page);
    for (const learner of [one, two, three]) await learner.page.getByText(live.endedTitle).waitFor(patient);
    const databaseUrl = await surroundings.databaseUrl(product);
    await expect
      .poll(async () => {
        facts = await readFacts(databaseUrl, classId);
        return [...facts.intervals.values()].flat().filter(({ cause }) => cause === 'open').length;
      }, patient)
      .toBe(0);
    expect(facts.live).toHaveLength(1);
    expect(facts.intervals.size).toBe(3);
  });

  it('[AT2–AT6] shows the supervisor the figures that follow from the facts, to the second', async () => {
    await watcher.page.goto(`${url}/supervise/${classId}`);
    await watcher.page.getByText(supervise.board.results.reached).first().waitFor(patient);
    await unmask(watcher);
    for (const [login, name] of Object.entries(learners)) {
      const row = watcher.page.getByRole('row', { name: new RegExp(`^${name}，`) });
      const text = await row.innerText(patient);
      const shown = day.clockMs(/(\d+(?::\d\d)+)/.exec(text.slice(text.indexOf('%')))?.[1] ?? '');
      ids.set(name, await learnerId(name));
      const { present } = presentMs(facts, ids.get(name) ?? login);
      expect(shown, name).toBe(Math.floor(present / 1000) * 1000);
    }
    expect(facts.outages).toBe(0);
    const never = watcher.page.getByRole('row').filter({ hasText: supervise.board.results.absent });
    expect(await never.count()).toBe(7);
  });

  it('[AT2] records the cut network as an absence no longer than it was, up to one heartbeat', () => {
    const rows = facts.intervals.get(ids.get(learners.three) ?? '') ?? [];
    const gaps = rows.slice(1).map((row, index) => ({ from: rows[index]?.to ?? 0, to: row.from }));
    const absence = gaps.find(({ to }) => to > cutAt);
    expect(absence).toBeDefined();
    expect(absence?.from).toBeLessThanOrEqual(cutAt + 1000);
    expect(absence?.from).toBeGreaterThan(cutAt - heartbeatMs - 2000);
    expect(absence?.to).toBeGreaterThan(cutAt + cutMs);
    expect(absence?.to).toBeLessThanOrEqual(backAt);
  });

  it('exports the same figures as CSV and as XLSX', async () => {
    const csv = (await download('csv')).toString('utf8');
    expect(csv.charCodeAt(0)).toBe(0xfeff);
    const lines = csv
      .slice(1)
      .trim()
      .split('\r\n')
      .map((line) => line.split(','));
    const [head, ...rows] = lines;
    const at = (title: string) => head?.indexOf(title) ?? -1;
    const [sheet] = await readXlsx(await download('xlsx'));
    const table = sheet?.data ?? [];
    const top = table.findIndex((cells) => cells[1] === '姓名');
    const column = (title: string) => table[top]?.indexOf(title) ?? -1;
    for (const name of Object.values(learners)) {
      const row = rows.find((cells) => cells[at('姓名')] === name);
      const { present } = presentMs(facts, ids.get(name) ?? '');
      const seconds = Math.floor(present / 1000);
      const two = (n: number) => String(n).padStart(2, '0');
      const text = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
      expect(row?.[at('出勤时长')], name).toBe(text);
      const cells = table.find((line) => line[column('姓名')] === name);
      // A duration in a spreadsheet is a moment after its day zero.
      const duration = cells?.[column('出勤时长')];
      if (!(duration instanceof Date)) throw new Error('not formatted as a duration');
      expect(Math.floor((duration.getTime() - Date.UTC(1899, 11, 30)) / 1000), name).toBe(seconds);
    }
    expect(rows).toHaveLength(10);
  });

  it('shows the same after a restart', async () => {
    const before = await report();
    await product.kill();
    await product.restart();
    await watcher.page.reload();
    expect(await report()).toEqual(before);
  });

  it('left no page with an error', () => {
    for (const browser of [teacher, one, two, three, watcher]) expect(browser.errors).toEqual([]);
  });

  async function unmask(browser: Browser) {
    await browser.page.getByRole('button', { name: supervise.board.unmask, exact: true }).click();
    const dialog = browser.page.getByRole('dialog');
    await dialog.getByLabel(supervise.drawer.reason).fill('核对签字表');
    await dialog.getByRole('button', { name: supervise.board.unmaskConfirm }).click();
    await browser.page.getByRole('button', { name: supervise.board.maskAgain }).waitFor(patient);
  }

  async function download(format: 'csv' | 'xlsx'): Promise<Buffer> {
    await watcher.page.getByRole('button', { name: supervise.board.export, exact: true }).click();
    const arriving = watcher.page.waitForEvent('download', patient);
    await watcher.page.getByRole('menuitem', { name: supervise.board[format] }).click();
    return readFile(await (await arriving).path());
  }

  /** Asked as the page asks, with the page's own session. */
  async function report(): Promise<{ rows: { userId: string; name: string; presentMs: number }[] }> {
    return watcher.page.evaluate(async (id) => {
      const refreshed = await fetch('/api/auth/refresh', { method: 'POST' });
      const { accessToken } = (await refreshed.json()) as { accessToken: string };
      const answer = await fetch(`/api/classes/${id}/report?unmask=true&reason=comparison`, {
        headers: { authorization: `Bearer ${accessToken}` },
      });
      const body = (await answer.json()) as { rows: { userId: string; name: string; presentMs: number }[] };
      return { rows: body.rows };
    }, classId);
  }

  async function learnerId(name: string): Promise<string> {
    const { rows } = await report();
    const row = rows.find((candidate) => candidate.name === name);
    if (!row) throw new Error(`${name} is not in the report`);
    return row.userId;
  }
});
