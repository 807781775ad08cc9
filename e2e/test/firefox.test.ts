/** [A7] A class across browsers: a learner with Firefox, the instructor and another learner with Chromium. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Browser, desktop, openBrowser } from '../src/chromium.ts';
import {
  askPreparedQuiz,
  closeQuiz,
  demoPassword,
  enterClass,
  inviteToStage,
  logIn,
  openConsole,
  reads,
  say,
  startClass,
  words,
} from '../src/class-day.ts';
import { keepEvidence } from '../src/evidence.ts';
import { cameraOf, type Firefox, lanAddress, logInWithFirefox, openFirefox } from '../src/firefox.ts';
import { type Product, startProduct } from '../src/product.ts';
import { listenTo, picturesAfter, soundAfter } from '../src/streams.ts';

const { live, learn } = words;
const host = '王建国';
const learner = '张三';
/** The right option of the first prepared question, by its letter. */
const right = 'B';

let product: Product;
let teacher: Browser;
let other: Browser;
let firefox: Firefox;

beforeAll(async () => {
  product = await startProduct({ SFU_LISTEN_IP: lanAddress() });
  [teacher, other, firefox] = await Promise.all([openBrowser(desktop), openBrowser(desktop), openFirefox()]);
  await Promise.all([listenTo(teacher.context), listenTo(other.context)]);
});
afterAll(async () => {
  await Promise.all([teacher?.close(), other?.close(), firefox?.close()]);
  await product?.stop();
});
beforeEach(({ task }) =>
  keepEvidence(`firefox ${task.name.slice(0, 24)}`, {
    pages: () => ({ teacher: teacher.page, other: other.page, firefox: firefox.page }),
    output: () => product.output(),
  }),
);

test('[A7] a learner with Firefox enters the class and sees and hears the instructor', async () => {
  await logIn(teacher.page, product.url, 'teacher');
  await logIn(other.page, product.url, 'learner2');
  await logInWithFirefox(firefox, product.url, 'learner1', demoPassword);
  await openConsole(teacher.page);
  await enterClass(other.page);
  await startClass(teacher.page);
  await firefox.press(learn.today.join);
  await firefox.sees(cameraOf(host));
  await firefox.hears();
});

test('[A7] chats both ways and answers a quiz', async () => {
  await firefox.fill(live.chatField, '火狐里听得很清楚');
  await firefox.press(live.send);
  await reads(teacher.page, '火狐里听得很清楚');
  await say(teacher.page, '收到，谢谢');
  await firefox.reads('收到，谢谢');

  await askPreparedQuiz(teacher.page);
  await firefox.reads(live.submitAnswer);
  await firefox.press(right);
  await firefox.press(live.submitAnswer);
  await firefox.reads(live.answerWait);
  await closeQuiz(teacher.page);
  await firefox.reads(live.answeredRight);
});

test('[A7] on stage, others see and hear a learner who publishes with Firefox', async () => {
  await firefox.press(live.raiseHand);
  await inviteToStage(teacher.page, learner);
  await firefox.reads(live.invitedTitle(host));
  await firefox.press(live.goWithCamera);
  await firefox.sees('[role=dialog] video');
  await firefox.press(live.goOnStage);
  await picturesAfter(other.page, learner);
  await picturesAfter(teacher.page, learner);
  await soundAfter(teacher.page);
  await firefox.sees(cameraOf(host));
  expect([...firefox.errors, ...teacher.errors, ...other.errors]).toEqual([]);
});
