/** A small world for tests: an institution, an employer, a course, a group and its people. */
import { scheduleClass } from '../src/classes.ts';
import type { Db } from '../src/client.ts';
import { createCourse } from '../src/courses.ts';
import { createGroup, enrol } from '../src/groups.ts';
import { newId } from '../src/ids.ts';
import { createOrganization } from '../src/organizations.ts';
import { createUsers } from '../src/users.ts';

export const t0 = Date.UTC(2026, 8, 1, 1, 0);
export const minute = 60_000;

export async function world(db: Db, learners = 3) {
  const platform = await createOrganization(db, {
    parentId: null,
    kind: 'platform',
    name: `平台 ${newId()}`,
  });
  const institution = await createOrganization(db, {
    parentId: platform.id,
    kind: 'institution',
    name: '学校',
  });
  const employer = await createOrganization(db, { parentId: platform.id, kind: 'employer', name: '公司' });
  const person = (i: number, role: 'learner' | 'instructor') => ({
    orgId: institution.id,
    login: `${role}-${newId()}`,
    passwordHash: 'none',
    name: `张三${i}`,
    memberships: [{ orgId: institution.id, role }],
  });
  const { created } = await createUsers(db, [
    person(0, 'instructor'),
    ...Array.from({ length: learners }, (_, i) => person(i + 1, 'learner')),
  ]);
  const [instructorId = '', ...learnerIds] = created.map(({ id }) => id);
  const course = await createCourse(db, { orgId: institution.id, title: '电工基础' });
  const group = await createGroup(db, { courseId: course.id, name: '一班', employerOrgId: employer.id });
  await enrol(db, { groupId: group.id, userIds: learnerIds });
  const schedule = (start = t0) =>
    scheduleClass(db, {
      groupId: group.id,
      instructorId,
      title: '第一课',
      scheduledStart: start,
      scheduledEnd: start + 90 * minute,
    });
  return { platform, institution, employer, course, group, instructorId, learnerIds, schedule };
}
