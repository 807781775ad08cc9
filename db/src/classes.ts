/** Classes as they are scheduled and listed. What happens in one while it runs is `class-log.ts`. */
import { type ClassRole, type ClassState, classState } from '@keshi/contract/domain';
import type { Db } from './client.ts';
import { Refused, refusing } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { inScope, type Scope } from './scope.ts';
import { containing } from './text-search.ts';

export interface ClassRow {
  id: string;
  ordinal: number;
  title: string;
  state: ClassState;
  scheduledStart: number;
  scheduledEnd: number;
  startedAt: number | null;
  endedAt: number | null;
  courseId: string;
  courseTitle: string;
  /** Overrides of the rules' numbers, as stored. */
  policy: unknown;
  groupId: string;
  groupName: string;
  /** Of the institution. */
  orgName: string;
  /** The institution's path, and the employer's if there is one. */
  orgPaths: string[];
  instructorId: string;
  /** Not masked: learners know who teaches them. */
  instructorName: string;
  /** Learners enrolled now. */
  expected: number;
  /** Whether the asking person is one of them. */
  enrolled: boolean;
  /** Whether it is recorded; does not change once it has begun. */
  record: boolean;
  version: number;
}

/** `asking` is nobody's id when no person asks. */
const nobody = '00000000-0000-0000-0000-000000000000';

function columns(asking: string) {
  return {
    id: true,
    ordinal: true,
    title: true,
    state: true,
    scheduledStart: true,
    scheduledEnd: true,
    startedAt: true,
    endedAt: true,
    instructorId: true,
    record: true,
    version: true,
    instructor: { select: { nameSealed: true } },
    group: {
      select: {
        id: true,
        name: true,
        course: {
          select: { id: true, title: true, policy: true, org: { select: { name: true, path: true } } },
        },
        employer: { select: { path: true } },
        enrolments: { where: { userId: asking, endedAt: null }, select: { userId: true } },
        _count: { select: { enrolments: { where: { endedAt: null } } } },
      },
    },
  } satisfies Prisma.LiveClassSelect;
}

function fromRow(db: Db, row: Prisma.LiveClassGetPayload<{ select: ReturnType<typeof columns> }>): ClassRow {
  const { group, instructor, ...own } = row;
  const { course, employer } = group;
  return {
    ...own,
    state: classState.parse(own.state),
    scheduledStart: fromDate(own.scheduledStart),
    scheduledEnd: fromDate(own.scheduledEnd),
    startedAt: fromDateOrNull(own.startedAt),
    endedAt: fromDateOrNull(own.endedAt),
    courseId: course.id,
    courseTitle: course.title,
    policy: course.policy,
    groupId: group.id,
    groupName: group.name,
    orgName: course.org.name,
    orgPaths: [course.org.path, ...(employer ? [employer.path] : [])],
    instructorName: db.personal.open('User.name', instructor.nameSealed),
    expected: group._count.enrolments,
    enrolled: group.enrolments.length > 0,
  };
}

/** With everything an access decision needs: `orgPaths`, `instructorId`, `enrolled` (of `asking`). */
export async function getClass(db: Db, id: string, asking = nobody): Promise<ClassRow | null> {
  const row = await db.prisma.liveClass.findUnique({ where: { id }, select: columns(asking) });
  return row && fromRow(db, row);
}

export interface ClassFilter extends PageRequest {
  userId: string;
  /** What the person may observe. */
  observes: Scope;
  /** Only the classes in which the person is this. */
  as?: ClassRole;
  state?: ClassState | readonly ClassState[];
  /** Classes that overlap `[from, to)` as scheduled. */
  from?: number;
  to?: number;
  query?: string;
  order?: 'soonest' | 'latest';
}

/** The classes a person attends (by enrolment), teaches, or may observe. Cancelled ones only when asked for by state. */
export async function listClassesFor(db: Db, filter: ClassFilter): Promise<Page<ClassRow>> {
  const { userId, as, from, to, query, order = 'soonest' } = filter;
  const by: Record<ClassRole, Prisma.LiveClassWhereInput[]> = {
    attendee: [{ group: { enrolments: { some: { userId, endedAt: null } } } }],
    host: [{ instructorId: userId }],
    observer: ofScope(filter.observes),
  };
  const states = filter.state === undefined ? undefined : [filter.state].flat();
  const where: Prisma.LiveClassWhereInput = {
    OR: as ? by[as] : [...by.attendee, ...by.host, ...by.observer],
    state: states ? { in: states } : { not: 'cancelled' },
    ...(to !== undefined && { scheduledStart: { lt: toDate(to) } }),
    ...(from !== undefined && { scheduledEnd: { gt: toDate(from) } }),
    ...(query && { AND: [namedLike(query)] }),
  };
  const direction = order === 'soonest' ? 'asc' : 'desc';
  return list(db, where, [{ scheduledStart: direction }, { id: direction }], filter, userId);
}

/** The schedule of the institutions and employers in scope, latest first, cancelled ones included. */
export async function listSchedule(
  db: Db,
  filter: { under: Scope; groupId?: string; query?: string } & PageRequest,
): Promise<Page<ClassRow>> {
  const where: Prisma.LiveClassWhereInput = {
    OR: ofScope(filter.under),
    ...(filter.groupId && { groupId: filter.groupId }),
    ...(filter.query && { AND: [namedLike(filter.query)] }),
  };
  return list(db, where, [{ scheduledStart: 'desc' }, { id: 'desc' }], filter, nobody);
}

function ofScope(scope: Scope): Prisma.LiveClassWhereInput[] {
  return inScope(scope).flatMap((path) => [
    { group: { course: { org: { path } } } },
    { group: { employer: { path } } },
  ]);
}

function namedLike(query: string): Prisma.LiveClassWhereInput {
  const text = containing(query);
  return { OR: [{ title: text }, { group: { name: text } }, { group: { course: { title: text } } }] };
}

async function list(
  db: Db,
  where: Prisma.LiveClassWhereInput,
  orderBy: Prisma.LiveClassOrderByWithRelationInput[],
  page: PageRequest,
  asking: string,
): Promise<Page<ClassRow>> {
  const [total, rows] = await Promise.all([
    db.prisma.liveClass.count({ where }),
    db.prisma.liveClass.findMany({ where, select: columns(asking), orderBy, ...pageOf(page) }),
  ]);
  return { total, rows: rows.map((row) => fromRow(db, row)) };
}

export interface ScheduleInput {
  title: string;
  instructorId: string;
  scheduledStart: number;
  scheduledEnd: number;
  /** Whether the class is recorded; not, when absent. */
  record?: boolean | undefined;
}

/** Its number within the group follows. Throws `Refused` `not-found` without that group or instructor. */
export async function scheduleClass(db: Db, input: ScheduleInput & { groupId: string }): Promise<ClassRow> {
  const id = newId();
  await refusing('class', () =>
    db.prisma.$transaction(async (tx) => {
      // The group's row is the queue in which two schedulers wait for their numbers.
      await tx.$queryRaw`SELECT 1 FROM "ClassGroup" WHERE "id" = ${input.groupId}::uuid FOR NO KEY UPDATE`;
      const last = await tx.liveClass.aggregate({
        where: { groupId: input.groupId },
        _max: { ordinal: true },
      });
      const { record = false, ...fields } = input;
      await tx.liveClass.create({
        data: {
          ...fields,
          id,
          record,
          ordinal: (last._max.ordinal ?? 0) + 1,
          scheduledStart: toDate(input.scheduledStart),
          scheduledEnd: toDate(input.scheduledEnd),
        },
        select: { id: true },
      });
    }),
  );
  return existing(await getClass(db, id));
}

/**
 * Changes or cancels a class that has not begun; absent fields stay, and `cancelled: false` puts a cancelled one back.
 * Throws `Refused`: `outdated`, `not-found`, and `conflict` with `state` when it has begun.
 */
export async function rescheduleClass(
  db: Db,
  input: Partial<ScheduleInput> & { id: string; version: number; cancelled?: boolean },
): Promise<ClassRow> {
  const { id, version, cancelled, scheduledStart, scheduledEnd, record, ...fields } = input;
  const { count } = await refusing('class', () =>
    db.prisma.liveClass.updateMany({
      where: { id, version, state: { in: ['scheduled', 'cancelled'] } },
      data: {
        ...fields,
        ...(scheduledStart !== undefined && { scheduledStart: toDate(scheduledStart) }),
        ...(scheduledEnd !== undefined && { scheduledEnd: toDate(scheduledEnd) }),
        ...(record !== undefined && { record }),
        ...(cancelled !== undefined && { state: cancelled ? 'cancelled' : 'scheduled' }),
        version: { increment: 1 },
      },
    }),
  );
  const now = existing(await getClass(db, id));
  if (count > 0) return now;
  throw now.version === version
    ? new Refused('conflict', 'class', ['state'])
    : new Refused('outdated', 'class');
}

function existing(row: ClassRow | null): ClassRow {
  if (!row) throw new Refused('not-found', 'class');
  return row;
}
