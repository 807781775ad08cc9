import { enrol } from '@keshi/db/groups';
import { createUsers } from '@keshi/db/users';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

/** A class in which people of two employers sit side by side; the group is the first one's. */
const colleague = '令狐小青';
const foreign = '东方玉树';

let web: RunningWeb;
let employer: string;
let staff: string;
let foreignId: string;
beforeAll(async () => {
  web = await runWeb();
  const { world, db } = web;
  const person = (login: string, name: string, orgId: string) => ({
    login,
    name,
    orgId,
    passwordHash: world.passwordHash,
    memberships: [{ orgId, role: 'learner' as const }],
  });
  const { created } = await createUsers(db, [
    person('colleague', colleague, world.employer.id),
    person('foreign', foreign, world.otherEmployer.id),
    person('spare', '南宫小雨', world.employer.id),
  ]);
  const ids = created.map(({ id }) => id);
  foreignId = ids[1] ?? '';
  await enrol(db, { groupId: world.group.id, userIds: ids.slice(0, 2) });
  employer = await tokenOf(web, 'employer');
  staff = await tokenOf(web, 'staff');
});
afterAll(() => web.close());

describe('an employer in a class with people of another employer', () => {
  const report = (token: string) =>
    call(web, 'report', {
      token,
      params: { id: web.world.held.id },
      query: { unmask: 'true', reason: '核对名单' },
    });

  it('reads the record of its own people alone, and totals of them', async () => {
    const own = (await report(employer)).body;
    expect(own.rows.map(({ name }) => name)).toContain(colleague);
    expect(own.rows.map(({ name }) => name)).not.toContain(foreign);
    expect(own.totals.expected).toBe(4);
    const whole = (await report(staff)).body;
    expect(whole.rows.map(({ name }) => name)).toEqual(expect.arrayContaining([colleague, foreign]));
    expect(whole.totals.expected).toBe(5);
  });

  it('exports its own people alone', async () => {
    const file = (token: string) =>
      call(web, 'reportFile', {
        token,
        params: { id: web.world.held.id, format: 'csv' },
        query: { unmask: 'true', reason: '核对名单' },
      });
    const own = (await file(employer)).bytes.toString();
    expect(own).toContain(colleague);
    expect(own).not.toContain(foreign);
    expect((await file(staff)).bytes.toString()).toContain(foreign);
  });

  it('finds no time line of theirs, and does not find them in lists', async () => {
    const params = { id: web.world.held.id, userId: foreignId };
    expect((await call(web, 'timeline', { token: employer, params })).error?.code).toBe('not-found');
    expect((await call(web, 'timeline', { token: staff, params })).status).toBe(200);
    const userIds = async (token: string) => [
      ...(await call(web, 'belowMinimum', { token })).body.rows.map(({ userId }) => userId),
      ...(await call(web, 'listEnrolments', { token, params: { id: web.world.group.id } })).body.rows.map(
        ({ userId }) => userId,
      ),
    ];
    expect(await userIds(employer)).not.toContain(foreignId);
    expect((await userIds(staff)).filter((id) => id === foreignId)).toHaveLength(2);
    const card = await call(web, 'supervise', { token: employer });
    expect(card.body.rows[0]?.totals.expected).toBe(4);
  });

  it('neither ends their enrolment nor takes learners of the institution for its own', async () => {
    const params = { id: web.world.group.id };
    const ended = await call(web, 'unenrol', { token: employer, params: { ...params, userId: foreignId } });
    expect(ended.error?.code).toBe('not-found');
    const taken = await call(web, 'enrol', { token: employer, params, body: { logins: ['stranger'] } });
    expect(taken.body).toEqual({ enrolled: 0, already: 0, unknown: ['stranger'] });
    const own = await call(web, 'enrol', { token: employer, params, body: { logins: ['spare'] } });
    expect(own.body.enrolled).toBe(1);
  });
});
