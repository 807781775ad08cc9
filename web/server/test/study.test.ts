import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';
import { addLesson, minute, openPlayer, second } from './study-world.ts';

let web: RunningWeb;
beforeAll(async () => {
  web = await runWeb();
});
afterAll(() => web.close());

describe('a lesson over HTTP', () => {
  it('[WL1, WL3] is credited as it is watched, and complete at its end', async () => {
    const player = await openPlayer(web, 'learner', await addLesson(web, { lengthMs: 2 * minute }));
    const started = await player.start();
    expect(started).toMatchObject({ reportMs: 10 * second, standing: { countedMs: 0, complete: false } });
    const first = await player.watch(10 * second);
    expect(first.countedMs).toBe(10 * second);
    const done = await player.study();
    expect(done).toMatchObject({ complete: true, reason: 'complete', coverage: [[0, done.countedMs]] });
    expect(done.countedMs).toBeGreaterThanOrEqual(2 * minute - 2 * second);
    const lesson = await player.lesson();
    expect(lesson.standing).toMatchObject({ complete: true, countedMs: done.countedMs });
    expect(lesson.lessons).toHaveLength(1);
  });

  it('[WL1] what is claimed beyond the time that passed is not credited', async () => {
    const player = await openPlayer(web, 'learner', await addLesson(web));
    await player.start();
    web.pass(10 * second);
    const { body } = await player.report({ spans: [[0, 99_999]] });
    expect(body.countedMs).toBeLessThanOrEqual(11 * second);
    expect(body.reason).toBe('too-fast');
  });
});

it('is for who takes its course, and for nobody who only knows its address', async () => {
  const lessonId = await addLesson(web);
  const token = await tokenOf(web, 'stranger');
  expect((await call(web, 'studyLesson', { token, params: { lessonId } })).status).toBe(404);
  expect((await call(web, 'startStudy', { token, params: { lessonId } })).status).toBe(404);
  const staff = await tokenOf(web, 'staff');
  const seen = await call(web, 'studyLesson', { token: staff, params: { lessonId } });
  expect(seen.body.earns).toBe(false);
  expect((await call(web, 'startStudy', { token: staff, params: { lessonId } })).status).toBe(404);
});
