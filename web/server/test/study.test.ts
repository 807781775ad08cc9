import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '@keshi/db/ids';
import { savePackageState } from '@keshi/db/package-states';
import { restoreCourseHours, reverseCourseHours } from '../src/ledger/course-hours.ts';
import { openPaper, save, seedBank, seedExam } from './exam-steps.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';
import { addItem, addLesson, addPackage, minute, openPlayer, second } from './study-world.ts';

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

describe('[WL9] a lesson without a time line', () => {
  const declared = { lengthMs: null, declaredMs: 10 * minute, minimumMs: 20 * second };
  const claim = async (lessonId: string, login: string) => {
    const player = await openPlayer(web, login, lessonId);
    await player.start();
    for (let n = 0; n < 6; n++) {
      if (player.standing.challenge) await player.pass();
      await player.watch(5 * second);
    }
    if (player.standing.challenge) await player.pass();
    return player.report({ spans: [], done: true });
  };

  it('is complete by its package’s own word, not by the page’s', async () => {
    const lessonId = await addLesson(web, { kind: 'scorm', completion: 'package', ...declared });
    await addPackage(web, lessonId, ['one', 'two']);
    const state = {
      lessonId,
      userId: web.world.idOf('learner'),
      cmi: {},
      status: 'completed',
      complete: true,
    };
    expect((await claim(lessonId, 'learner')).body.complete).toBe(false);
    await savePackageState(web.db, { ...state, part: 'one', now: web.clock() });
    expect((await claim(lessonId, 'learner')).body.complete).toBe(false);
    await savePackageState(web.db, { ...state, part: 'two', now: web.clock() });
    expect((await claim(lessonId, 'learner')).body.complete).toBe(true);
  });

  it('is complete by a self-test that was passed', async () => {
    const lessonId = await addLesson(web, { kind: 'text', completion: 'self-test', ...declared });
    const items = await seedBank(web);
    const window = { opensAt: null, closesAt: null };
    await seedExam(web, items.slice(2, 3), { kind: 'self-test', lessonId, ...window });
    const token = await tokenOf(web, 'second');
    const lesson = await call(web, 'studyLesson', { token, params: { lessonId } });
    const selfTestId = lesson.body.selfTestId ?? '';
    expect((await claim(lessonId, 'second')).body.complete).toBe(false);
    const own = await tokenOf(web, 'second');
    const paper = await openPaper(web, own, selfTestId);
    await save(web, own, paper, { 0: { kind: 'true-false', value: false } });
    await call(web, 'submitAttempt', { token: own, params: { id: paper.id }, body: { lease: paper.lease } });
    expect((await claim(lessonId, 'second')).body.complete).toBe(true);
  });
});

describe('[WL4] one place at a time', () => {
  it('an exam that is opened ends what was earned elsewhere', async () => {
    const player = await openPlayer(web, 'learner', await addLesson(web));
    await player.start();
    await player.watch(10 * second);
    const exam = await seedExam(web, await seedBank(web));
    await openPaper(web, player.token, exam);
    web.pass(10 * second);
    const { body } = await player.report({ spans: [[10 * second, 20 * second]] });
    expect(body).toMatchObject({ countedMs: 10 * second, reason: 'no-lease', counting: false });
  });

  it('a lesson that is begun ends the other at once', async () => {
    const first = await addLesson(web);
    const one = await openPlayer(web, 'learner', first);
    const other = await openPlayer(web, 'learner', await addLesson(web), one.token);
    await one.start();
    await one.watch(10 * second);
    expect((await other.start()).ended).toBe('lesson');
    web.pass(10 * second);
    const { body } = await one.report({ spans: [[10 * second, 20 * second]] });
    expect(body).toMatchObject({ countedMs: 10 * second, reason: 'no-lease', counting: false });
    expect((await other.watch(5 * second)).countedMs).toBe(5 * second);
    // Going on here ends the other, and goes on where it was.
    await one.start();
    expect((await one.watch(10 * second)).countedMs).toBe(20 * second);
  });

  it('[WL7] the day’s cap is over all lessons', async () => {
    const course = await web.db.prisma.course.findUniqueOrThrow({ where: { id: web.world.course.id } });
    await web.db.prisma.course.update({
      where: { id: course.id },
      data: { policy: { studyDayMs: 90 * second } },
    });
    const lessons = [await addLesson(web), await addLesson(web)];
    await web.db.sql('DELETE FROM "StudySession" WHERE "userId" = $1', [web.world.idOf('second')]);
    let counted = 0;
    for (const lessonId of lessons) {
      const player = await openPlayer(web, 'second', lessonId);
      await player.start();
      for (let n = 0; n < 6; n++) {
        if (player.standing.challenge) await player.pass();
        await player.watch(10 * second);
      }
      counted += player.standing.countedMs;
      if (counted >= 90 * second) expect(player.standing.reason).toBe('daily-cap');
    }
    expect(counted).toBe(90 * second);
    await web.db.prisma.course.update({ where: { id: course.id }, data: { policy: {} } });
    // What lessons say of their policy holds for some seconds.
    web.pass(30 * second);
  });
});

describe('two nodes', () => {
  it('[WL1] credit what is reported to both once', async () => {
    const node = await web.another();
    const player = await openPlayer(web, 'learner', await addLesson(web));
    await player.start();
    web.pass(20 * second);
    const body = {
      sessionId: player.sessionId,
      spans: [[0, 20 * second]] as [number, number][],
      visible: true,
      position: 0,
    };
    const params = { lessonId: player.lessonId };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        call(n % 2 === 0 ? web : node, 'reportStudy', {
          token: player.token,
          params,
          body: { ...body, seq: n + 1 },
        }),
      ),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect((await player.lesson()).standing.countedMs).toBe(20 * second);
    await node.close();
  });
});

describe('[WL6] a question on the content', () => {
  it('is shown without its answer, and answered rightly costs nothing', async () => {
    const lessonId = await addLesson(web);
    await addItem(web, lessonId);
    const player = await openPlayer(web, 'learner', lessonId);
    await player.start();
    for (let n = 1; !player.standing.challenge; n++) {
      if (n % 20 === 0) await player.renew();
      await player.watch(10 * second);
    }
    await player.renew();
    const { countedMs, challenge } = player.standing;
    expect(challenge).toMatchObject({ kind: 'item', stem: '断电后先做什么？' });
    expect(JSON.stringify(challenge)).not.toContain('correct');
    const right = challenge.kind === 'item' && challenge.options.find(({ text }) => text === '验电');
    const wrong = await player.answer({ kind: 'item', id: challenge.id, choice: 'x' });
    expect(wrong).toMatchObject({ countedMs, challenge: { attempt: 2 } });
    const again = wrong.challenge;
    if (again?.kind !== 'item' || !right) throw new Error('nothing was asked again');
    expect((await player.answer({ kind: 'item', id: again.id, choice: right.key })).challenge).toBeNull();
    expect(player.standing.countedMs).toBe(countedMs);
  });
});

describe('[CH3] a reversal', () => {
  it('makes a lesson earnable anew, and an appeal restores the union', async () => {
    const lessonId = await addLesson(web, { lengthMs: minute });
    const player = await openPlayer(web, 'learner', lessonId);
    await player.start();
    expect((await player.study()).complete).toBe(true);
    const learnerId = web.world.idOf('learner');
    const courseId = web.world.course.id;
    const by = web.world.idOf('staff');
    const deps = { db: web.db, clock: web.clock };
    const decision = { learnerId, courseId, by, text: '核实', address: '' };
    const { seq } = await reverseCourseHours(deps, {
      ...decision,
      evidenceId: newId(),
      ground: 'automation',
    });
    await player.renew();
    expect((await player.lesson()).standing).toMatchObject({ countedMs: 0, complete: false });
    await player.start();
    await player.watch(10 * second);
    await restoreCourseHours(deps, {
      ...decision,
      evidenceId: newId(),
      ground: 'appeal-granted',
      reversal: seq,
    });
    const { standing } = await player.lesson();
    expect(standing.complete).toBe(true);
    expect(standing.countedMs).toBeGreaterThanOrEqual(58 * second);
    expect(standing.countedMs).toBeLessThanOrEqual(minute);
  });
});

it('[E2, E3] sessions, days and sums are what was studied', async () => {
  const token = await tokenOf(web, 'learner');
  const { body } = await call(web, 'studyTrend', { token, params: { userId: 'me' }, query: { by: 'day' } });
  const [row] = await web.db.sql<{ ms: string }>(
    `SELECT sum("countedMs") AS ms FROM "StudyProgress" WHERE "userId" = $1`,
    [web.world.idOf('learner')],
  );
  expect(body.totalMs).toBeGreaterThanOrEqual(Number(row?.ms ?? 0));
  expect(body.sessions).toBeGreaterThan(3);
  expect(body.periods.reduce((sum, { creditedMs }) => sum + creditedMs, 0)).toBe(body.totalMs);
  const progress = await call(web, 'studyOf', { token, params: { userId: 'me' } });
  expect(progress.body.courses[0]?.complete).toBeGreaterThan(0);
});

it('notes stand at their moment, are stored once, and are one’s own', async () => {
  const player = await openPlayer(web, 'learner', await addLesson(web));
  const params = { lessonId: player.lessonId };
  const body = { id: newId(), position: 42 * second, text: '断电、验电、挂牌' };
  for (let n = 0; n < 2; n++) await call(web, 'addNote', { token: player.token, params, body });
  expect((await player.lesson()).notes).toMatchObject([{ id: body.id, position: 42 * second }]);
  const other = await tokenOf(web, 'second');
  const stolen = { token: other, params: { ...params, noteId: body.id } };
  expect((await call(web, 'removeNote', stolen)).status).toBe(404);
});

describe('[WL6] who answers wrongly', () => {
  it('is asked again at once after the first time, and later and later after each further one', async () => {
    const lessonId = await addLesson(web);
    await addItem(web, lessonId);
    const player = await openPlayer(web, 'learner', lessonId);
    await player.start();
    for (let n = 1; !player.standing.challenge; n++) {
      if (n % 20 === 0) await player.renew();
      await player.watch(10 * second);
    }
    await player.renew();
    const answerWrongly = () =>
      player.answer({ kind: 'item', id: player.standing.challenge?.id ?? '', choice: 'x' });
    expect((await answerWrongly()).challenge).toMatchObject({ attempt: 2 });
    const locked = await answerWrongly();
    expect(locked.locked).toBe('challenge-missed');
    expect(locked.askableAt).toBeLessThanOrEqual(locked.at);
    // One attempt from now on, and then a pause.
    expect((await player.answer({ kind: 'again' })).challenge).toMatchObject({ attempt: 2 });
    const paused = await answerWrongly();
    expect(paused.locked).toBe('challenge-missed');
    expect((paused.askableAt ?? 0) - paused.at).toBeGreaterThan(minute - 5 * second);
    web.pass(minute - 5 * second);
    expect(await player.answer({ kind: 'again' })).toMatchObject({ challenge: null });
    web.pass(5 * second);
    expect((await player.answer({ kind: 'again' })).challenge).toMatchObject({ kind: 'item' });
    // In another lesson the same learner is met with the same caution.
    const other = await addLesson(web);
    await addItem(web, other);
    const elsewhere = await openPlayer(web, 'learner', other);
    await elsewhere.start();
    for (let n = 0; n < 31 && !elsewhere.standing.challenge; n++) {
      if (n % 20 === 19) await elsewhere.renew();
      await elsewhere.watch(10 * second);
    }
    expect(elsewhere.standing.challenge).toMatchObject({ kind: 'item', attempt: 2 });
  });

  it('[F1] is asked only what belongs to the course: a question cannot be bound to another one’s lesson', async () => {
    const { course, otherCourse } = web.world;
    const foreign = await addLesson(web, { courseId: otherCourse.id });
    const token = await tokenOf(web, 'teacher');
    const content = { kind: 'true-false' as const, stem: '先验电', correct: true };
    const params = { id: course.id };
    const refused = await call(web, 'createItem', { token, params, body: { lessonId: foreign, content } });
    expect(refused.error).toMatchObject({ code: 'invalid-input', fields: ['body.lessonId'] });
    const own = await addLesson(web);
    const written = await call(web, 'createItem', { token, params, body: { lessonId: own, content } });
    expect(written.body).toMatchObject({ lessonId: own, state: 'draft' });
    const body = { lessonId: foreign, content, version: written.body.version };
    const moved = await call(web, 'updateItem', { token, params: { id: written.body.id }, body });
    expect(moved.error?.fields).toEqual(['body.lessonId']);
  });
});
