import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { append, takeOver } from '../src/class-log.ts';
import { getClass, listClassesFor, listSchedule, rescheduleClass } from '../src/classes.ts';
import { createCourse, listCourses, updateCourse } from '../src/courses.ts';
import { getGroup, listEnrolled, listGroups, unenrol, enrol } from '../src/groups.ts';
import { newId } from '../src/ids.ts';
import { currentSessionOf, openSession, rotateRefresh } from '../src/login-sessions.ts';
import {
  createOrganization,
  getOrganization,
  moveOrganization,
  renameOrganization,
} from '../src/organizations.ts';
import { answerLeftoverQuestion, leftoverQuestions } from '../src/questions.ts';
import { deleteQuiz, prepareQuiz, updateQuiz } from '../src/quizzes.ts';
import { type TestDatabase, testDatabase } from '../src/testing/database.ts';
import { findForLogin, recordFailedLogin } from '../src/login-accounts.ts';
import { changeUser, createUsers } from '../src/users.ts';
import { minute, t0, world } from './world.ts';

let test: TestDatabase;
let here: Awaited<ReturnType<typeof world>>;
beforeAll(async () => {
  test = await testDatabase();
  here = await world(test.db);
});
afterAll(() => test.close());

const outdated = { code: 'outdated' };
const conflict = { code: 'conflict' };
const notFound = { code: 'not-found' };

describe('organisations', () => {
  it('are edited by version, keep names apart among siblings, and move with everything below', async () => {
    const { db } = test;
    const { platform, institution, employer } = here;
    const branch = await createOrganization(db, {
      parentId: institution.id,
      kind: 'institution',
      name: '分校',
    });
    expect(branch.path).toBe(`${institution.path}${branch.id}/`);
    const rename = { id: branch.id, version: branch.version, name: '东校区' };
    expect((await renameOrganization(db, rename)).name).toBe('东校区');
    await expect(renameOrganization(db, rename)).rejects.toMatchObject(outdated);
    await expect(renameOrganization(db, { ...rename, id: newId() })).rejects.toMatchObject(notFound);
    await expect(
      createOrganization(db, { parentId: platform.id, kind: 'employer', name: '公司' }),
    ).rejects.toMatchObject({
      ...conflict,
      fields: ['parentId', 'name'],
    });
    await expect(
      createOrganization(db, { parentId: newId(), kind: 'employer', name: 'x' }),
    ).rejects.toMatchObject(notFound);

    const class5 = await createOrganization(db, { parentId: branch.id, kind: 'institution', name: '五班' });
    const moved = await moveOrganization(db, { id: branch.id, version: 2, parentId: employer.id });
    expect(moved.path).toBe(`${employer.path}${branch.id}/`);
    expect((await getOrganization(db, class5.id))?.path).toBe(`${moved.path}${class5.id}/`);
    const intoItself = { id: branch.id, version: moved.version, parentId: class5.id };
    await expect(moveOrganization(db, intoItself)).rejects.toMatchObject(conflict);
  });
});

describe('people', () => {
  it('in bulk: whose login is taken is left out and named', async () => {
    const person = (login: string) => ({
      orgId: here.institution.id,
      login,
      passwordHash: '',
      name: '某人',
      memberships: [{ orgId: here.institution.id, role: 'learner' as const }],
    });
    await createUsers(test.db, [person('bulk-1')]);
    const { created, taken } = await createUsers(test.db, [
      person('bulk-0'),
      person('bulk-1'),
      person('bulk-2'),
    ]);
    expect(created.map(({ place }) => place)).toEqual([0, 2]);
    expect(taken).toEqual([1]);
  });

  it('are locked after wrong passwords, and edited by version', async () => {
    const { db } = test;
    const userId = here.learnerIds[0] ?? '';
    const wrong = async () => {
      const lock = { now: t0, allowed: 3, lockMs: minute, longestMs: 3 * minute };
      return (await recordFailedLogin(db, { userId, ...lock })).lockedUntil;
    };
    const locks = [await wrong(), await wrong(), await wrong(), await wrong(), await wrong()];
    expect(locks).toEqual([null, null, t0 + minute, t0 + 2 * minute, t0 + 3 * minute]);
    await changeUser(db, { id: userId, version: 1, name: '张三改', now: t0 });
    await expect(changeUser(db, { id: userId, version: 1, name: '又改', now: t0 })).rejects.toMatchObject(
      outdated,
    );
    await expect(findForLogin(db, 'nobody')).resolves.toBeNull();
  });
});

describe('logins', () => {
  const hash = (refreshHash: string) => ({
    refreshHash,
    userAgent: 'x',
    now: t0,
    expiresAt: t0 + 60 * minute,
  });

  it('[B6] end the former one; of many at the same moment one stays', async () => {
    const { db } = test;
    const userId = here.learnerIds[1] ?? '';
    const opened = await Promise.all(
      Array.from({ length: 5 }, (_, i) => openSession(db, { ...hash(`h${i}`), userId })),
    );
    const ended = opened.flatMap((session) => session.ended);
    const current = await currentSessionOf(db, userId);
    expect(new Set(ended).size).toBe(4);
    expect(opened.map(({ id }) => id).filter((id) => !ended.includes(id))).toEqual([current?.id]);
  });

  it('rotate; a second use of an old secret ends the login, unless two tabs only raced', async () => {
    const { db } = test;
    const { id } = await openSession(db, { ...hash('one'), userId: here.learnerIds[2] ?? '' });
    const rotate = async (presentedHash: string, nextHash: string, now: number) =>
      (
        await rotateRefresh(db, {
          id,
          presentedHash,
          nextHash,
          now,
          graceMs: 10_000,
          expiresAt: now + 60 * minute,
        })
      ).kind;
    expect(await rotate('one', 'two', t0 + minute)).toBe('rotated');
    expect(await rotate('one', 'three', t0 + minute + 5000)).toBe('raced');
    expect(await rotate('never', 'three', t0 + minute + 5000)).toBe('mismatch');
    expect(await rotate('one', 'three', t0 + 2 * minute)).toBe('reused');
    expect(await rotate('two', 'three', t0 + 2 * minute)).toBe('ended');
    const other = await openSession(db, { ...hash('a'), userId: here.learnerIds[2] ?? '' });
    const late = {
      id: other.id,
      presentedHash: 'a',
      nextHash: 'b',
      now: t0 + 61 * minute,
      graceMs: 0,
      expiresAt: t0 + 99 * minute,
    };
    expect(await rotateRefresh(db, late)).toEqual({ kind: 'ended', reason: 'expired' });
  });
});

describe('courses, groups and classes', () => {
  it('are seen by who is in scope: the institution, the employer, and nobody without a path', async () => {
    const { db } = test;
    const course = await createCourse(db, { orgId: here.employer.id, title: '内训' });
    const seen = async (under: string | string[]) =>
      (await listCourses(db, { under })).rows.map(({ title }) => title);
    expect(await seen(here.institution.path)).toEqual(['电工基础']);
    expect(await seen([here.institution.path, here.employer.path])).toHaveLength(2);
    expect(await seen([])).toEqual([]);
    expect(await updateCourse(db, { id: course.id, version: 1, policy: { minimumRate: 0.9 } })).toMatchObject(
      {
        version: 2,
        policy: { minimumRate: 0.9 },
      },
    );
    await expect(updateCourse(db, { id: course.id, version: 1, title: 'x' })).rejects.toMatchObject(outdated);
    for (const under of [here.institution.path, here.employer.path, here.platform.path]) {
      expect((await listGroups(db, { under })).rows).toMatchObject([{ id: here.group.id, learners: 3 }]);
    }
  });

  it('know who is enrolled; who leaves is not expected any more and may come back', async () => {
    const { db } = test;
    const groupId = here.group.id;
    const userId = here.learnerIds[2] ?? '';
    expect(await unenrol(db, { groupId, userIds: [userId], now: t0 })).toBe(1);
    expect((await listEnrolled(db, { groupId, limit: 1 })).rows).toHaveLength(1);
    expect((await getGroup(db, groupId))?.learners).toBe(2);
    expect(await enrol(db, { groupId, userIds: [userId, here.learnerIds[0] ?? ''] })).toBe(1);
    expect((await listEnrolled(db, { groupId })).total).toBe(3);
  });

  it('get their numbers one by one, are listed for each in their part, and cannot be moved once begun', async () => {
    const { db } = test;
    const many = await Promise.all([
      here.schedule(),
      here.schedule(t0 + minute),
      here.schedule(t0 + 2 * minute),
    ]);
    expect(many.map(({ ordinal }) => ordinal).sort()).toEqual([1, 2, 3]);
    const [first] = many;
    if (!first) throw new Error('no class');
    const learner = here.learnerIds[0] ?? '';
    expect(await getClass(db, first.id, learner)).toMatchObject({
      orgPaths: [here.institution.path, here.employer.path],
      instructorId: here.instructorId,
      enrolled: true,
      expected: 3,
    });
    const total = async (userId: string, observes: string[], more = {}) =>
      (await listClassesFor(db, { userId, observes, ...more })).total;
    expect(await total(learner, [])).toBe(3);
    expect(await total(here.instructorId, [], { as: 'host' })).toBe(3);
    expect(await total(newId(), [here.employer.path], { as: 'observer' })).toBe(3);
    expect(await total(newId(), [])).toBe(0);
    expect(await total(learner, [], { from: t0 + 91 * minute + 1 })).toBe(1);
    expect(await total(learner, [], { to: t0 + 1 })).toBe(1);

    const edit = { id: first.id, version: 1, scheduledStart: t0 + 10 * minute };
    expect(await rescheduleClass(db, edit)).toMatchObject({ version: 2, scheduledStart: t0 + 10 * minute });
    await expect(rescheduleClass(db, edit)).rejects.toMatchObject(outdated);
    const { fence } = await takeOver(db, first.id);
    await append(db, first.id, fence, [
      { events: [], changes: [{ kind: 'class-changed', state: 'live', startedAt: t0 }] },
    ]);
    await expect(rescheduleClass(db, { ...edit, version: 2, cancelled: true })).rejects.toMatchObject({
      ...conflict,
      fields: ['state'],
    });
    const [, second] = many;
    await rescheduleClass(db, { id: second?.id ?? '', version: 1, cancelled: true });
    expect(await total(learner, [])).toBe(2);
    expect((await listSchedule(db, { under: here.platform.path })).total).toBe(3);
  });
});

describe('questions of a class', () => {
  it('prepared ones change until they are asked', async () => {
    const { db } = test;
    const { id: classId } = await here.schedule(t0 + 100 * minute);
    const draft = { kind: 'single' as const, stem: '？', options: ['甲', '乙'], correct: [0], seconds: 30 };
    const quiz = await prepareQuiz(db, classId, draft);
    expect((await prepareQuiz(db, classId, draft)).position).toBe(2);
    expect(
      await updateQuiz(db, { id: quiz.id, version: 1, draft: { ...draft, stem: '新？' } }),
    ).toMatchObject({ version: 2, stem: '新？' });
    await expect(updateQuiz(db, { id: quiz.id, version: 1, draft })).rejects.toMatchObject(outdated);
    const { fence } = await takeOver(db, classId);
    const opened = {
      kind: 'quiz-opened' as const,
      id: quiz.id,
      quizKind: 'single' as const,
      stem: '新？',
      options: ['甲', '乙'],
    };
    const times = { seconds: 30, asked: 3, openedAt: t0, closesAt: t0 + 30_000 };
    await append(db, classId, fence, [{ events: [], changes: [{ ...opened, ...times, correct: [0] }] }]);
    await expect(updateQuiz(db, { id: quiz.id, version: 2, draft })).rejects.toMatchObject(conflict);
    await expect(deleteQuiz(db, quiz.id)).rejects.toMatchObject(conflict);
    await expect(deleteQuiz(db, newId())).rejects.toMatchObject(notFound);
  });

  it('left over are answered in writing once the class has ended, and once only', async () => {
    const { db } = test;
    const { id: classId } = await here.schedule(t0 + 200 * minute);
    const { fence } = await takeOver(db, classId);
    const id = newId();
    const asked = { id, at: t0, userId: here.learnerIds[0] ?? '', clientId: newId(), text: '为什么？' };
    await append(db, classId, fence, [{ events: [], changes: [{ kind: 'question-asked', ...asked }] }]);
    const answer = () =>
      answerLeftoverQuestion(db, { id, answer: '因为。', answeredBy: here.instructorId, now: t0 });
    await expect(answer()).rejects.toMatchObject(conflict);
    await append(db, classId, fence, [
      { events: [], changes: [{ kind: 'class-changed', state: 'ended', endedAt: t0 }] },
    ]);
    const open = () => leftoverQuestions(db, { instructorId: here.instructorId, state: 'open' });
    expect((await open()).rows).toMatchObject([{ id, classId, courseTitle: '电工基础' }]);
    expect(await answer()).toMatchObject({ state: 'answered-text', answer: '因为。', answeredAt: t0 });
    await expect(answer()).rejects.toMatchObject(conflict);
    expect((await open()).total).toBe(0);
  });
});
