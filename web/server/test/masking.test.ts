import { createUsers } from '@keshi/db/users';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';
import { names } from './world.ts';

let web: RunningWeb;
let admin: string;
let staff: string;
beforeAll(async () => {
  web = await runWeb();
  await tokenOf(web, 'learner');
  admin = await tokenOf(web, 'school-admin');
  staff = await tokenOf(web, 'staff');
});
afterAll(() => web.close());

it('masks learners in the audit log, and names those who supervise', async () => {
  const answer = await call(web, 'listAudit', { token: admin, query: { limit: 200 } });
  const actors = answer.body.rows.map(({ actor }) => actor?.name);
  expect(actors).toContain(names.staff);
  expect(actors).toContain(`${names.learner[0]}**`);
  expect(answer.bytes.toString()).not.toContain(names.learner);
});

it('finds nobody under the minimum by a piece of the masked name, only by the whole', async () => {
  const found = async (q: string) =>
    (await call(web, 'belowMinimum', { token: admin, query: { q } })).body.rows.map(({ userId }) => userId);
  expect(await found(names.second)).toEqual([web.world.idOf('second')]);
  for (const piece of [names.second.slice(1), names.second.slice(0, 2), names.second.at(-1) ?? ''])
    expect(await found(piece), piece).toEqual([]);
});

it('logs also the attempt to unmask that is refused', async () => {
  const params = { id: web.world.idOf('second') };
  const person = await call(web, 'unmaskUser', { token: admin, params, body: { reason: '看看' } });
  expect(person.error?.code).toBe('not-found');
  const report = await call(web, 'report', {
    token: admin,
    params: { id: web.world.held.id },
    query: { unmask: 'true', reason: '看看' },
  });
  expect(report.error?.code).toBe('forbidden');
  const { rows } = (
    await call(web, 'listAudit', { token: staff, query: { action: 'personal.unmask-refused' } })
  ).body;
  expect(rows.map(({ targetId, actor }) => [targetId, actor?.id])).toEqual([
    [web.world.held.id, web.world.idOf('school-admin')],
    [params.id, web.world.idOf('school-admin')],
  ]);
});

it('finds everybody of a scope, however many elsewhere are called alike', async () => {
  const { world, db } = web;
  const crowd = (orgId: string, prefix: string, n: number) =>
    Array.from({ length: n }, (_, index) => ({
      login: `${prefix}${index}`,
      name: '同名',
      orgId,
      passwordHash: 'x',
      memberships: [{ orgId, role: 'learner' as const }],
    }));
  await createUsers(db, [
    ...crowd(world.otherSchool.id, 'crowd-a', 520),
    ...crowd(world.school.id, 'crowd-z', 3),
  ]);
  for (const q of ['crowd-', '同名'])
    expect((await call(web, 'listUsers', { token: staff, query: { q } })).body.total, q).toBe(3);
});

it('takes what is searched for literally', async () => {
  for (const q of ['%', '_', '\\']) {
    const courses = await call(web, 'listCourses', { token: staff, query: { q } });
    expect([q, courses.body.total]).toEqual([q, 0]);
  }
});
