import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { getCourse } from '@keshi/db/courses';
import { employersOf } from '@keshi/db/employers';
import {
  createGroup,
  enrol,
  getGroup,
  type Group,
  listEnrolled,
  listGroups,
  unenrol,
  updateGroup,
} from '@keshi/db/groups';
import { getOrganization } from '@keshi/db/organizations';
import { namesOf } from '@keshi/db/person-names';
import { learnersByLogin } from '@keshi/db/user-list';
import { type Actor, type Action, scopesOf } from '@keshi/rules/access';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { rosterIn } from '../courses/roster.ts';
import { bind } from '../http/bind.ts';
import { isInReach, peopleReach, type PeopleReach } from '../people-reach.ts';
import { listScopes } from '../scopes.ts';
import { readTable } from '../tables/read-table.ts';

/** Of one list. */
const mostLearners = 5_000;

export function groupRoutes({ db, clock }: { db: Db; clock: Clock }) {
  /** The group, once the actor may do this with it; one he may not even see does not exist for him. */
  async function find(
    actor: Actor,
    id: string,
    action: Action,
  ): Promise<{ group: Group; reach: PeopleReach }> {
    const group = await getGroup(db, id);
    if (!group) throw new AppError('not-found');
    const resource = { kind: 'group', orgPaths: group.orgPaths } as const;
    if (action !== 'report.read') authorise(actor, 'report.read', resource, { hidden: true });
    authorise(actor, action, resource, { hidden: action === 'report.read' });
    return { group, reach: peopleReach(actor, action, resource) };
  }

  async function demandEmployer(id: string | null | undefined): Promise<void> {
    if (id === null || id === undefined) return;
    const org = await getOrganization(db, id);
    if (org?.kind !== 'employer') throw new AppError('invalid-input', { fields: ['body.employerOrgId'] });
  }

  return {
    listGroups: bind(routes.listGroups, async ({ actor, query }) => {
      const under = listScopes(actor, ['report.read', 'group'], ['class.schedule', 'org']);
      const { total, rows: found } = await listGroups(db, {
        under,
        courseId: query.courseId,
        query: query.q,
        offset: query.offset,
        limit: query.limit,
      });
      return { total, rows: found.map(toRow) };
    }),

    getGroup: bind(routes.getGroup, async ({ actor, params }) =>
      toRow((await find(actor, params.id, 'report.read')).group),
    ),

    createGroup: bind(routes.createGroup, async ({ actor, body, audit }) => {
      const course = await getCourse(db, body.courseId);
      if (!course) throw new AppError('invalid-input', { fields: ['body.courseId'] });
      authorise(actor, 'group.manage', { kind: 'org', path: course.orgPath });
      await demandEmployer(body.employerOrgId);
      const group = await createGroup(db, body);
      await audit({
        action: 'group.created',
        targetType: 'group',
        targetId: group.id,
        orgPath: course.orgPath,
        detail: { courseId: course.id, employerOrgId: body.employerOrgId },
      });
      return toRow(group);
    }),

    updateGroup: bind(routes.updateGroup, async ({ actor, params, body, audit }) => {
      const { group } = await find(actor, params.id, 'group.manage');
      await demandEmployer(body.employerOrgId);
      const changed = await updateGroup(db, { id: params.id, ...body });
      await audit({
        action: 'group.changed',
        targetType: 'group',
        targetId: params.id,
        orgPath: group.orgPaths[0],
        detail: { fields: Object.keys(body).filter((field) => field !== 'version') },
      });
      return toRow(changed);
    }),

    listEnrolments: bind(routes.listEnrolments, async ({ actor, params, query }) => {
      const { reach } = await find(actor, params.id, 'report.read');
      const { total, rows: found } = await listEnrolled(db, {
        groupId: params.id,
        ...(reach === null ? {} : { employers: reach }),
        offset: query.offset,
        limit: query.limit,
      });
      return {
        total,
        rows: found.map(({ userId, login, maskedName, enrolledAt }) => ({
          userId,
          login,
          name: maskedName,
          enrolledAt,
        })),
      };
    }),

    enrol: bind(routes.enrol, async ({ actor, params, body, audit }) => {
      const { group, reach } = await find(actor, params.id, 'group.manage');
      // Whoever is not in reach of the actor or of the group is as unknown as who does not exist.
      // The employer of a group enrols its own people; the institution whose course it is, those of both.
      const under = [...scopesOf(actor, 'group.manage', 'org'), ...(reach === null ? group.orgPaths : [])];
      const logins = [...new Set(body.logins)];
      const known = await learnersByLogin(db, { logins, under });
      const unknown = logins.filter((login) => !known.has(login));
      if (unknown.length > 0) return { enrolled: 0, already: 0, unknown };
      const userIds = [...known.values()];
      const enrolled = await enrol(db, { groupId: group.id, userIds });
      await audit({
        action: 'group.enrolled',
        targetType: 'group',
        targetId: group.id,
        orgPath: group.orgPaths[0],
        detail: { enrolled, userIds },
      });
      return { enrolled, already: userIds.length - enrolled, unknown: [] };
    }),

    importLearners: bind(
      routes.importLearners,
      async ({ actor, params, body, audit }) => {
        const { group, reach } = await find(actor, params.id, 'group.manage');
        const roster = rosterIn(await readTable(body, mostLearners));
        if (!roster) throw new AppError('invalid-input', { fields: ['body'] });
        const under = [...scopesOf(actor, 'group.manage', 'org'), ...(reach === null ? group.orgPaths : [])];
        const known = await learnersByLogin(db, { logins: roster.lines.map(({ login }) => login), under });
        const named = await namesOf(db, [...known.values()]);
        const errors = [...roster.errors];
        for (const { row, login, name } of roster.lines) {
          const userId = known.get(login);
          if (userId === undefined) errors.push({ row, problem: 'unknown' });
          else if (name !== '' && named.get(userId) !== name) errors.push({ row, problem: 'name' });
        }
        errors.sort((a, b) => a.row - b.row);
        if (errors.length > 0) return { enrolled: 0, already: 0, errors };
        const userIds = roster.lines.flatMap(({ login }) => known.get(login) ?? []);
        const enrolled = await enrol(db, { groupId: group.id, userIds });
        await audit({
          action: 'group.enrolled',
          targetType: 'group',
          targetId: group.id,
          orgPath: group.orgPaths[0],
          detail: { enrolled, userIds },
        });
        return { enrolled, already: userIds.length - enrolled, errors: [] };
      },
      { limit: 'export' },
    ),

    unenrol: bind(routes.unenrol, async ({ actor, params, audit }) => {
      const { group, reach } = await find(actor, params.id, 'group.manage');
      const employers = await employersOf(db, [params.userId]);
      if (!isInReach(reach, employers.get(params.userId) ?? [])) throw new AppError('not-found');
      const ended = await unenrol(db, { groupId: group.id, userIds: [params.userId], now: clock() });
      if (ended === 0) throw new AppError('not-found');
      await audit({
        action: 'group.unenrolled',
        targetType: 'user',
        targetId: params.userId,
        orgPath: group.orgPaths[0],
        detail: { groupId: group.id },
      });
    }),
  };
}

function toRow({ orgPaths: _, ...group }: Group) {
  return group;
}
