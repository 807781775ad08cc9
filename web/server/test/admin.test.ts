import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, cookieOf, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
let staff: string;
let admin: string;
beforeAll(async () => {
  web = await runWeb();
  staff = await tokenOf(web, 'staff');
  admin = await tokenOf(web, 'admin');
});
afterAll(() => web.close());

const actionsOf = async (targetId: string) =>
  (await web.db.prisma.auditEntry.findMany({ where: { targetId }, orderBy: { id: 'asc' } })).map(
    ({ action }) => action,
  );
const password = 'long enough it is';
const learner = (login = `l-${randomUUID().slice(0, 8)}`, phone: string | null = null) => ({
  login,
  name: '百里长风',
  phone,
  orgId: web.world.school.id,
  roles: [{ role: 'learner' as const, orgId: web.world.school.id }],
  password,
});
const created = async (body = learner()) => (await call(web, 'createUser', { token: staff, body })).body;

describe('people', () => {
  it('are added, shown masked, unmasked with a reason on the log', async () => {
    const person = await created(learner('baili', '13855556666'));
    expect(person).toMatchObject({ name: '百**', phone: '138****6666', disabled: false, version: 1 });
    const found = await call(web, 'listUsers', { token: staff, query: { q: '百里长风' } });
    expect(found.body.rows.map(({ login }) => login)).toEqual(['baili']);
    const whole = await call(web, 'unmaskUser', {
      token: staff,
      params: { id: person.id },
      body: { reason: '核对证书' },
    });
    expect(whole.body).toEqual({ name: '百里长风', phone: '13855556666' });
    expect(await actionsOf(person.id)).toEqual(['user.created', 'person.revealed']);
  });

  it('are refused when login or phone is taken, and the answer says which', async () => {
    const login = await call(web, 'createUser', { token: staff, body: learner('learner') });
    expect(login.error).toEqual({ code: 'conflict', fields: ['body.login'] });
    const phone = await call(web, 'createUser', { token: staff, body: learner('other', '139 1111 2222') });
    expect(phone.error?.code).toBe('invalid-input');
    const taken = await call(web, 'createUser', { token: staff, body: learner('other', '13911112222') });
    expect(taken.error).toEqual({ code: 'conflict', fields: ['body.phone'] });
  });

  it('two editors never overwrite each other', async () => {
    const { id } = await created();
    const edit = (name: string) =>
      call(web, 'updateUser', { token: staff, params: { id }, body: { version: 1, name } });
    const both = await Promise.all([edit('甲'), edit('乙')]);
    expect(both.map(({ error }) => error?.code ?? 'done').sort()).toEqual(['done', 'outdated']);
  });

  it.each([
    ['disabled', { disabled: true }],
    ['given another password', { password: 'another long password' }],
    ['left with fewer rights', { roles: [{ role: 'instructor' as const, orgId: '' }] }],
  ])('lose their login at once when %s', async (_, change) => {
    const person = await created();
    const granted = await call(web, 'login', { body: { login: person.login, password } });
    const roles =
      'roles' in change ? [{ role: 'instructor' as const, orgId: web.world.school.id }] : undefined;
    const answer = await call(web, 'updateUser', {
      token: staff,
      params: { id: person.id },
      body: { ...change, ...(roles ? { roles } : {}), version: 1 },
    });
    expect(answer.status).toBe(200);
    const after = await call(web, 'me', { token: granted.body.accessToken });
    expect(after.error?.code).toBe('session-revoked');
    const refreshed = await call(web, 'refresh', { headers: { cookie: cookieOf(granted) } });
    expect(refreshed.error?.code).toBe('session-revoked');
    expect(await actionsOf(person.id)).toContain('user.changed');
  });

  it('keep it when only the name changes', async () => {
    const person = await created();
    const token = await call(web, 'login', { body: { login: person.login, password } });
    await call(web, 'updateUser', {
      token: staff,
      params: { id: person.id },
      body: { version: 1, name: '丙' },
    });
    expect((await call(web, 'me', { token: token.body.accessToken })).body.name).toBe('丙');
  });
});

describe('organisations', () => {
  it('are added below another, renamed, and told apart', async () => {
    const body = { parentId: web.world.authority.id, kind: 'employer' as const, name: '新公司' };
    const made = (await call(web, 'createOrganization', { token: admin, body })).body;
    expect(made).toMatchObject({ depth: 2, users: 0, courses: 0, version: 1 });
    expect((await call(web, 'createOrganization', { token: admin, body })).error?.code).toBe('conflict');
    const renamed = await call(web, 'updateOrganization', {
      token: admin,
      params: { id: made.id },
      body: { name: '更名公司', version: 1 },
    });
    expect(renamed.body).toMatchObject({ name: '更名公司', version: 2 });
    expect(await actionsOf(made.id)).toEqual(['organization.created', 'organization.renamed']);
  });
});

describe('courses, groups and the schedule', () => {
  it('take a policy the rules can work with, and no other', async () => {
    const token = admin;
    const params = { id: web.world.course.id };
    const edit = (policy: Record<string, number>, version = 1) =>
      call(web, 'updateCourse', { token, params, body: { version, policy } });
    expect((await edit({ minimumRate: 1.5 })).error?.fields).toEqual(['body.policy.minimumRate']);
    expect((await edit({ somethingElse: 1 })).error?.fields).toEqual(['body.policy.somethingElse']);
    // Those of the checks of faces are checked against each other and the defaults [PR4].
    expect((await edit({ checkMeanMs: 900_000 })).error?.fields).toEqual(['body.policy.checkMeanMs']);
    expect((await edit({ checkTurnShare: 2, checkLongestMs: 0.5 })).error?.fields).toEqual([
      'body.policy.checkLongestMs',
    ]);
    expect((await edit({ checkTurnShare: 2 })).error?.fields).toEqual(['body.policy.checkTurnShare']);
    // A time whose mean is its longest would not be random [WL6].
    expect((await edit({ challengeMeanMs: 900_000 })).error?.fields).toEqual(['body.policy.challengeMeanMs']);
    expect((await edit({ studyDayMs: 0.5 })).error?.fields).toEqual(['body.policy.studyDayMs']);
    const changed = await edit({ minimumRate: 0.4 });
    expect(changed.body.policy).toEqual({ minimumRate: 0.4 });
    const report = await call(web, 'report', { token: staff, params: { id: web.world.held.id } });
    expect(report.body.totals).toMatchObject({ minimumRate: 0.4, belowAttendance: 1 });
    expect(await actionsOf(params.id)).toEqual(['course.policy-changed']);
    const checks = { checkMeanMs: 1_200_000, checkLongestMs: 1_800_000, checkTurnShare: 0.5 };
    expect((await edit(checks, 2)).body.policy).toEqual(checks);
    await edit({}, 3);
  });

  it('go from course to group to learners to class', async () => {
    const token = staff;
    const course = (
      await call(web, 'createCourse', {
        token,
        body: { orgId: web.world.school.id, title: '焊工', summary: '' },
      })
    ).body;
    expect(course).toMatchObject({ groups: 0, classes: 0, policy: {} });
    const body = { courseId: course.id, name: '甲班', employerOrgId: web.world.employer.id };
    const group = (await call(web, 'createGroup', { token, body })).body;
    expect(group).toMatchObject({ learners: 0, classes: 0, employer: { name: '恒达公司' } });
    const params = { id: group.id };

    const half = await call(web, 'enrol', { token, params, body: { logins: ['learner', 'nobody'] } });
    expect(half.body).toEqual({ enrolled: 0, already: 0, unknown: ['nobody'] });
    const logins = ['learner', 'second', 'learner'];
    expect((await call(web, 'enrol', { token, params, body: { logins } })).body.enrolled).toBe(2);
    expect((await call(web, 'enrol', { token, params, body: { logins } })).body.already).toBe(2);
    const { rows } = (await call(web, 'listEnrolments', { token, params })).body;
    expect(rows.map(({ login, name }) => [login, name])).toContainEqual(['learner', '欧***'.slice(0, 3)]);

    const start = web.clock() + 3_600_000;
    const lesson = {
      groupId: group.id,
      title: '第一课',
      instructorId: web.world.idOf('teacher'),
      scheduledStart: start,
      scheduledEnd: start + 3_600_000,
    };
    const wrong = await call(web, 'scheduleClass', {
      token,
      body: { ...lesson, instructorId: web.world.idOf('learner') },
    });
    expect(wrong.error?.fields).toEqual(['body.instructorId']);
    const scheduled = (await call(web, 'scheduleClass', { token, body: lesson })).body;
    expect(scheduled).toMatchObject({ ordinal: 1, state: 'scheduled' });
    const cancelled = await call(web, 'rescheduleClass', {
      token,
      params: { id: scheduled.id },
      body: { version: 1, cancelled: true },
    });
    expect(cancelled.body.state).toBe('cancelled');
    const held = await call(web, 'rescheduleClass', {
      token,
      params: { id: web.world.held.id },
      body: { version: web.world.held.version, title: 'x' },
    });
    expect(held.error?.code).toBe('conflict');

    const userId = web.world.idOf('second');
    expect((await call(web, 'unenrol', { token, params: { id: group.id, userId } })).status).toBe(204);
    expect((await call(web, 'unenrol', { token, params: { id: group.id, userId } })).error?.code).toBe(
      'not-found',
    );
    expect(await actionsOf(scheduled.id)).toEqual(['class.scheduled', 'class.cancelled']);
    expect(await actionsOf(group.id)).toEqual(['group.created', 'group.enrolled', 'group.enrolled']);
  });

  it('only an employer may stand behind a group', async () => {
    const answer = await call(web, 'createGroup', {
      token: staff,
      body: { courseId: web.world.course.id, name: '丙班', employerOrgId: web.world.otherSchool.id },
    });
    expect(answer.error?.fields).toEqual(['body.employerOrgId']);
  });
});

describe('quizzes and questions', () => {
  it('are prepared, changed once, and never after they were asked', async () => {
    const token = await tokenOf(web, 'teacher');
    const draft = { kind: 'single' as const, stem: '一？', options: ['a', 'b'], correct: [0], seconds: 30 };
    const params = { id: web.world.coming.id };
    const bad = await call(web, 'createQuiz', { token, params, body: { ...draft, correct: [0, 1] } });
    expect(bad.error).toEqual({ code: 'invalid-input', fields: ['body.correct'] });
    const quiz = (await call(web, 'createQuiz', { token, params, body: draft })).body;
    const changed = await call(web, 'updateQuiz', {
      token,
      params: { id: quiz.id },
      body: { ...draft, stem: '二？', version: quiz.version },
    });
    expect(changed.body).toMatchObject({ stem: '二？', version: quiz.version + 1 });
    const again = await call(web, 'updateQuiz', {
      token,
      params: { id: quiz.id },
      body: { ...draft, version: quiz.version },
    });
    expect(again.error?.code).toBe('outdated');
    expect((await call(web, 'deleteQuiz', { token, params: { id: quiz.id } })).status).toBe(204);
    const asked = { id: web.world.asked.id };
    expect((await call(web, 'deleteQuiz', { token, params: asked })).error?.code).toBe('conflict');
  });

  it('left over are answered once, in words that may be shown [C8]', async () => {
    const token = await tokenOf(web, 'teacher');
    const params = { id: web.world.questionId };
    const open = (await call(web, 'leftoverQuestions', { token })).body;
    expect(open.rows.map(({ question }) => question.text)).toEqual(['零线和地线有什么区别？']);
    const stopped = await call(web, 'answerQuestion', { token, params, body: { text: '去赌博吧' } });
    expect([stopped.status, stopped.error?.code]).toEqual([422, 'screened']);
    const hits = (await call(web, 'screeningHits', { token: staff })).body.rows;
    expect(hits[0]).toMatchObject({
      surface: 'answer',
      from: { role: 'host', name: '诸***'.slice(0, 3) },
      text: '去赌博吧',
    });
    const answered = await call(web, 'answerQuestion', { token, params, body: { text: '零线带电流。' } });
    expect(answered.body).toMatchObject({
      state: 'answered-text',
      answer: '零线带电流。',
      answeredBy: '诸葛文远',
    });
    expect((await call(web, 'leftoverQuestions', { token })).body.total).toBe(0);
    const again = await call(web, 'answerQuestion', { token, params, body: { text: '再答' } });
    expect(again.error?.code).toBe('conflict');
  });
});

it('the platform’s health tells services and outages to its administrator', async () => {
  await web.state.registry.announce('sfu', 'node-1', { url: 'ws://x' }, 5_000);
  const { body } = await call(web, 'platformHealth', { token: admin });
  expect(body.services.map(({ kind, id }) => [kind, id])).toContainEqual(['sfu', 'node-1']);
  expect(body.status).toBe('ok');
});
