import { routes } from '@keshi/contract/http/routes';
import { type ClassRow, getClass, listSchedule, rescheduleClass, scheduleClass } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { getGroup } from '@keshi/db/groups';
import { getUser } from '@keshi/db/users';
import { type Actor, covers, scopesOf } from '@keshi/rules/access';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import { listScopes } from '../scopes.ts';

const longestClassMs = 12 * 3_600_000;

export function scheduleRoutes({ db }: { db: Db }) {
  /** An instructor of the institution, of one above or below it, or of another that the scheduling person covers. */
  async function demandInstructor(actor: Actor, orgPaths: readonly string[], id: string): Promise<void> {
    const user = await getUser(db, id);
    const near = [...orgPaths.slice(0, 1), ...scopesOf(actor, 'class.schedule', 'org')];
    const teaches = user?.memberships.some(
      ({ role, orgPath }) =>
        role === 'instructor' && near.some((path) => covers(path, orgPath) || covers(orgPath, path)),
    );
    if (!user || user.disabledAt !== null || !teaches)
      throw new AppError('invalid-input', { fields: ['body.instructorId'] });
  }

  return {
    listSchedule: bind(routes.listSchedule, async ({ actor, query }) => {
      const under = listScopes(actor, ['class.schedule', 'org'], ['class.observe', 'class']);
      const { total, rows } = await listSchedule(db, {
        under,
        groupId: query.groupId,
        query: query.q,
        offset: query.offset,
        limit: query.limit,
      });
      return { total, rows: rows.map(toRow) };
    }),

    scheduleClass: bind(routes.scheduleClass, async ({ actor, body, audit }) => {
      const group = await getGroup(db, body.groupId);
      if (!group) throw new AppError('invalid-input', { fields: ['body.groupId'] });
      const resource = {
        kind: 'class',
        orgPaths: group.orgPaths,
        instructorId: body.instructorId,
        enrolled: false,
      } as const;
      authorise(actor, 'class.schedule', resource);
      demandPeriod(body.scheduledStart, body.scheduledEnd);
      await demandInstructor(actor, group.orgPaths, body.instructorId);
      const scheduled = await scheduleClass(db, body);
      await audit({
        action: 'class.scheduled',
        targetType: 'class',
        targetId: scheduled.id,
        orgPath: scheduled.orgPaths[0],
        detail: { groupId: group.id, start: body.scheduledStart, end: body.scheduledEnd },
      });
      return toRow(scheduled);
    }),

    rescheduleClass: bind(routes.rescheduleClass, async ({ actor, params, body, audit }) => {
      const before = await getClass(db, params.id);
      if (!before) throw new AppError('not-found');
      const resource = { ...before, kind: 'class', enrolled: false } as const;
      authorise(actor, 'class.observe', resource, { hidden: true });
      authorise(actor, 'class.schedule', resource);
      demandPeriod(body.scheduledStart ?? before.scheduledStart, body.scheduledEnd ?? before.scheduledEnd);
      if (body.instructorId !== undefined) await demandInstructor(actor, before.orgPaths, body.instructorId);
      const changed = await rescheduleClass(db, { id: params.id, ...body });
      await audit({
        action: body.cancelled === true ? 'class.cancelled' : 'class.rescheduled',
        targetType: 'class',
        targetId: params.id,
        orgPath: before.orgPaths[0],
        detail: { fields: Object.keys(body).filter((field) => field !== 'version') },
      });
      return toRow(changed);
    }),
  };
}

/** Throws `invalid-input` unless the class ends after it starts, and on a human scale. */
function demandPeriod(start: number, end: number): void {
  if (end <= start || end - start > longestClassMs)
    throw new AppError('invalid-input', { fields: ['body.scheduledEnd'] });
}

function toRow(row: ClassRow) {
  return {
    id: row.id,
    groupId: row.groupId,
    groupName: row.groupName,
    courseTitle: row.courseTitle,
    instructor: { id: row.instructorId, name: row.instructorName },
    ordinal: row.ordinal,
    title: row.title,
    state: row.state,
    scheduledStart: row.scheduledStart,
    scheduledEnd: row.scheduledEnd,
    record: row.record,
    version: row.version,
  };
}
