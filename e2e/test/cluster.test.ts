/** One class over several processes: pages, media and two signaling nodes, one of which dies in the middle. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { live } from '../../web/client/src/i18n/zh-CN/live.ts';
import type { Cluster, ServiceProcess } from '../../start/cluster/services.ts';
import { type Browser, desktop, openBrowser } from '../src/chromium.ts';
import {
  chipOf,
  demoPassword,
  endClass,
  enterClass,
  logIn,
  openConsole,
  openTab,
  raiseHand,
  reads,
  say,
  startClass,
} from '../src/class-day.ts';
import { type RunningCluster, startWholeCluster } from '../src/cluster.ts';
import { keepEvidence } from '../src/evidence.ts';
import { createReader, missed, type Reader } from '../src/reader.ts';
import { listenTo, picturesAfter, soundAfter } from '../src/streams.ts';

const host = '王建国';
const learner = '张三';
const patient = { timeout: 60_000 };

let running: RunningCluster;
let cluster: Cluster;
let teacher: Browser;
let pupil: Browser;
let reader: Reader;
let classId: string;

beforeAll(async () => {
  running = await startWholeCluster({ signalingNodes: 2 });
  cluster = running.cluster;
  [teacher, pupil] = await Promise.all([openBrowser(desktop), openBrowser(desktop)]);
  await Promise.all([listenTo(teacher.context), listenTo(pupil.context)]);
  await logIn(teacher.page, cluster.url, 'teacher');
  await logIn(pupil.page, cluster.url, 'learner1');
  reader = await createReader(cluster.url, 'supervisor', demoPassword);
});
afterAll(async () => {
  await Promise.all([teacher?.close(), pupil?.close()]);
  await running?.stop();
});
beforeEach(({ task }) =>
  keepEvidence(`cluster ${task.name.slice(0, 24)}`, {
    pages: () => ({ teacher: teacher.page, pupil: pupil.page }),
    output: () => running.output(),
  }),
);

function node(place: number): ServiceProcess {
  const found = cluster.signaling[place];
  if (!found) throw new Error(`no signaling node ${place}`);
  return found;
}

/** The lines of the chat as this page shows them. */
async function chatOf(browser: Browser): Promise<string[]> {
  await openTab(browser.page, live.chat);
  const lines = browser.page
    .getByRole('log', { name: live.chat })
    .getByRole('listitem')
    .locator('p:last-of-type');
  return lines.allInnerTexts();
}

test('two people on different nodes share a class: picture, sound, hands, and one order of words', async () => {
  classId = await openConsole(teacher.page);
  await teacher.page.getByRole('button', { name: live.start, exact: true }).waitFor(patient);
  await enterClass(pupil.page);
  await pupil.page.getByText(live.waitingIn).waitFor(patient);
  expect(cluster.front.connections()).toEqual([1, 1]);
  await startClass(teacher.page);
  await picturesAfter(pupil.page, host);
  await soundAfter(pupil.page);

  await Promise.all([
    (async () => {
      for (const n of [1, 2, 3]) await say(teacher.page, `老师第 ${n} 句`);
    })(),
    (async () => {
      for (const n of [1, 2, 3]) await say(pupil.page, `学员第 ${n} 句`);
    })(),
  ]);
  await expect.poll(async () => (await chatOf(teacher)).length, patient).toBe(6);
  await expect.poll(() => chatOf(pupil), patient).toEqual(await chatOf(teacher));

  await raiseHand(pupil.page);
  await openTab(teacher.page, live.queue);
  await teacher.page.getByRole('button', { name: live.lowerHandOf(learner) }).click();
  await pupil.page.getByRole('button', { name: live.raiseHand, exact: true }).waitFor(patient);
});

test('[AT4, AT9] the learner’s node dies: the learner is on the other by itself, and no attendance is lost', async () => {
  const before = await chipOf(pupil.page);
  // The instructor came first, so the learner is on the node that the front chose second.
  await node(1).kill();
  await expect.poll(() => cluster.front.connections(), patient).toEqual([2, 0]);
  await pupil.page.getByTestId('reconnecting').waitFor({ state: 'detached', ...patient });
  await picturesAfter(pupil.page, host);
  await expect.poll(async () => (await chipOf(pupil.page)).counting, patient).toBe(true);
  expect((await chipOf(pupil.page)).countedMs).toBeGreaterThanOrEqual(before.countedMs);
  await say(pupil.page, '换了一台服务器');
  await reads(teacher.page, '换了一台服务器');
  expect(missed(await reader.row(classId, learner))).toEqual([]);
});

test('the node that holds the class dies: the other takes it over, and the instructor’s picture comes back', async () => {
  await node(1).start();
  await node(0).kill();
  await expect.poll(() => cluster.front.connections(), patient).toEqual([0, 2]);
  await teacher.page.getByTestId('reconnecting').waitFor({ state: 'detached', ...patient });
  await pupil.page.getByTestId('reconnecting').waitFor({ state: 'detached', ...patient });
  await picturesAfter(pupil.page, host);
  await soundAfter(pupil.page);
  await say(teacher.page, '继续上课');
  await reads(pupil.page, '继续上课');
  await reads(pupil.page, '学员第 1 句');
  await endClass(teacher.page);
  await expect
    .poll(async () => (await reader.row(classId, learner)).rate ?? 0, patient)
    .toBeGreaterThan(0.98);
  expect(missed(await reader.row(classId, learner))).toEqual([]);
  expect([...teacher.errors, ...pupil.errors]).toEqual([]);
});
