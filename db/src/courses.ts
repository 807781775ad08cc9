import type { Db } from './client.ts';
import { outdatedOrMissing, refusing } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { inScope, type Scope } from './scope.ts';
import { containing } from './text-search.ts';

export interface Course {
  id: string;
  orgId: string;
  orgPath: string;
  orgName: string;
  title: string;
  summary: string;
  /** Overrides of the starred numbers of the rules, as stored: whoever uses it parses it. */
  policy: unknown;
  groups: number;
  classes: number;
  version: number;
}

const columns = {
  id: true,
  orgId: true,
  title: true,
  summary: true,
  policy: true,
  version: true,
  org: { select: { path: true, name: true } },
  groups: { select: { _count: { select: { classes: true } } } },
} as const;

function fromRow(row: Prisma.CourseGetPayload<{ select: typeof columns }>): Course {
  const { org, groups, ...course } = row;
  const classes = groups.reduce((sum, group) => sum + group._count.classes, 0);
  return { ...course, orgPath: org.path, orgName: org.name, groups: groups.length, classes };
}

/** `policy` is what the rules' own schema accepted. Throws `Refused`: `conflict` when the organisation has the title. */
export async function createCourse(
  db: Db,
  input: { orgId: string; title: string; summary?: string; policy?: Record<string, number | string> },
): Promise<Course> {
  const row = await refusing('course', () =>
    db.prisma.course.create({ data: { id: newId(), ...input }, select: columns }),
  );
  return fromRow(row);
}

export async function getCourse(db: Db, id: string): Promise<Course | null> {
  const row = await db.prisma.course.findUnique({ where: { id }, select: columns });
  return row && fromRow(row);
}

/** Courses of the organisations in scope, by title. */
export async function listCourses(
  db: Db,
  filter: { under: Scope; query?: string } & PageRequest,
): Promise<Page<Course>> {
  const where: Prisma.CourseWhereInput = {
    OR: inScope(filter.under).map((path) => ({ org: { path } })),
    ...(filter.query && { title: containing(filter.query) }),
  };
  const [total, rows] = await Promise.all([
    db.prisma.course.count({ where }),
    db.prisma.course.findMany({
      where,
      select: columns,
      orderBy: [{ title: 'asc' }, { id: 'asc' }],
      ...pageOf(filter),
    }),
  ]);
  return { total, rows: rows.map(fromRow) };
}

/** `version` is the one the editor saw; absent fields stay. Throws `Refused`: `outdated`, `not-found`, `conflict`. */
export async function updateCourse(
  db: Db,
  input: {
    id: string;
    version: number;
    title?: string;
    summary?: string;
    policy?: Record<string, number | string>;
  },
): Promise<Course> {
  const { id, version, ...fields } = input;
  const { count } = await refusing('course', () =>
    db.prisma.course.updateMany({
      where: { id, version },
      data: { ...fields, version: { increment: 1 } },
    }),
  );
  const row = await getCourse(db, id);
  return count > 0 && row ? row : outdatedOrMissing('course', Promise.resolve(row));
}
