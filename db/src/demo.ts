/**
 * Something to look at from the first start: an institution with a course, a class about to begin, one tomorrow and one
 * that was yesterday, and a course that is over. For development alone: everybody knows the password.
 */
import type { OrganizationKind, Role } from '@keshi/contract/domain';
import { hash } from '@node-rs/argon2';
import { scheduleClass } from './classes.ts';
import type { Db } from './client.ts';
import { seedHeldClass } from './demo-class.ts';
import { seedDemoExams } from './demo-exams.ts';
import { seedDemoPackage } from './demo-courses.ts';
import { seedFinishedCourse } from './demo-finished.ts';
import { enrol } from './groups.ts';
import { newId } from './ids.ts';
import { toDate } from './instants.ts';
import { createOrganization } from './organizations.ts';
import { prepareQuiz } from './quizzes.ts';
import { createUser } from './users.ts';

export const demoPassword = 'keshi-demo-2026';

export interface DemoAccount {
  login: string;
  password: string;
  name: string;
  role: Role;
}

/** Learners of the course that is over, and of nothing else. */
const finished = ['马晓燕', '韩磊', '唐静', '冯涛'].map((name, i) => ({
  login: `learner${i + 11}`,
  name,
  role: 'learner' as const,
  org: 'institution' as const,
}));

const people: readonly { login: string; name: string; role: Role; org: OrgName }[] = [
  { login: 'admin', name: '周敏', role: 'admin', org: 'platform' },
  { login: 'regulator', name: '陈思远', role: 'regulator', org: 'authority' },
  { login: 'supervisor', name: '刘海燕', role: 'staff', org: 'institution' },
  { login: 'employer', name: '赵国强', role: 'employer', org: 'employer' },
  { login: 'teacher', name: '王建国', role: 'instructor', org: 'institution' },
  ...['张三', '李秀英', '王小明', '欧阳晓雪', '陈浩', '杨丽', '黄志强', '吴婷婷', '徐大伟', '孙悦'].map(
    (name, i) => ({ login: `learner${i + 1}`, name, role: 'learner' as const, org: 'institution' as const }),
  ),
  ...finished,
  { login: 'expert1', name: '何志远', role: 'expert', org: 'authority' },
  { login: 'expert2', name: '罗文静', role: 'expert', org: 'authority' },
];

type OrgName = 'platform' | 'authority' | 'institution' | 'employer';

const organizations: Record<OrgName, { name: string; kind: OrganizationKind; parent: OrgName | null }> = {
  platform: { name: '平台', kind: 'platform', parent: null },
  authority: { name: '省人社厅演示', kind: 'authority', parent: 'platform' },
  institution: { name: '青山职业技术学校', kind: 'institution', parent: 'authority' },
  employer: { name: '恒达电气有限公司', kind: 'employer', parent: 'authority' },
};

const courses: readonly { title: string; summary: string; policy?: { declaredHours: number } }[] = [
  { title: '电工基础', summary: '电路、安全用电、常用低压电器与照明线路。面向初级电工。' },
  {
    title: '低压电工作业安全',
    summary: '触电急救、停电验电与挂牌上锁，作业前的每一步为什么。',
    policy: { declaredHours: 2 },
  },
  { title: '工业机器人操作入门', summary: '示教器、坐标系与点位编程，上机前的安全确认。' },
  { title: '新能源汽车维修基础', summary: '高压系统断电、绝缘检测与动力电池的日常检查。' },
];

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** Held while seeding, so that two starts at once make one demo. */
const LOCK = 5_374_812;

/**
 * May be run at every start: what is there stays, and there is always a class about to begin and one tomorrow.
 * `now` is server time in ms.
 */
export async function seedDemo(
  db: Db,
  { now }: { now: number },
): Promise<{ accounts: DemoAccount[]; schoolId: string }> {
  const lock = await db.pool.connect();
  let schoolId: string;
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [LOCK]);
    schoolId = await seed(db, now);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [LOCK]).catch(() => undefined);
    lock.release();
  }
  return {
    accounts: people.map(({ login, name, role }) => ({ login, name, role, password: demoPassword })),
    schoolId,
  };
}

/** Answers the id of the school. */
async function seed(db: Db, now: number): Promise<string> {
  const orgIds = await seedOrganizations(db);
  const userIds = await seedPeople(db, orgIds);
  const courseIds = await Promise.all(courses.map((course) => seedCourse(db, orgIds.institution, course)));
  const groupId = await seedGroup(db, {
    courseId: courseIds[0] ?? '',
    employerOrgId: orgIds.employer,
    name: '2026 秋季一班',
  });
  const learnerIds = people
    .filter(({ role, login }) => role === 'learner' && !finished.some((one) => one.login === login))
    .map(({ login }) => userIds.get(login) ?? '');
  await enrol(db, { groupId, userIds: learnerIds });
  const instructorId = userIds.get('teacher') ?? '';
  await seedDemoPackage(db, { courseId: courseIds[0] ?? '', instructorId });

  await seedDemoExams(db, { courseId: courseIds[0] ?? '', teacherId: instructorId, learnerIds, now });
  const held = await db.prisma.liveClass.count({ where: { groupId, state: 'ended' } });
  if (held === 0) await seedHeldClass(db, { groupId, instructorId, learnerIds, start: yesterday(now) });
  await seedFinishedCourse(db, {
    groupId: await seedGroup(db, { courseId: courseIds[1] ?? '', employerOrgId: null, name: '2026 夏季班' }),
    instructorId,
    staffId: userIds.get('supervisor') ?? '',
    learnerIds: finished.map(({ login }) => userIds.get(login) ?? ''),
    now,
  });
  const soon = Math.ceil((now + 5 * minute) / minute) * minute;
  await seedComing(db, {
    groupId,
    instructorId,
    title: '常用低压电器',
    start: soon,
    from: now - 2 * hour,
    to: now + 12 * hour,
    now,
  });
  const next = soon + day;
  await seedComing(db, {
    groupId,
    instructorId,
    title: '照明线路安装',
    start: next,
    from: now + 12 * hour,
    to: now + 10 * day,
    now,
  });
  return orgIds.institution;
}

function yesterday(now: number): number {
  return Math.floor((now - day) / hour) * hour;
}

async function seedOrganizations(db: Db): Promise<Record<OrgName, string>> {
  const ids: Partial<Record<OrgName, string>> = {};
  const ensure = async (key: OrgName): Promise<string> => {
    const { name, kind, parent } = organizations[key];
    const parentId = parent === null ? null : (ids[parent] ?? (await ensure(parent)));
    const known = await db.prisma.organization.findFirst({ where: { parentId, name }, select: { id: true } });
    const id = known?.id ?? (await createOrganization(db, { parentId, kind, name })).id;
    ids[key] = id;
    return id;
  };
  return {
    platform: await ensure('platform'),
    authority: await ensure('authority'),
    institution: await ensure('institution'),
    employer: await ensure('employer'),
  };
}

async function seedPeople(db: Db, orgIds: Record<OrgName, string>): Promise<Map<string, string>> {
  const known = await db.prisma.user.findMany({
    where: { login: { in: people.map(({ login }) => login) } },
    select: { id: true, login: true },
  });
  const ids = new Map(known.map(({ id, login }) => [login, id]));
  const missing = people.filter(({ login }) => !ids.has(login));
  if (missing.length === 0) return ids;
  const passwordHash = await hash(demoPassword);
  for (const { login, name, role, org } of missing) {
    const phone = `1390000${String(1000 + people.findIndex((person) => person.login === login))}`;
    const memberships = [{ orgId: orgIds[org], role }];
    const { id } = await createUser(db, {
      login,
      name,
      phone,
      passwordHash,
      orgId: orgIds[org],
      memberships,
    });
    ids.set(login, id);
  }
  return ids;
}

async function seedCourse(
  db: Db,
  orgId: string,
  course: { title: string; summary: string; policy?: { declaredHours: number } },
): Promise<string> {
  const { title } = course;
  const row = await db.prisma.course.upsert({
    where: { orgId_title: { orgId, title } },
    create: { id: newId(), orgId, ...course },
    update: {},
    select: { id: true },
  });
  return row.id;
}

async function seedGroup(
  db: Db,
  { courseId, employerOrgId, name }: { courseId: string; employerOrgId: string | null; name: string },
): Promise<string> {
  const row = await db.prisma.classGroup.upsert({
    where: { courseId_name: { courseId, name } },
    create: { id: newId(), courseId, name, employerOrgId },
    update: {},
    select: { id: true },
  });
  return row.id;
}

/**
 * A class that begins between `from` and `to` and is not over: if there is none, one that nobody held gets the time `start`,
 * else a new one.
 */
async function seedComing(
  db: Db,
  given: {
    groupId: string;
    instructorId: string;
    title: string;
    start: number;
    from: number;
    to: number;
    now: number;
  },
): Promise<void> {
  const { groupId, instructorId, title, start, from, to, now } = given;
  const coming = await db.prisma.liveClass.count({
    where: {
      groupId,
      state: { in: ['scheduled', 'live', 'paused'] },
      scheduledStart: { gte: toDate(from), lt: toDate(to) },
      scheduledEnd: { gt: toDate(now) },
    },
  });
  if (coming > 0) return;
  const end = start + 90 * minute;
  const missed = await db.prisma.liveClass.findFirst({
    where: { groupId, state: 'scheduled', scheduledEnd: { lte: toDate(now) } },
    select: { id: true },
    orderBy: { ordinal: 'asc' },
  });
  if (missed) {
    const data = { scheduledStart: toDate(start), scheduledEnd: toDate(end), version: { increment: 1 } };
    await db.prisma.liveClass.update({ where: { id: missed.id }, data, select: { id: true } });
    return;
  }
  const { id } = await scheduleClass(db, {
    groupId,
    instructorId,
    title,
    scheduledStart: start,
    scheduledEnd: end,
    record: true,
  });
  for (const draft of drafts) await prepareQuiz(db, id, draft);
}

const drafts = [
  {
    kind: 'single' as const,
    stem: '断路器的主要作用是什么？',
    options: ['计量用电量', '在过载或短路时切断电路', '提高电压', '储存电能'],
    correct: [1],
    seconds: 60,
  },
  {
    kind: 'multiple' as const,
    stem: '下列哪些属于低压电器？',
    options: ['接触器', '热继电器', '110 kV 变压器', '熔断器'],
    correct: [0, 1, 3],
    seconds: 90,
  },
  {
    kind: 'truefalse' as const,
    stem: '更换熔断器时可以用铜丝代替。',
    options: ['对', '错'],
    correct: [1],
    seconds: 30,
  },
];
