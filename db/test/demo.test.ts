import { verify } from '@node-rs/argon2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAttendanceFacts } from '../src/attendance-facts.ts';
import { certificateFacts } from '../src/certificate-facts.ts';
import { listClassesFor } from '../src/classes.ts';
import { seedDemo } from '../src/demo.ts';
import { listOrganizations } from '../src/organizations.ts';
import { listQuizzes } from '../src/quizzes.ts';
import { type TestDatabase, testDatabase } from '../src/testing/database.ts';
import { findForLogin } from '../src/login-accounts.ts';
import { getUser } from '../src/users.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const now = Date.UTC(2026, 9, 12, 2, 30, 20);

describe('the demo', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await testDatabase();
  });
  afterAll(() => test.close());

  async function everything() {
    const { prisma } = test.db;
    const counts = await Promise.all([
      prisma.organization.count(),
      prisma.user.count(),
      prisma.course.count(),
      prisma.classGroup.count(),
      prisma.enrolment.count(),
      prisma.liveClass.count(),
      prisma.visit.count(),
      prisma.presenceInterval.count(),
      prisma.quiz.count(),
      prisma.classEvent.count(),
    ]);
    return counts;
  }

  it('is made once, also when two processes start at once, and its accounts can log in', async () => {
    const [{ accounts }] = await Promise.all([seedDemo(test.db, { now }), seedDemo(test.db, { now })]);
    const made = await everything();
    await seedDemo(test.db, { now: now + minute });
    expect(await everything()).toEqual(made);
    for (const login of ['admin', 'regulator', 'supervisor', 'employer', 'teacher', 'learner1', 'learner8']) {
      const account = accounts.find((known) => known.login === login);
      const facts = await findForLogin(test.db, login);
      expect(facts && account && (await getUser(test.db, facts.id))).toMatchObject({
        name: account?.name,
        memberships: [{ role: account?.role }],
      });
    }
    const admin = await findForLogin(test.db, 'admin');
    expect(await verify(admin?.passwordHash ?? '', accounts[0]?.password ?? '')).toBe(true);
    const regulator = await findForLogin(test.db, 'regulator');
    const scope = (regulator && (await getUser(test.db, regulator.id)))?.memberships[0]?.orgPath ?? '';
    const seen = await listOrganizations(test.db, { under: scope });
    expect(seen.rows.map(({ kind, depth }) => [kind, depth])).toEqual([
      ['authority', 1],
      ['institution', 2],
      ['employer', 2],
    ]);
  });

  it('always has a class about to begin, with prepared questions, and one tomorrow', async () => {
    const teacher = (await findForLogin(test.db, 'teacher'))?.id ?? '';
    const coming = async (at: number) =>
      (
        await listClassesFor(test.db, {
          userId: teacher,
          observes: [],
          as: 'host',
          state: 'scheduled',
          from: at,
        })
      ).rows;
    const [soon, tomorrow] = await coming(now);
    expect((soon?.scheduledStart ?? 0) - now).toBeGreaterThanOrEqual(5 * minute);
    expect((soon?.scheduledStart ?? 0) - now).toBeLessThan(6 * minute);
    expect((tomorrow?.scheduledStart ?? 0) - (soon?.scheduledStart ?? 0)).toBe(day);
    expect(await listQuizzes(test.db, soon?.id ?? '')).toHaveLength(3);
    // A week later nobody has held them: they get new times instead of piling up.
    const later = now + 7 * day;
    await seedDemo(test.db, { now: later });
    const again = await coming(later);
    expect(again.map(({ id }) => id).sort()).toEqual([soon?.id, tomorrow?.id].sort());
    expect((again[0]?.scheduledStart ?? 0) - later).toBeLessThan(6 * minute);
  });

  it('has a course that is over, with learners who lack different things for a certificate', async () => {
    const course = await test.db.prisma.course.findFirst({ where: { title: '低压电工作业安全' } });
    const logins = ['learner11', 'learner12', 'learner13', 'learner14'];
    const people = await Promise.all(logins.map((login) => findForLogin(test.db, login)));
    const facts = await certificateFacts(test.db.sql, test.db.personal, {
      courseId: course?.id ?? '',
      userIds: people.map((person) => person?.id ?? ''),
      now,
    });
    expect(facts.map(({ login }) => login)).toEqual(logins);
    expect(facts.map(({ identity }) => identity.document)).toEqual([
      'confirmed',
      'confirmed',
      'confirmed',
      null,
    ]);
    // Not settled yet: that is the ledger's to do.
    for (const one of facts)
      expect(one).toMatchObject({ classesHeld: 1, classesRemaining: 1, liveMs: 90 * minute, creditedMs: 0 });
  });

  it('has a class of yesterday whose facts have something to show', async () => {
    const teacher = (await findForLogin(test.db, 'teacher'))?.id ?? '';
    const { rows } = await listClassesFor(test.db, {
      userId: teacher,
      observes: [],
      as: 'host',
      state: 'ended',
      order: 'latest',
    });
    const facts = await loadAttendanceFacts(test.db, rows[0]?.id ?? '');
    expect(facts?.live).toHaveLength(2);
    expect(facts?.quizzes).toHaveLength(2);
    expect(facts?.outages).toHaveLength(1);
    expect(facts?.learners).toHaveLength(10);
    expect(facts?.learners.filter(({ intervals }) => intervals.length > 1).length).toBeGreaterThan(5);
    expect(facts?.learners.every(({ intervals }) => intervals.every(({ node }) => node !== ''))).toBe(true);
  });
});
