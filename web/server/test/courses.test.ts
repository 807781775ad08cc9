import { createCourse } from '@keshi/db/courses';
import { createLesson, updateLesson } from '@keshi/db/lessons';
import { createUser } from '@keshi/db/users';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import writeExcelFile from 'write-excel-file/node';
import { csvRows } from '../src/tables/csv-rows.ts';
import { appoint, newLesson } from './lesson-steps.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
let teacher: string;
let staff: string;
const minute = 60_000;
beforeAll(async () => {
  web = await runWeb();
  await appoint(web, 'teacher');
  const { id: orgId } = web.world.authority;
  await createUser(web.db, {
    orgId,
    login: 'expert-2',
    name: '第二专家',
    passwordHash: web.world.passwordHash,
    memberships: [{ orgId, role: 'expert' }],
  });
  teacher = await tokenOf(web, 'teacher');
  staff = await tokenOf(web, 'staff');
});
afterAll(() => web?.close());

const params = () => ({ id: web.world.course.id });
const course = async () => (await call(web, 'makingCourse', { token: teacher, params: params() })).body;
const describe_ = async (body: object) =>
  call(web, 'describeCourse', {
    token: teacher,
    params: params(),
    body: { version: (await course()).version, ...body },
  });
const titles = async (token: string, query: object = {}) =>
  (await call(web, 'listCatalogue', { token, query })).body.rows.map(({ title }) => title);

describe('[C3, C7] a package', () => {
  it('is reviewed by two experts before learners find it, and by neither who wrote it', async () => {
    const stranger = await tokenOf(web, 'stranger');
    expect(await titles(stranger)).toEqual([]);
    expect((await course()).problems).toEqual([
      'no-introduction',
      'no-occupation',
      'no-points',
      'no-lessons',
      'short-preview',
    ]);
    const early = await call(web, 'submitCourse', {
      token: teacher,
      params: params(),
      body: { version: (await course()).version },
    });
    expect(early.error?.code).toBe('not-ready');

    await describe_({
      introduction: '# 电工基础',
      occupationCode: '6-31-01-03',
      points: [{ kind: 'skill', text: '停电验电' }],
      selfEnrol: true,
    });
    const lesson = await publishedText(12 * minute);
    expect((await course()).previewMs).toBe(12 * minute);
    const submitted = await call(web, 'submitCourse', {
      token: teacher,
      params: params(),
      body: { version: (await course()).version },
    });
    expect(submitted.body.listing).toBe('in-review');

    const review = async (who: string, decision: 'approve' | 'return') =>
      call(web, 'reviewCourse', {
        token: await tokenOf(web, who),
        params: params(),
        body: { version: (await course()).version, decision, opinion: '内容完整' },
      });
    expect((await review('staff', 'approve')).error?.code).toBe('forbidden');
    staff = await tokenOf(web, 'staff');
    expect((await review('expert', 'approve')).body.listing).toBe('in-review');
    // One expert does not count twice.
    expect((await review('expert', 'approve')).error?.code).toBe('conflict');
    expect(await titles(stranger)).toEqual([]);
    expect((await review('expert-2', 'approve')).body.listing).toBe('listed');
    expect((await course()).reviews.map(({ by }) => by)).toEqual(['评审专家', '第二专家']);
    expect(await titles(stranger)).toEqual(['电工基础']);

    // What was approved is not changed under their names.
    expect((await describe_({ introduction: '别的' })).error?.code).toBe('conflict');
    const edited = await call(web, 'updateLesson', {
      token: teacher,
      params: { id: lesson },
      body: { version: 3, declaredMs: 90 * minute },
    });
    expect(edited.error?.code).toBe('conflict');

    const open = await call(web, 'previewLesson', { params: { id: lesson } });
    expect(open.body).toMatchObject({ title: '五步', body: '先验电' });
    const delisted = await call(web, 'delistCourse', {
      token: teacher,
      params: params(),
      body: { version: (await course()).version },
    });
    expect(delisted.body.listing).toBe('withdrawn');
    expect(await titles(stranger)).toEqual([]);
  });

  /** Answers its id. */
  async function publishedText(declaredMs: number): Promise<string> {
    const id = await newLesson(web, teacher, 'text', '五步');
    const at = { token: teacher, params: { id } };
    const early = await call(web, 'setLessonState', { ...at, body: { state: 'published', version: 1 } });
    expect(early.error?.code).toBe('not-ready');
    const { body } = await call(web, 'updateLesson', {
      ...at,
      body: { version: 1, body: '先验电', declaredMs, minimumMs: minute, completion: 'read', preview: true },
    });
    const published = await call(web, 'setLessonState', {
      ...at,
      body: { state: 'published', version: body.version },
    });
    expect(published.body.state).toBe('published');
    return id;
  }

  it('is not overwritten by the slower of two editors', async () => {
    const { version } = await course();
    const first = await describe_({ summary: '先来的' });
    expect(first.status).toBe(200);
    const late = await call(web, 'describeCourse', {
      token: staff,
      params: params(),
      body: { version, summary: '后到的' },
    });
    expect(late.error?.code).toBe('outdated');
    expect((await course()).summary).toBe('先来的');
    const id = await newLesson(web, teacher, 'text', '两人同改');
    const edit = (title: string) =>
      call(web, 'updateLesson', { token: teacher, params: { id }, body: { version: 1, title } });
    const answers = await Promise.all([edit('甲'), edit('乙'), edit('丙')]);
    expect(answers.map(({ error }) => error?.code ?? 'saved').sort()).toEqual([
      'outdated',
      'outdated',
      'saved',
    ]);
  });

  it('has no title twice in one organisation', async () => {
    await createCourse(web.db, { orgId: web.world.school.id, title: '已有的课程' });
    expect((await describe_({ title: '已有的课程' })).error?.code).toBe('conflict');
  });

  it('keeps its lessons in the order they were given, whoever adds one meanwhile', async () => {
    const ids = await Promise.all(['一', '二', '三'].map((title) => newLesson(web, teacher, 'text', title)));
    const { lessons } = await course();
    expect(new Set(lessons.map(({ ordinal }) => ordinal)).size).toBe(lessons.length);
    const order = lessons.map(({ id }) => ({ id, chapterId: null })).toReversed();
    const arrange = (given: typeof order) =>
      call(web, 'arrangeLessons', { token: teacher, params: params(), body: { lessons: given } });
    expect((await arrange(order)).status).toBe(204);
    expect((await course()).lessons.map(({ id }) => id)).toEqual(order.map(({ id }) => id));
    expect((await arrange(order.slice(1))).error?.code).toBe('outdated');
    expect(ids.every((id) => order.some((each) => each.id === id))).toBe(true);
  });

  it('warns of long lectures that are not divided, and not of what was held live', async () => {
    const add = async (kind: 'video' | 'replay', durationMs: number, marks: object[] = []) => {
      const { id, version } = await createLesson(web.db, {
        ...{ courseId: web.world.course.id, chapterId: null, title: kind, kind, durationMs },
      });
      await updateLesson(web.db, { id, version, marks: marks as never });
      return id;
    };
    const long = await add('video', 26 * minute);
    const short = await add('video', 25 * minute);
    const divided = await add('video', 50 * minute, [
      { atMs: 0, title: '一' },
      { atMs: 25 * minute, title: '二' },
    ]);
    const replay = await add('replay', 90 * minute);
    const { lessons } = await course();
    const isLong = (id: string) => lessons.find((each) => each.id === id)?.long;
    expect([long, short, divided, replay].map(isLong)).toEqual([true, false, false, false]);
  });
});

describe('[C1] the catalogue', () => {
  beforeAll(async () => {
    await web.db.prisma.course.update({
      where: { id: web.world.course.id },
      data: { listing: 'listed', selfEnrol: true, audience: 'employed', packageType: 'operational' },
    });
    const own = await createCourse(web.db, { orgId: web.world.employer.id, title: '恒达内训' });
    await web.db.prisma.course.update({ where: { id: own.id }, data: { listing: 'listed' } });
  });

  it('is filtered by audience, occupation, type, project and words', async () => {
    const token = await tokenOf(web, 'stranger');
    const found = async (query: object) => (await titles(token, query)).length;
    expect(await found({ audience: 'employed' })).toBe(1);
    expect(await found({ audience: 'veterans' })).toBe(0);
    expect(await found({ occupation: '6-31' })).toBe(1);
    expect(await found({ occupation: '4' })).toBe(0);
    expect(await found({ packageType: 'operational' })).toBe(1);
    expect(await found({ packageType: 'general' })).toBe(0);
    expect(await found({ q: '电工' })).toBe(1);
    expect(await found({ q: '%' })).toBe(0);
    const project = await call(web, 'createProject', {
      token: staff,
      body: {
        orgId: web.world.school.id,
        name: '低压电工补贴班',
        audience: 'employed',
        occupationCode: '6-31-01-03',
      },
    });
    expect(await found({ projectId: project.body.id })).toBe(0);
    expect((await describe_({ projectId: project.body.id })).status).toBe(200);
    expect(await found({ projectId: project.body.id })).toBe(1);
  });

  it('[C9] shows an employer’s own courses to its people alone', async () => {
    expect(await titles(await tokenOf(web, 'stranger'))).toEqual(['电工基础']);
    expect(await titles(await tokenOf(web, 'employer'))).toContain('恒达内训');
    expect(await titles(await tokenOf(web, 'other-employer'))).toEqual(['电工基础']);
  });

  it('[E5] lets learners enrol themselves, and rate what they take, each once', async () => {
    const token = await tokenOf(web, 'stranger');
    const rate = (who: string, stars: number, text = '') =>
      call(web, 'rateCourse', { token: who, params: params(), body: { stars, text } });
    expect((await rate(token, 5)).error?.code).toBe('forbidden');
    const enrolled = await call(web, 'enrolSelf', { token, params: params() });
    expect(enrolled.body).toMatchObject({ enrolled: true, mayEnrol: false });
    await rate(token, 1);
    const rated = await rate(token, 4, '讲得清楚');
    expect(rated.body).toMatchObject({ rating: 4, ratings: 1, yourRating: { stars: 4 } });
    const second = await rate(await tokenOf(web, 'second'), 5);
    expect(second.body).toMatchObject({ rating: 4.5, ratings: 2 });
    expect(second.body.latestRatings).toMatchObject([{ name: '他**', stars: 4, text: '讲得清楚' }]);
    expect((await rate(token, 3, '买卖枪支弹药')).error?.code).toBe('screened');
    expect((await rate(token, 6)).error?.code).toBe('invalid-input');
  });
});

describe('[C1] occupations', () => {
  const send = (text: string, token: string) =>
    call(web, 'importOccupations', { token, upload: new Blob([text]) });

  it('are a tree that an administrator completes; one wrong line changes nothing', async () => {
    const admin = await tokenOf(web, 'admin');
    const wrong = await send('代码,名称\n9-01,没有的\n4-10-02-01,\n6-99-01-01,孤儿\n4,服务\n4,重复\n', admin);
    expect(wrong.body).toEqual({
      changed: 0,
      errors: [
        { line: 2, problem: 'code' },
        { line: 3, problem: 'name' },
        { line: 4, problem: 'parent' },
        { line: 6, problem: 'twice' },
      ],
    });
    const done = await send('6-99-01-01,"新职业, 试行"\n6-99,其他生产制造人员\n6-99-01,其他\n', admin);
    expect(done.body).toEqual({ changed: 3, errors: [] });
    const below = await call(web, 'listOccupations', { token: admin, query: { parent: '6-99-01' } });
    expect(below.body.rows).toEqual([
      { code: '6-99-01-01', name: '新职业, 试行', parent: '6-99-01', children: 0 },
    ]);
    const top = await call(web, 'listOccupations', { token: admin });
    expect(top.body.rows.map(({ code }) => code)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
  });
});

describe('[D1] a list of learners', () => {
  const send = async (bytes: Buffer | string) =>
    call(web, 'importLearners', {
      token: staff,
      params: { id: web.world.plainGroup.id },
      upload: new Blob([new Uint8Array(Buffer.from(bytes))]),
    });
  const enrolled = async () =>
    web.db.prisma.enrolment.count({ where: { groupId: web.world.plainGroup.id, endedAt: null } });

  it('names every wrong row, and enrols nobody then', async () => {
    const answer = await send(
      '姓名,账号\n欧阳晓雪,learner\n,nobody\n错名,second\n他班学员,stranger\n,learner\n,\n甲,\n',
    );
    expect(answer.body).toEqual({
      enrolled: 0,
      already: 0,
      errors: [
        { row: 3, problem: 'unknown' },
        { row: 4, problem: 'name' },
        { row: 6, problem: 'twice' },
        { row: 8, problem: 'login' },
      ],
    });
    expect(await enrolled()).toBe(0);
  });

  it('comes as CSV in any spelling, or as a workbook', async () => {
    expect((await send('\uFEFF账号;姓名\r\n"learner";"欧阳晓雪"\r\n')).body).toMatchObject({ enrolled: 1 });
    const rows = [
      ['账号', '姓名'],
      ['second', '司马玉兰'],
      ['learner', '欧阳晓雪'],
    ];
    const book = await writeExcelFile(rows.map((row) => row.map((value) => ({ value })))).toBuffer();
    expect((await send(book)).body).toEqual({ enrolled: 1, already: 1, errors: [] });
    expect(await enrolled()).toBe(2);
  });

  it('that is none is refused', async () => {
    for (const bytes of ['学号,班级\n1,2\n', 'PK no workbook', Buffer.from([0xff, 0xfe, 0, 1])])
      expect((await send(bytes)).error?.code).toBe('invalid-input');
  });

  it('is read as spreadsheets write it', () => {
    expect(csvRows('a,"b ""c""\nd",\r\n\t e ,f')).toEqual([
      ['a', 'b "c"\nd', ''],
      ['e', 'f'],
    ]);
  });
});

it('[E1] is discussed by who takes it and who teaches it; a teacher’s answer is told, a forbidden word seen by nobody', async () => {
  const [learner, second] = await Promise.all(['learner', 'second'].map((login) => tokenOf(web, login)));
  const token = learner ?? '';
  const thread = { title: '验电', text: '验电笔要先试吗？' };
  const stopped = await call(web, 'openThread', {
    token,
    params: params(),
    body: { ...thread, text: '代刷网课加微信' },
  });
  expect(stopped.error?.code).toBe('screened');
  const { body } = await call(web, 'openThread', { token, params: params(), body: thread });
  const say = (by: string | undefined, text: string) =>
    call(web, 'replyToThread', { token: by ?? '', params: { id: body.id }, body: { text } });
  expect((await say(second, '我也想知道')).status).toBe(204);
  const answered = async () =>
    (await call(web, 'listThreads', { token, params: params() })).body.rows.map((row) => [
      row.posts,
      row.answered,
    ]);
  expect(await answered()).toEqual([[2, false]]);
  teacher = await tokenOf(web, 'teacher');
  expect((await say(teacher, '要，先在有电处试。')).status).toBe(204);
  expect(await answered()).toEqual([[3, true]]);
  const notices = await call(web, 'listNotices', { token });
  expect(JSON.stringify(notices.body)).toContain('discussion-answered');

  const read = async (by: string | undefined) =>
    (await call(web, 'readThread', { token: by ?? '', params: { id: body.id } })).body.posts;
  const seen = await read(second);
  expect(seen.map(({ own, asTeacher, mayDelete }) => [own, asTeacher, mayDelete])).toEqual([
    [false, false, false],
    [true, false, true],
    [false, true, false],
  ]);
  // A fellow learner's name is masked, a teacher's is not.
  expect(seen[0]?.author).toContain('*');
  expect(seen[2]?.author).not.toContain('*');
  expect((await call(web, 'readThread', { token: staff, params: { id: body.id } })).status).toBe(404);

  const remove = (by: string | undefined, id: string | undefined) =>
    call(web, 'deletePost', { token: by ?? '', params: { id: id ?? '' } });
  expect((await remove(second, seen[0]?.id)).error?.code).toBe('forbidden');
  expect((await remove(teacher, seen[1]?.id)).status).toBe(204);
  expect((await read(learner)).map(({ text }) => text)).toEqual([thread.text, null, '要，先在有电处试。']);
});
