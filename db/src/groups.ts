/** 班组: the learners who take a course together, and who is enrolled. */
import type { Db } from './client.ts';
import { maskName } from './crypto.ts';
import { peopleOfEmployers } from './employers.ts';
import { outdatedOrMissing, refusing } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import { fromDate, toDate } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { inScope, type Scope } from './scope.ts';
import { containing } from './text-search.ts';

export interface Group {
  id: string;
  courseId: string;
  courseTitle: string;
  name: string;
  employer: { id: string; name: string } | null;
  /** The institution's path, and the employer's if there is one: who covers either may see the group. */
  orgPaths: string[];
  /** Enrolled now. */
  learners: number;
  classes: number;
  version: number;
}

const columns = {
  id: true,
  courseId: true,
  name: true,
  version: true,
  course: { select: { title: true, org: { select: { path: true } } } },
  employer: { select: { id: true, name: true, path: true } },
  _count: { select: { enrolments: { where: { endedAt: null } }, classes: true } },
} as const;

function fromRow(row: Prisma.ClassGroupGetPayload<{ select: typeof columns }>): Group {
  const { course, employer, _count, ...group } = row;
  return {
    ...group,
    courseTitle: course.title,
    employer: employer && { id: employer.id, name: employer.name },
    orgPaths: [course.org.path, ...(employer ? [employer.path] : [])],
    learners: _count.enrolments,
    classes: _count.classes,
  };
}

/** Throws `Refused`: `conflict` when the course has a group of that name, `not-found` for an unknown course or employer. */
export async function createGroup(
  db: Db,
  input: { courseId: string; name: string; employerOrgId?: string | null },
): Promise<Group> {
  const row = await refusing('group', () =>
    db.prisma.classGroup.create({ data: { id: newId(), ...input }, select: columns }),
  );
  return fromRow(row);
}

export async function getGroup(db: Db, id: string): Promise<Group | null> {
  const row = await db.prisma.classGroup.findUnique({ where: { id }, select: columns });
  return row && fromRow(row);
}

/** Whether the person gives, or gave, a class to the group. */
export async function teachesGroup(
  db: Db,
  { groupId, userId }: { groupId: string; userId: string },
): Promise<boolean> {
  const row = await db.prisma.liveClass.findFirst({
    where: { groupId, instructorId: userId },
    select: { id: true },
  });
  return row !== null;
}

/** Groups whose institution or employer is in scope, newest first. */
export async function listGroups(
  db: Db,
  filter: { under: Scope; courseId?: string; query?: string } & PageRequest,
): Promise<Page<Group>> {
  const where: Prisma.ClassGroupWhereInput = {
    OR: inScope(filter.under).flatMap((path) => [{ course: { org: { path } } }, { employer: { path } }]),
    ...(filter.courseId && { courseId: filter.courseId }),
    ...(filter.query && { name: containing(filter.query) }),
  };
  const [total, rows] = await Promise.all([
    db.prisma.classGroup.count({ where }),
    db.prisma.classGroup.findMany({ where, select: columns, orderBy: { id: 'desc' }, ...pageOf(filter) }),
  ]);
  return { total, rows: rows.map(fromRow) };
}

/** Groups the person gives, or gave, a class to; newest first. */
export async function groupsTaughtBy(
  db: Db,
  { userId, query, ...page }: { userId: string; query?: string } & PageRequest,
): Promise<Page<Group>> {
  const where: Prisma.ClassGroupWhereInput = {
    classes: { some: { instructorId: userId } },
    ...(query && { OR: [{ name: containing(query) }, { course: { title: containing(query) } }] }),
  };
  const [total, rows] = await Promise.all([
    db.prisma.classGroup.count({ where }),
    db.prisma.classGroup.findMany({ where, select: columns, orderBy: { id: 'desc' }, ...pageOf(page) }),
  ]);
  return { total, rows: rows.map(fromRow) };
}

/** `version` is the one the editor saw; absent fields stay. Throws `Refused`: `outdated`, `not-found`, `conflict`. */
export async function updateGroup(
  db: Db,
  input: { id: string; version: number; name?: string; employerOrgId?: string | null },
): Promise<Group> {
  const { id, version, ...fields } = input;
  const { count } = await refusing('group', () =>
    db.prisma.classGroup.updateMany({
      where: { id, version },
      data: { ...fields, version: { increment: 1 } },
    }),
  );
  const row = await getGroup(db, id);
  return count > 0 && row ? row : outdatedOrMissing('group', Promise.resolve(row));
}

/** Enrols people; who left earlier is enrolled again, who is enrolled stays. Answers how many changed. */
export async function enrol(db: Db, input: { groupId: string; userIds: readonly string[] }): Promise<number> {
  const rows = await refusing('enrolment', () =>
    db.sql(
      `INSERT INTO "Enrolment" ("groupId", "userId") SELECT $1, u FROM unnest($2::uuid[]) AS u
       ON CONFLICT ("groupId", "userId") DO UPDATE SET "endedAt" = NULL WHERE "Enrolment"."endedAt" IS NOT NULL
       RETURNING "userId"`,
      [input.groupId, [...new Set(input.userIds)]],
    ),
  );
  return rows.length;
}

/** The enrolment ends; what the person did until then stays on record. Answers how many changed. */
export async function unenrol(
  db: Db,
  input: { groupId: string; userIds: readonly string[]; now: number },
): Promise<number> {
  const { count } = await db.prisma.enrolment.updateMany({
    where: { groupId: input.groupId, userId: { in: [...input.userIds] }, endedAt: null },
    data: { endedAt: toDate(input.now) },
  });
  return count;
}

export interface EnrolledRow {
  userId: string;
  login: string;
  maskedName: string;
  enrolledAt: number;
}

/** Who is enrolled now, in the order of enrolment; with `employers` without the people of other employers. */
export async function listEnrolled(
  db: Db,
  filter: { groupId: string; employers?: Scope } & PageRequest,
): Promise<Page<EnrolledRow>> {
  const where: Prisma.EnrolmentWhereInput = {
    groupId: filter.groupId,
    endedAt: null,
    ...(filter.employers && { user: peopleOfEmployers(filter.employers) }),
  };
  const [total, rows] = await Promise.all([
    db.prisma.enrolment.count({ where }),
    db.prisma.enrolment.findMany({
      where,
      select: { userId: true, createdAt: true, user: { select: { login: true, nameSealed: true } } },
      orderBy: [{ createdAt: 'asc' }, { userId: 'asc' }],
      ...pageOf(filter),
    }),
  ]);
  return {
    total,
    rows: rows.map(({ userId, createdAt, user }) => ({
      userId,
      login: user.login,
      maskedName: maskName(db.personal.open('User.name', user.nameSealed)),
      enrolledAt: fromDate(createdAt),
    })),
  };
}
