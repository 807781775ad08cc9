import { pageAudit } from '@keshi/db/audit';
import readXlsx from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';
import { names } from './world.ts';

let web: RunningWeb;
const tokens = new Map<string, string>();
beforeAll(async () => {
  web = await runWeb();
  for (const who of ['staff', 'teacher', 'other-teacher', 'employer'])
    tokens.set(who, await tokenOf(web, who));
});
afterAll(() => web.close());

const params = () => ({ id: web.world.group.id });

describe('[F2, F3] the grade book of a group', () => {
  it('has the answers of every learner in class, as the boards have them, names masked', async () => {
    const { body } = await call(web, 'groupGrades', { token: tokens.get('staff'), params: params() });
    expect(body).toMatchObject({ total: 3, courseTitle: '电工基础', groupName: '一班' });
    const row = (login: string) => body.rows.find((one) => one.login === login);
    expect(row('learner')).toMatchObject({
      quizAsked: 1,
      quizCorrect: 1,
      correctRate: 1,
      belowCorrect: false,
      exam: 'none',
      examShare: null,
    });
    // Was there when it was asked, and did not answer; and one who never came was asked nothing.
    expect(row('second')).toMatchObject({ quizAsked: 1, quizCorrect: 0, correctRate: 0, belowCorrect: true });
    expect(row('evil')).toMatchObject({ quizAsked: 0, correctRate: null, belowCorrect: false });
    expect(body.summary).toMatchObject({
      learners: 3,
      graded: 0,
      passed: 0,
      belowCorrect: 1,
      minimumRate: 0.8,
    });
    expect(JSON.stringify(body)).not.toContain(names.learner);
  });

  it('lists who is under the minimum', async () => {
    const { body } = await call(web, 'groupGrades', {
      token: tokens.get('teacher'),
      params: params(),
      query: { below: 'below' },
    });
    expect(body.rows.map(({ login }) => login)).toEqual(['second']);
    const other = await call(web, 'groupGrades', { token: tokens.get('other-teacher'), params: params() });
    expect(other.error?.code).toBe('not-found');
  });

  it('is found by who teaches the group, and by nobody else', async () => {
    const of = async (who: string) =>
      (await call(web, 'taughtGroups', { token: tokens.get(who) })).body.rows.map(({ name }) => name);
    expect(await of('teacher')).toContain('一班');
    expect(await of('other-teacher')).not.toContain('一班');
    expect(await of('staff')).toEqual([]);
    const { body } = await call(web, 'taughtGroups', {
      token: tokens.get('teacher'),
      query: { q: '不存在' },
    });
    expect(body).toEqual({ total: 0, rows: [] });
  });

  it('is exported as a sheet, and that is on the log', async () => {
    const file = (format: 'csv' | 'xlsx') =>
      call(web, 'gradesFile', { token: tokens.get('staff'), params: { ...params(), format } });
    const csv = (await file('csv')).bytes.toString('utf8');
    expect(csv.split('\r\n')).toHaveLength(5);
    expect(csv).toContain('欧**,learner,1,1,100.0%,达标,无,');
    const [sheet] = await readXlsx((await file('xlsx')).bytes);
    expect(JSON.stringify(sheet)).toContain('成绩册');
    const { rows } = await pageAudit(web.db, { under: web.world.school.path, action: 'grades.exported' });
    expect(rows).toHaveLength(2);
  });
});
