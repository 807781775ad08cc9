import type { Role } from '@keshi/contract/domain';
import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { getOrganization } from '@keshi/db/organizations';
import { revealPerson } from '@keshi/db/person-names';
import { listUsers } from '@keshi/db/user-list';
import { changeUser, createUser, getUser, type User } from '@keshi/db/users';
import { type Actor, assignableRoles, can } from '@keshi/rules/access';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import type { Logins } from '../auth/logins.ts';
import { demandGoodPassword } from '../auth/password-rules.ts';
import type { Passwords } from '../auth/passwords.ts';
import { bind } from '../http/bind.ts';
import { listScopes, narrowed } from '../scopes.ts';

interface Deps {
  db: Db;
  clock: Clock;
  logins: Logins;
  passwords: Passwords;
}

interface Grant {
  orgId: string;
  role: Role;
}

export function userRoutes({ db, clock, logins, passwords }: Deps) {
  /** One person as lists show people. */
  async function row(id: string) {
    const { rows } = await listUsers(db, { under: '/', id, limit: 1 });
    const [found] = rows;
    if (!found) throw new AppError('not-found');
    return toRow(found);
  }

  /** Throws `forbidden` unless every role is one the actor may give in that organisation. */
  async function demandAssignable(actor: Actor, grants: readonly Grant[]): Promise<void> {
    for (const orgId of new Set(grants.map((grant) => grant.orgId))) {
      const org = await getOrganization(db, orgId);
      if (!org) throw new AppError('invalid-input', { fields: ['body.roles'] });
      const allowed = assignableRoles(actor, org.path);
      if (grants.some((grant) => grant.orgId === orgId && !allowed.includes(grant.role)))
        throw new AppError('forbidden');
    }
  }

  /** The person, and the path of the organisation it belongs to. */
  async function find(id: string): Promise<{ user: User; home: string }> {
    const user = await getUser(db, id);
    const home = user && (await getOrganization(db, user.orgId));
    if (!user || !home) throw new AppError('not-found');
    return { user, home: home.path };
  }

  return {
    listUsers: bind(routes.listUsers, async ({ actor, query }) => {
      const scopes = listScopes(actor, ['user.manage', 'org'], ['report.read', 'org']);
      const only = query.orgId === undefined ? null : await getOrganization(db, query.orgId);
      if (query.orgId !== undefined && !only) return { total: 0, rows: [] };
      const under = only ? narrowed(scopes, only.path) : scopes;
      const { total, rows } = await listUsers(db, {
        under,
        query: query.q,
        role: query.role,
        offset: query.offset,
        limit: query.limit,
      });
      return { total, rows: rows.map(toRow) };
    }),

    createUser: bind(routes.createUser, async ({ actor, body, audit }) => {
      const { password, roles, ...person } = body;
      const home = await getOrganization(db, body.orgId);
      if (!home) throw new AppError('invalid-input', { fields: ['body.orgId'] });
      authorise(actor, 'user.manage', { kind: 'org', path: home.path });
      await demandAssignable(actor, roles);
      demandGoodPassword(password, body.login, 'body.password');
      const { id } = await createUser(db, {
        ...person,
        memberships: distinct(roles),
        passwordHash: await passwords.hash(password),
      });
      await audit({
        action: 'user.created',
        targetType: 'user',
        targetId: id,
        orgPath: home.path,
        detail: { roles: roles.map(grantText) },
      });
      return row(id);
    }),

    updateUser: bind(routes.updateUser, async ({ actor, params, body, audit }) => {
      const { id } = params;
      const { user, home } = await find(id);
      const person = { kind: 'person', userId: id, memberships: user.memberships } as const;
      authorise(actor, 'user.manage', person, { hidden: !can(actor, 'report.read', person) });
      // What was decided above was decided on this version; the edit must be of no other.
      if (user.version !== body.version) throw new AppError('outdated');
      if (body.roles) {
        // Roles that would be taken away must be the actor's to give as well.
        await demandAssignable(actor, [...body.roles, ...user.memberships]);
      }
      if (body.password !== undefined) demandGoodPassword(body.password, user.login, 'body.password');
      await changeUser(db, {
        id,
        version: body.version,
        name: body.name,
        phone: body.phone,
        memberships: body.roles && distinct(body.roles),
        disabledAt: body.disabled === undefined ? undefined : body.disabled ? clock() : null,
        passwordHash: body.password === undefined ? undefined : await passwords.hash(body.password),
        now: clock(),
      });
      const kept = new Set(body.roles?.map(grantText));
      const shrunk = body.roles !== undefined && user.memberships.some((held) => !kept.has(grantText(held)));
      const ends = body.disabled === true || body.password !== undefined || shrunk;
      if (ends) await logins.revoke(id);
      const { version: _, ...changed } = body;
      await audit({
        action: 'user.changed',
        targetType: 'user',
        targetId: id,
        orgPath: home,
        detail: {
          fields: Object.keys(changed),
          endedLogin: ends,
          ...(body.roles ? { roles: body.roles.map(grantText) } : {}),
          ...(body.disabled === undefined ? {} : { disabled: body.disabled }),
        },
      });
      return row(id);
    }),

    unmaskUser: bind(routes.unmaskUser, async ({ actor, params, body, http, audit }) => {
      const { user, home } = await find(params.id);
      const person = { kind: 'person', userId: params.id, memberships: user.memberships } as const;
      // That somebody tried is for those to see who answer for the person.
      if (!can(actor, 'personal.unmask', person))
        await audit({
          action: 'personal.unmask-refused',
          targetType: 'user',
          targetId: params.id,
          orgPath: home,
        });
      authorise(actor, 'personal.unmask', person, { hidden: true });
      return revealPerson(db, {
        userId: params.id,
        actorId: actor.userId,
        reason: body.reason,
        address: http.address,
      });
    }),
  };
}

type ListedUser = Awaited<ReturnType<typeof listUsers>>['rows'][number];

function toRow(user: ListedUser) {
  return {
    id: user.id,
    login: user.login,
    name: user.maskedName,
    phone: user.maskedPhone,
    org: { id: user.orgId, name: user.orgName },
    roles: user.roles,
    disabled: user.disabledAt !== null,
    createdAt: user.createdAt,
    version: user.version,
  };
}

function grantText({ role, orgId }: Grant): string {
  return `${role}@${orgId}`;
}

function distinct(grants: readonly Grant[]): Grant[] {
  return [...new Map(grants.map((grant) => [grantText(grant), grant])).values()];
}
