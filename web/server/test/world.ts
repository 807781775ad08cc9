import type { Role } from '@keshi/contract/domain';
import { scheduleClass } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { createCourse } from '@keshi/db/courses';
import { createGroup, enrol } from '@keshi/db/groups';
import { newId } from '@keshi/db/ids';
import { createOrganization } from '@keshi/db/organizations';
import { upsertIntervals, upsertVisits } from '@keshi/db/presence';
import { prepareQuiz } from '@keshi/db/quizzes';
import { storeScreeningHit } from '@keshi/db/screening';
import { createUsers } from '@keshi/db/users';
import { hash } from '@node-rs/argon2';

const minute = 60_000;

/** Names that occur nowhere else, so that finding one somewhere proves a leak. */
export const names = {
  learner: '欧阳晓雪',
  second: '司马玉兰',
  evil: '=1+2',
  instructor: '诸葛文远',
  staff: '上官婉清',
} as const;
export const phones = { learner: '13911112222', staff: '13733334444' } as const;

/**
 * Two authorities side by side, each with an institution; an employer under the first one, whose people attend a class
 * that was held yesterday. Cheap hashes: what is tested is not how slow they are.
 */
export async function seedWorld(db: Db, now: number) {
  const password = 'correct horse battery';
  const passwordHash = await hash(password, { memoryCost: 8, timeCost: 1, parallelism: 1 });
  const organization = (
    parentId: string | null,
    kind: Parameters<typeof createOrganization>[1]['kind'],
    name: string,
  ) => createOrganization(db, { parentId, kind, name });
  const platform = await organization(null, 'platform', '平台');
  const authority = await organization(platform.id, 'authority', '甲省人社厅');
  const otherAuthority = await organization(platform.id, 'authority', '乙省人社厅');
  const school = await organization(authority.id, 'institution', '青山学校');
  const otherSchool = await organization(otherAuthority.id, 'institution', '绿水学校');
  const employer = await organization(authority.id, 'employer', '恒达公司');
  const otherEmployer = await organization(authority.id, 'employer', '另一公司');

  const people: { login: string; name: string; role: Role; orgId: string; phone?: string }[] = [
    { login: 'admin', name: '平台管理员', role: 'admin', orgId: platform.id },
    { login: 'school-admin', name: '学校管理员', role: 'admin', orgId: school.id },
    { login: 'regulator', name: '甲省监管', role: 'regulator', orgId: authority.id },
    { login: 'other-regulator', name: '乙省监管', role: 'regulator', orgId: otherAuthority.id },
    { login: 'staff', name: names.staff, role: 'staff', orgId: school.id, phone: phones.staff },
    { login: 'other-staff', name: '别校教务', role: 'staff', orgId: otherSchool.id },
    { login: 'employer', name: '人事经理', role: 'employer', orgId: employer.id },
    { login: 'other-employer', name: '别家人事', role: 'employer', orgId: otherEmployer.id },
    { login: 'expert', name: '评审专家', role: 'expert', orgId: authority.id },
    { login: 'teacher', name: names.instructor, role: 'instructor', orgId: school.id },
    { login: 'other-teacher', name: '别班教师', role: 'instructor', orgId: school.id },
    { login: 'learner', name: names.learner, role: 'learner', orgId: school.id, phone: phones.learner },
    { login: 'second', name: names.second, role: 'learner', orgId: school.id },
    { login: 'evil', name: names.evil, role: 'learner', orgId: school.id },
    { login: 'stranger', name: '他班学员', role: 'learner', orgId: school.id },
  ];
  const { created } = await createUsers(
    db,
    people.map(({ role, ...person }) => ({
      ...person,
      phone: person.phone ?? null,
      passwordHash,
      memberships: [{ orgId: person.orgId, role }],
    })),
  );
  const idOf = (login: string) => {
    const id = created.find(({ place }) => people[place]?.login === login)?.id;
    if (!id) throw new Error(`nobody is called ${login}`);
    return id;
  };

  const course = await createCourse(db, { orgId: school.id, title: '电工基础' });
  const otherCourse = await createCourse(db, { orgId: otherSchool.id, title: '焊工基础' });
  const group = await createGroup(db, { courseId: course.id, name: '一班', employerOrgId: employer.id });
  const plainGroup = await createGroup(db, { courseId: course.id, name: '二班' });
  const otherGroup = await createGroup(db, { courseId: otherCourse.id, name: '别校一班' });
  await enrol(db, { groupId: group.id, userIds: ['learner', 'second', 'evil'].map(idOf) });

  const schedule = (groupId: string, instructor: string, title: string, start: number) =>
    scheduleClass(db, {
      groupId,
      instructorId: idOf(instructor),
      title,
      scheduledStart: start,
      scheduledEnd: start + 60 * minute,
    });
  const start = now - 24 * 60 * minute;
  const held = await schedule(group.id, 'teacher', '第一课', start);
  const coming = await schedule(group.id, 'teacher', '第二课', now + 60 * minute);
  const running = await schedule(group.id, 'teacher', '第三课', now - 10 * minute);
  const plainClass = await schedule(plainGroup.id, 'other-teacher', '二班第一课', now + 60 * minute);
  const otherClass = await schedule(otherGroup.id, 'other-teacher', '别校第一课', now + 60 * minute);

  await hold(db, held.id, start, start + 60 * minute, [
    // All of it; less than 80 %; and the one with the formula for a name never came.
    { userId: idOf('learner'), from: start - 1000, to: start + 60 * minute },
    { userId: idOf('second'), from: start + 20 * minute, to: start + 50 * minute },
  ]);
  await db.prisma.liveClass.update({
    where: { id: running.id },
    data: { state: 'live', startedAt: new Date(now - 10 * minute) },
  });
  await db.prisma.liveSpan.create({ data: { classId: running.id, from: new Date(now - 10 * minute) } });

  const draft = {
    kind: 'single' as const,
    stem: '断路器的作用？',
    options: ['计量', '切断电路'],
    correct: [1],
    seconds: 60,
  };
  const prepared = await prepareQuiz(db, coming.id, draft);
  const asked = await prepareQuiz(db, held.id, draft);
  await db.prisma.quiz.update({
    where: { id: asked.id },
    data: {
      openedAt: new Date(start + 30 * minute),
      closesAt: new Date(start + 31 * minute),
      closedAt: new Date(start + 31 * minute),
    },
  });
  await db.prisma.quizAnswer.create({
    data: {
      quizId: asked.id,
      userId: idOf('learner'),
      choice: [1],
      correct: true,
      at: new Date(start + 30.5 * minute),
    },
  });
  const questionId = newId();
  await db.prisma.question.create({
    data: {
      id: questionId,
      classId: held.id,
      at: new Date(start + 10 * minute),
      userId: idOf('learner'),
      clientId: newId(),
      text: '零线和地线有什么区别？',
    },
  });
  await storeScreeningHit(db, {
    classId: held.id,
    at: start + 5 * minute,
    userId: idOf('second'),
    surface: 'chat',
    category: 'gambling',
    terms: ['x'],
    text: '被拦下的话',
    orgPath: school.path,
  });

  return {
    password,
    passwordHash,
    idOf,
    platform,
    authority,
    otherAuthority,
    school,
    otherSchool,
    employer,
    otherEmployer,
    course,
    otherCourse,
    group,
    plainGroup,
    otherGroup,
    held,
    coming,
    running,
    plainClass,
    otherClass,
    prepared,
    asked,
    questionId,
  };
}
export type World = Awaited<ReturnType<typeof seedWorld>>;

/** Puts a class on record as held, with these people in it. */
async function hold(
  db: Db,
  classId: string,
  from: number,
  to: number,
  present: readonly { userId: string; from: number; to: number }[],
): Promise<void> {
  await db.prisma.liveClass.update({
    where: { id: classId },
    data: { state: 'ended', startedAt: new Date(from), endedAt: new Date(to) },
  });
  await db.prisma.liveSpan.create({ data: { classId, from: new Date(from), to: new Date(to) } });
  const visits = present.map((one) => ({ ...one, visitId: newId() }));
  await upsertVisits(
    db,
    visits.map((one) => ({
      id: one.visitId,
      classId,
      userId: one.userId,
      role: 'attendee' as const,
      nodeId: 'node',
      device: 'desktop' as const,
      openedAt: one.from,
      lastSeenAt: one.to,
      visible: true,
      rttMs: 20,
      closed: { at: one.to, cause: 'left' as const },
    })),
  );
  await upsertIntervals(
    db,
    visits.map((one) => ({
      id: newId(),
      visitId: one.visitId,
      classId,
      userId: one.userId,
      from: one.from,
      lastProof: one.to,
      cause: 'left' as const,
    })),
  );
}
