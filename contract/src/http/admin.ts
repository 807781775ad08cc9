import { z } from 'zod';
import { classState, id, instant, organizationKind, role } from '../domain.ts';
import { policyValues } from '../policy.ts';
import { pageOf, pageQuery, queryInstant } from './page.ts';
import { defineRoutes } from './route.ts';

const byId = z.object({ id });
const title = z.string().trim().min(1).max(120);
/** The version the editor saw; an edit of an older one is refused as `outdated`. */
const version = z.int().min(1);

export const organizationRow = z.object({
  id,
  parentId: id.nullable(),
  kind: organizationKind,
  name: z.string(),
  path: z.string(),
  depth: z.int(),
  users: z.int(),
  courses: z.int(),
  version,
});
export type OrganizationRow = z.infer<typeof organizationRow>;

export const userRow = z.object({
  id,
  login: z.string(),
  /** Masked in lists. */
  name: z.string(),
  phone: z.string().nullable(),
  org: z.object({ id, name: z.string() }),
  roles: z.array(z.object({ role, orgId: id, orgName: z.string() })),
  disabled: z.boolean(),
  createdAt: instant,
  version,
});
export type UserRow = z.infer<typeof userRow>;

const login = z
  .string()
  .trim()
  .min(3)
  .max(64)
  .regex(/^[a-zA-Z0-9._@-]+$/);
const phone = z.string().regex(/^1[3-9]\d{9}$/);
const grants = z
  .array(z.object({ role, orgId: id }))
  .min(1)
  .max(16);

export const courseRow = z.object({
  id,
  orgId: id,
  orgName: z.string(),
  title: z.string(),
  summary: z.string(),
  groups: z.int(),
  classes: z.int(),
  policy: policyValues,
  version,
});
export type CourseRow = z.infer<typeof courseRow>;

export const groupRow = z.object({
  id,
  courseId: id,
  courseTitle: z.string(),
  employer: z.object({ id, name: z.string() }).nullable(),
  name: z.string(),
  learners: z.int(),
  classes: z.int(),
  version,
});
export type GroupRow = z.infer<typeof groupRow>;

export const scheduleRow = z.object({
  id,
  groupId: id,
  groupName: z.string(),
  courseTitle: z.string(),
  instructor: z.object({ id, name: z.string() }),
  ordinal: z.int(),
  title: z.string(),
  state: classState,
  scheduledStart: instant,
  scheduledEnd: instant,
  record: z.boolean(),
  version,
});
export type ScheduleRow = z.infer<typeof scheduleRow>;

const scheduleBody = z.object({
  title,
  instructorId: id,
  scheduledStart: instant,
  scheduledEnd: instant,
  /** Whether the class is recorded; absent: not, or as it was. */
  record: z.boolean().optional(),
});

export const auditRow = z.object({
  id: z.string(),
  at: instant,
  actor: z.object({ id, name: z.string() }).nullable(),
  action: z.string(),
  targetType: z.string(),
  targetId: z.string(),
  detail: z.record(z.string(), z.unknown()),
  address: z.string(),
});

/** What is wrong with a row of an uploaded list of learners. */
export const rosterProblem = z.enum(['login', 'twice', 'unknown', 'name']);
export type RosterProblem = z.infer<typeof rosterProblem>;

export const adminRoutes = defineRoutes({
  listOrganizations: {
    method: 'GET',
    path: '/api/admin/organizations',
    tag: 'admin',
    access: 'session',
    summary: 'The organisations in one’s scope, as a tree in path order.',
    query: pageQuery,
    reply: pageOf(organizationRow),
  },
  createOrganization: {
    method: 'POST',
    path: '/api/admin/organizations',
    tag: 'admin',
    access: 'session',
    summary: 'Add an organisation below another.',
    body: z.object({ parentId: id, kind: organizationKind, name: title }),
    reply: organizationRow,
  },
  updateOrganization: {
    method: 'PATCH',
    path: '/api/admin/organizations/:id',
    tag: 'admin',
    access: 'session',
    summary: 'Rename an organisation.',
    params: byId,
    body: z.object({ name: title, version }),
    reply: organizationRow,
  },
  listUsers: {
    method: 'GET',
    path: '/api/admin/users',
    tag: 'admin',
    access: 'session',
    summary: 'People in one’s scope, names masked. `q` finds a login prefix or a full name.',
    query: pageQuery.extend({ orgId: id.optional(), role: role.optional() }),
    reply: pageOf(userRow),
  },
  createUser: {
    method: 'POST',
    path: '/api/admin/users',
    tag: 'admin',
    access: 'session',
    summary: 'Add a person.',
    body: z.object({
      login,
      name: z.string().trim().min(1).max(64),
      phone: phone.nullable(),
      orgId: id,
      roles: grants,
      password: z.string().min(10).max(128),
    }),
    reply: userRow,
  },
  updateUser: {
    method: 'PATCH',
    path: '/api/admin/users/:id',
    tag: 'admin',
    access: 'session',
    summary:
      'Change name, phone, roles, password, or disable. Ends the person’s sessions when rights shrink.',
    params: byId,
    body: z.object({
      version,
      name: z.string().trim().min(1).max(64).optional(),
      phone: phone.nullable().optional(),
      roles: grants.optional(),
      disabled: z.boolean().optional(),
      password: z.string().min(10).max(128).optional(),
    }),
    reply: userRow,
  },
  unmaskUser: {
    method: 'POST',
    path: '/api/admin/users/:id/unmask',
    tag: 'admin',
    access: 'session',
    summary: 'Full name and phone of one person; the reading is logged.',
    params: byId,
    body: z.object({ reason: z.string().trim().min(2).max(200) }),
    reply: z.object({ name: z.string(), phone: z.string().nullable() }),
  },
  listCourses: {
    method: 'GET',
    path: '/api/admin/courses',
    tag: 'admin',
    access: 'session',
    summary: 'Courses in one’s scope.',
    query: pageQuery,
    reply: pageOf(courseRow),
  },
  createCourse: {
    method: 'POST',
    path: '/api/admin/courses',
    tag: 'admin',
    access: 'session',
    summary: 'Add a course.',
    body: z.object({ orgId: id, title, summary: z.string().trim().max(2000).default('') }),
    reply: courseRow,
  },
  updateCourse: {
    method: 'PATCH',
    path: '/api/admin/courses/:id',
    tag: 'admin',
    access: 'session',
    summary: 'Change a course or its policy.',
    params: byId,
    body: z.object({
      version,
      title: title.optional(),
      summary: z.string().trim().max(2000).optional(),
      policy: policyValues.optional(),
    }),
    reply: courseRow,
  },
  listGroups: {
    method: 'GET',
    path: '/api/admin/groups',
    tag: 'admin',
    access: 'session',
    summary: 'Class groups (班组).',
    query: pageQuery.extend({ courseId: id.optional() }),
    reply: pageOf(groupRow),
  },
  getGroup: {
    method: 'GET',
    path: '/api/admin/groups/:id',
    tag: 'admin',
    access: 'session',
    summary: 'One class group.',
    params: byId,
    reply: groupRow,
  },
  createGroup: {
    method: 'POST',
    path: '/api/admin/groups',
    tag: 'admin',
    access: 'session',
    summary: 'Add a class group.',
    body: z.object({ courseId: id, name: title, employerOrgId: id.nullable() }),
    reply: groupRow,
  },
  updateGroup: {
    method: 'PATCH',
    path: '/api/admin/groups/:id',
    tag: 'admin',
    access: 'session',
    summary: 'Rename a class group or change its employer.',
    params: byId,
    body: z.object({ version, name: title.optional(), employerOrgId: id.nullable().optional() }),
    reply: groupRow,
  },
  listEnrolments: {
    method: 'GET',
    path: '/api/admin/groups/:id/learners',
    tag: 'admin',
    access: 'session',
    summary: 'Learners of a group, names masked.',
    params: byId,
    query: pageQuery,
    reply: pageOf(z.object({ userId: id, login: z.string(), name: z.string(), enrolledAt: instant })),
  },
  enrol: {
    method: 'POST',
    path: '/api/admin/groups/:id/learners',
    tag: 'admin',
    access: 'session',
    summary: 'Enrol learners by login; unknown logins come back, nothing is half done.',
    params: byId,
    body: z.object({ logins: z.array(login).min(1).max(500) }),
    reply: z.object({ enrolled: z.int(), already: z.int(), unknown: z.array(z.string()) }),
  },
  importLearners: {
    method: 'POST',
    path: '/api/admin/groups/:id/learners/import',
    tag: 'admin',
    access: 'session',
    summary:
      'Enrol the learners of a list (CSV or XLSX; columns 账号 and, to be compared, 姓名). All wrong rows come back, nothing is half done.',
    params: byId,
    upload: { type: 'application/octet-stream', maxBytes: 2 * 1024 ** 2 },
    reply: z.object({
      enrolled: z.int().nonnegative(),
      already: z.int().nonnegative(),
      errors: z.array(z.object({ row: z.int(), problem: rosterProblem })),
    }),
  },
  unenrol: {
    method: 'DELETE',
    path: '/api/admin/groups/:id/learners/:userId',
    tag: 'admin',
    access: 'session',
    summary: 'End an enrolment; what was attended stays on record.',
    params: z.object({ id, userId: id }),
  },
  listSchedule: {
    method: 'GET',
    path: '/api/admin/schedule',
    tag: 'admin',
    access: 'session',
    summary: 'Scheduled classes.',
    query: pageQuery.extend({ groupId: id.optional() }),
    reply: pageOf(scheduleRow),
  },
  scheduleClass: {
    method: 'POST',
    path: '/api/admin/schedule',
    tag: 'admin',
    access: 'session',
    summary: 'Schedule a class of a group; its number within the group follows.',
    body: scheduleBody.extend({ groupId: id }),
    reply: scheduleRow,
  },
  rescheduleClass: {
    method: 'PATCH',
    path: '/api/admin/schedule/:id',
    tag: 'admin',
    access: 'session',
    summary: 'Change or cancel a class that has not begun.',
    params: byId,
    body: scheduleBody.partial().extend({ version, cancelled: z.boolean().optional() }),
    reply: scheduleRow,
  },
  listAudit: {
    method: 'GET',
    path: '/api/admin/audit',
    tag: 'admin',
    access: 'session',
    summary: 'The audit log in one’s scope, newest first.',
    query: pageQuery.extend({
      action: z.string().max(64).optional(),
      from: queryInstant.optional(),
      to: queryInstant.optional(),
    }),
    reply: pageOf(auditRow),
  },
  platformHealth: {
    method: 'GET',
    path: '/api/admin/health',
    tag: 'admin',
    access: 'session',
    summary: 'Services, their checks, and recorded outages.',
    reply: z.object({
      status: z.enum(['ok', 'degraded', 'down']),
      services: z.array(
        z.object({
          kind: z.string(),
          id: z.string(),
          status: z.string(),
          detail: z.record(z.string(), z.unknown()),
        }),
      ),
      outages: z.array(
        z.object({ kind: z.string(), scope: z.string(), from: instant, to: instant.nullable() }),
      ),
      /** [J4] Stored faces, and from how many on they have to be filed. */
      faces: z.object({
        enrolled: z.int().nonnegative(),
        filing: z.enum(['ok', 'near', 'due']),
        filingAt: z.int(),
      }),
    }),
  },
});
