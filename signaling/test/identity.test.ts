import { randomUUID } from 'node:crypto';
import { liveLooks, lookMs } from '@keshi/contract/live-looks';
import type { Db } from '@keshi/db/client';
import { hourSignInsOf } from '@keshi/db/hour-sign-ins';
import { intervalsOfPerson } from '@keshi/db/presence';
import { decideRecognition, recognitionsOf } from '@keshi/db/recognitions';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { answer, enrolFace, hint, verdictOf } from './faces.ts';
import { enter, startNode, type Page } from './harness.ts';
import { useClass } from './setup.ts';

/** Short windows, so that a sign-in is asked for at once. */
const stage = useClass({ policy: { signInWindowMs: 60_000 } });
const second = 1_000;

beforeAll(async () => {
  await enrolFace(stage.world.db, stage.learner(0));
  await enrolFace(stage.world.db, stage.learner(1));
});
beforeEach(() => {
  stage.node.clock.stoppedAt = Date.now();
});

function wait(seconds: number): void {
  stage.node.clock.offset += seconds * second;
}
async function started(n = 0): Promise<Page> {
  const host = await stage.enterHost();
  await host.send('class.start', {});
  return stage.enterLearner(n);
}
const given = () => ({ db: stage.world.db, node: stage.node, classId: stage.classId });

describe('a learner whose face is known', () => {
  test('[AT7] is asked for a sign-in, passes, is recorded for the hour, and is asked again at a random time', async () => {
    const page = await started();
    const ask = await page.message('identity.ask');
    expect(ask).toMatchObject({ purpose: 'sign-in', hour: 1, pictures: 1 });
    await answer(given(), stage.learner(), ask, 'match');
    await page.message('identity.standing', ({ state }) => state === 'passed');
    const signIns = await hourSignInsOf(stage.world.db, stage.classId, [stage.learner().id]);
    expect(signIns).toMatchObject([{ hour: 1, method: 'face', countsFrom: null }]);
    // A page beats on: who says nothing for minutes is let go of.
    for (let n = 0; n < 15; n += 1) {
      wait(60);
      await page.beat();
    }
    const check = await page.message('identity.ask', ({ id }) => id !== ask.id);
    // Now and then a turn of the head is asked for, which takes more pictures.
    expect(check).toMatchObject({ purpose: 'check', hour: null, pictures: check.motion ? 5 : 1 });
  });

  test('[PR4] who is not recognised is asked again within 15 s for several pictures, then a person looks', async () => {
    const page = await started();
    const ask = await page.message('identity.ask');
    await answer(given(), stage.learner(), ask, 'mismatch');
    await page.message('identity.standing', ({ state }) => state === 'failed');
    wait(15);
    const again = await page.message('identity.ask', ({ id }) => id !== ask.id);
    expect(again).toMatchObject({ purpose: 'sign-in', hour: 1, pictures: again.motion ? 5 : 3 });
    await answer(given(), stage.learner(), again, 'mismatch');
    await page.message('identity.standing', ({ state }) => state === 'waiting');
    const waiting = await recognitionsOf(stage.world.db, stage.classId);
    expect(waiting).toMatchObject([{ userId: stage.learner().id, cause: 'failed', decision: null }]);
    await page.send('identity.retry', {});
    wait(5);
    await page.send('identity.retry', {});
    const third = await page.message('identity.ask', ({ id }) => id !== ask.id && id !== again.id);
    await answer(given(), stage.learner(), third, 'match');
    await page.message('identity.standing', ({ signedHours }) => signedHours.includes(1));
    expect(await recognitionsOf(stage.world.db, stage.classId)).toEqual([]);
  });

  test('[AT1] a check past its deadline ends presence at the last proof, to the second, and a pass resumes it', async () => {
    const page = await started();
    const ask = await page.message('identity.ask');
    for (let n = 0; n < 5; n += 1) {
      wait(10);
      await page.beat();
    }
    wait(10);
    const overdue = await page.message('identity.standing', ({ overdueSince }) => overdueSince !== null);
    expect(overdue.overdueSince).toBe(ask.deadline);
    await page.beat();
    await page.message('counted', ({ reason }) => reason === 'identity-pending');
    await expect.poll(() => verdictOf(stage.world.db, ask)).toBeNull();
    wait(8);
    await expect.poll(() => verdictOf(stage.world.db, ask), { timeout: 5_000 }).toBe('no-answer');
    wait(32);
    await page.beat();
    await expect
      .poll(() => intervals(), { timeout: 5_000 })
      .toEqual([{ seconds: 50, cause: 'identity-overdue' }]);
    const again = await page.message('identity.ask', ({ id }) => id !== ask.id);
    await answer(given(), stage.learner(), again, 'match');
    await page.message(
      'identity.standing',
      ({ state, overdueSince }) => state === 'passed' && overdueSince === null,
    );
    await page.beat();
    wait(10);
    await page.beat();
    await expect
      .poll(() => intervals(), { timeout: 5_000 })
      .toEqual([
        { seconds: 50, cause: 'identity-overdue' },
        { seconds: 10, cause: 'open' },
      ]);
  });

  test('[PR3] silence while disconnected is no failure: the question is dropped, and asked anew on return', async () => {
    const page = await started();
    const ask = await page.message('identity.ask');
    page.close();
    await expect
      .poll(() => settledWithout(ask.id), { timeout: 5_000 })
      .toEqual({ settled: true, verdict: null });
    const back = await stage.enterLearner();
    wait(5);
    const anew = await back.message('identity.ask', ({ id }) => id !== ask.id);
    expect(anew).toMatchObject({ purpose: 'sign-in', hour: 1 });
    expect(back.heard('identity.standing').every(({ overdueSince }) => overdueSince === null)).toBe(true);
  });

  test('[PR4] whose camera calls itself a virtual one is asked to turn the head within a minute', async () => {
    const page = await started();
    const ask = await page.message('identity.ask');
    await page.send('identity.notice', { notice: 'virtual-camera' });
    await answer(given(), stage.learner(), ask, 'match');
    await page.message('identity.standing', ({ state }) => state === 'passed');
    wait(60);
    const turn = await page.message('identity.ask', ({ id }) => id !== ask.id);
    expect(turn).toMatchObject({ purpose: 'check', pictures: 5 });
    expect(turn.motion).not.toBeNull();
    const stored = await stage.world.db.prisma.faceCheck.findUniqueOrThrow({ where: { id: turn.id } });
    expect(stored.cause).toBe('virtual-camera');
  });

  test('[PR4] is asked as often as the course says, and for turns of the head as often', async () => {
    const { db } = stage.world;
    const minutes = { checkMeanMs: 60_000, checkExamMeanMs: 60_000, checkLongestMs: 90_000 };
    const often = { ...minutes, checkTurnShare: 1 };
    await db.prisma.course.updateMany({ data: { policy: { signInWindowMs: 60_000, ...often } } });
    onTestFinished(async () => {
      await db.prisma.course.updateMany({ data: { policy: { signInWindowMs: 60_000 } } });
    });
    const page = await started();
    const ask = await page.message('identity.ask');
    await answer(given(), stage.learner(), ask, 'match');
    await page.message('identity.standing', ({ state }) => state === 'passed');
    wait(90);
    const check = await page.message('identity.ask', ({ id }) => id !== ask.id);
    expect(check).toMatchObject({ purpose: 'check', pictures: 5 });
    expect(check.motion).not.toBeNull();
  });

  test('[PR5] an empty seat ends presence until somebody passes, and is asked for at once', async () => {
    const page = await started();
    const ask = await page.message('identity.ask');
    await answer(given(), stage.learner(), ask, 'match');
    await page.message('identity.standing', ({ state }) => state === 'passed');
    wait(60);
    await page.send('identity.notice', { notice: 'nobody-long' });
    const check = await page.message('identity.ask', ({ id }) => id !== ask.id);
    expect(check.purpose).toBe('check');
    await page.message('identity.standing', ({ overdueSince }) => overdueSince !== null);
    await answer(given(), stage.learner(), check, 'match');
    await page.message(
      'identity.standing',
      ({ state, overdueSince, since }) =>
        state === 'passed' && overdueSince === null && since >= check.deadline - 60 * second,
    );
  });

  test('[PR3] three failures of our own call a person, and are held against nobody', async () => {
    const page = await started();
    let asked: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const known = asked;
      const ask = await page.message('identity.ask', ({ id }) => !known.includes(id));
      asked = [...asked, ask.id];
      await answer(given(), stage.learner(), ask, 'error');
      wait(15);
    }
    await page.message('identity.standing', ({ state }) => state === 'waiting');
    expect(page.heard('identity.standing').every(({ overdueSince }) => overdueSince === null)).toBe(true);
    expect(await recognitionsOf(stage.world.db, stage.classId)).toMatchObject([{ cause: 'errors' }]);
  });
});

test('[PR5, CH3] a finding that is dismissed while its class runs is seen at once: by the learner and on the board', async () => {
  const { db } = stage.world;
  const { id: userId } = stage.learner();
  const page = await started();
  const observer = await stage.enterObserver();
  const ask = await page.message('identity.ask');
  await answer(given(), stage.learner(), ask, 'match');
  await page.message('identity.standing', ({ state }) => state === 'passed');
  for (let n = 0; n < 9; n += 1) {
    wait(10);
    await page.beat();
  }
  const before = await page.message('counted', ({ countedMs }) => countedMs >= 60_000);
  await page.send('identity.notice', { notice: 'several' });
  const check = await page.message('identity.ask', ({ id }) => id !== ask.id);
  await answer(given(), stage.learner(), check, 'mismatch');
  wait(15);
  const again = await page.message('identity.ask', ({ id }) => id !== ask.id && id !== check.id);
  await answer(given(), stage.learner(), again, 'mismatch');
  // Everything since the sign-in is taken back: here all there is.
  await page.message('counted', ({ countedMs, counting }) => countedMs < 15_000 && !counting);
  const board = await observer.send('board.watch', { watch: true });
  const taken = board.rows.find((row) => row.userId === userId);
  expect(taken?.presentMs).toBeLessThan(15_000);

  await dismissed(db, { classId: stage.classId, userId, checkIds: [check.id, again.id] });
  await hint(stage.node, stage.classId, stage.learner(), null, true);
  const since = performance.now();
  await page.message('identity.standing', ({ state, overdueSince }) => state === 'passed' && !overdueSince);
  await page.message('counted', ({ countedMs }) => countedMs >= before.countedMs);
  await observer.message('board', ({ rows }) =>
    rows.some((row) => row.userId === userId && row.presentMs >= before.countedMs),
  );
  expect(performance.now() - since).toBeLessThan(4_000);
  await page.beat();
  await page.message('counted', ({ counting }) => counting);
});

/** As a person's decision leaves it. */
async function dismissed(
  db: Db,
  { classId, userId, checkIds }: { classId: string; userId: string; checkIds: string[] },
): Promise<void> {
  const at = new Date();
  const { groupId } = await db.prisma.liveClass.findUniqueOrThrow({ where: { id: classId } });
  const { courseId } = await db.prisma.classGroup.findUniqueOrThrow({ where: { id: groupId } });
  await db.prisma.incident.create({
    data: {
      id: randomUUID(),
      kind: 'class',
      contextId: classId,
      userId,
      courseId,
      orgPath: '/',
      openedAt: at,
      decideBy: at,
      keyId: randomUUID(),
      state: 'dismissed',
      decidedAt: at,
      decidedBy: stage.world.observer.id,
      reasonSealed: 'sealed',
      checks: { create: checkIds.map((checkId) => ({ checkId })) },
    },
  });
}

test('[AT9] whoever takes the class over goes on with the questions that are open, and with what was passed', async () => {
  const { world, classId } = stage;
  const first = await startNode(world.db);
  const host = await enter(first, world.host, classId);
  await host.send('class.start', {});
  const asked = await (await enter(first, stage.learner(0), classId)).message('identity.ask');
  const other = await enter(first, stage.learner(1), classId);
  const passed = await other.message('identity.ask');
  await answer({ db: world.db, node: first, classId }, stage.learner(1), passed, 'match');
  await other.message('identity.standing', ({ state }) => state === 'passed');
  await first.close();
  const second = await startNode(world.db);
  const back = await enter(second, stage.learner(0), classId);
  expect(await back.message('identity.ask')).toEqual(asked);
  const known = await enter(second, stage.learner(1), classId);
  const standing = await known.message('identity.standing');
  expect(standing).toMatchObject({ state: 'passed', signedHours: [1] });
  await second.close();
});

test('[PR1] who has no face here waits for a person, time counting, and is confirmed by one click', async () => {
  const page = await started(2);
  const { since } = await page.message('identity.standing', ({ state }) => state === 'waiting');
  await page.beat();
  const { snapshot } = await page.join();
  expect(snapshot.counted).toMatchObject({ counting: true });
  await expect
    .poll(() => recognitionsOf(stage.world.db, stage.classId), { timeout: 5_000 })
    .toMatchObject([{ cause: 'no-face', since }]);
  wait(120);
  const decided = await decideRecognition(stage.world.db, {
    classId: stage.classId,
    userId: stage.learner(2).id,
    hour: 1,
    by: stage.world.observer.id,
    at: since + 120 * second,
    decision: 'confirmed',
  });
  expect(decided).toBe(true);
  await hint(stage.node, stage.classId, stage.learner(2), null);
  await page.message('identity.standing', ({ signedHours }) => signedHours.includes(1));
  const signIns = await hourSignInsOf(stage.world.db, stage.classId, [stage.learner(2).id]);
  expect(signIns).toMatchObject([{ method: 'person', countsFrom: since }]);
});

test('[AT7] shows a learner to the one supervisor who asked, while that learner agrees and the look lasts', async () => {
  const page = await started(2);
  const observer = await stage.enterObserver();
  const other = await enter(stage.node, stage.learner(1), stage.classId);
  const lookId = randomUUID();
  const ask = (userId: string) =>
    stage.node.state.bus.publish(liveLooks, {
      kind: 'asked',
      classId: stage.classId,
      userId,
      byId: stage.world.observer.id,
      lookId,
      until: (stage.node.clock.stoppedAt ?? 0) + stage.node.clock.offset + lookMs,
    });
  const refusal = async (from: Page, shown: string | null) => {
    const ack = await from.sendRaw('identity.show', { lookId, picture: shown });
    return ack.ok ? null : ack.error.code;
  };
  const picture = Buffer.from('a picture').toString('base64');
  expect(await refusal(page, picture)).toBe('challenge-over');
  await ask(stage.learner(2).id);
  expect(await page.message('identity.look')).toMatchObject({ lookId });
  await page.send('identity.show', { lookId, picture });
  expect(await observer.message('identity.shown')).toEqual({ lookId, userId: stage.learner(2).id, picture });
  expect(await refusal(other, picture)).toBe('challenge-over');
  await page.send('identity.show', { lookId, picture: null });
  await observer.message('identity.shown', (shown) => shown.picture === null);
  expect(await refusal(page, picture)).toBe('challenge-over');
  await ask(stage.learner(1).id);
  await other.message('identity.look');
  wait(91);
  expect(await refusal(other, picture)).toBe('challenge-over');
  expect([...page.heard('identity.shown'), ...other.heard('identity.shown')]).toEqual([]);
  expect(await refusal(observer, picture)).toBe('forbidden');
});

test('asks nobody before the class runs, and nobody but learners', async () => {
  const host = await stage.enterHost();
  const page = await stage.enterLearner();
  const observer = await stage.enterObserver();
  expect((await page.sendRaw('identity.retry', {})).ok).toBe(false);
  await host.send('class.start', {});
  await page.message('identity.ask');
  expect([...host.heard('identity.ask'), ...observer.heard('identity.ask')]).toEqual([]);
  const other = await enter(stage.node, stage.learner(1), stage.classId);
  const theirs = await other.message('identity.ask');
  expect(page.heard('identity.ask').map(({ id }) => id)).not.toContain(theirs.id);
});

async function intervals() {
  const rows = await intervalsOfPerson(stage.world.db, stage.classId, stage.learner().id);
  return rows.map(({ from, lastProof, cause }) => ({
    seconds: Math.round((lastProof - from) / second),
    cause,
  }));
}

async function settledWithout(id: string) {
  const row = await stage.world.db.prisma.faceCheck.findUniqueOrThrow({ where: { id } });
  return { settled: row.settledAt !== null, verdict: row.verdict };
}
