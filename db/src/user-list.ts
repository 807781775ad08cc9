/** People in lists and searches, masked. */
import { type Role, role } from '@keshi/contract/domain';
import type { Db } from './client.ts';
import { maskName, maskPhone } from './crypto.ts';
import type { Prisma } from './generated/client.ts';
import { fromDate, fromDateOrNull } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { inScope, type Scope } from './scope.ts';
import { literally } from './text-search.ts';

/** More than anybody pages through: a search that finds as many is to be made narrower. */
const MOST_FOUND = 5_000;

/** A person in a list. */
export interface UserRow {
  id: string;
  login: string;
  maskedName: string;
  maskedPhone: string | null;
  orgId: string;
  orgName: string;
  roles: { role: Role; orgId: string; orgName: string }[];
  createdAt: number;
  disabledAt: number | null;
  version: number;
}

/**
 * People who belong to, or have a role in, an organisation in scope, newest first. `query` is the beginning of a login,
 * or a whole name or phone (which the blind index finds however it was typed).
 */
export async function listUsers(
  db: Db,
  filter: {
    under: Scope;
    query?: string;
    orgId?: string;
    role?: Role;
    disabled?: boolean;
    /** This person alone, if in scope. */
    id?: string;
  } & PageRequest,
): Promise<Page<UserRow>> {
  const { query } = filter;
  const where: Prisma.UserWhereInput = {
    ...(filter.id && { id: filter.id }),
    ...(filter.orgId && { orgId: filter.orgId }),
    ...(filter.role && { memberships: { some: { role: filter.role } } }),
    ...(filter.disabled !== undefined && { disabledAt: filter.disabled ? { not: null } : null }),
    AND: [
      {
        OR: inScope(filter.under).flatMap((path) => [
          { org: { path } },
          { memberships: { some: { org: { path } } } },
        ]),
      },
      query ? { id: { in: await idsByQuery(db, query, filter.under) } } : {},
    ],
  };
  const [total, rows] = await Promise.all([
    db.prisma.user.count({ where }),
    db.prisma.user.findMany({
      where,
      select: {
        id: true,
        login: true,
        nameSealed: true,
        phoneSealed: true,
        orgId: true,
        createdAt: true,
        disabledAt: true,
        version: true,
        org: { select: { name: true } },
        memberships: { select: { role: true, orgId: true, org: { select: { name: true } } } },
      },
      orderBy: { id: 'desc' },
      ...pageOf(filter),
    }),
  ]);
  return {
    total,
    rows: rows.map((row) => ({
      id: row.id,
      login: row.login,
      maskedName: maskName(db.personal.open('User.name', row.nameSealed)),
      maskedPhone: row.phoneSealed && maskPhone(db.personal.open('User.phone', row.phoneSealed)),
      orgId: row.orgId,
      orgName: row.org.name,
      roles: row.memberships.map((m) => ({ role: role.parse(m.role), orgId: m.orgId, orgName: m.org.name })),
      createdAt: fromDate(row.createdAt),
      disabledAt: fromDateOrNull(row.disabledAt),
      version: row.version,
    })),
  };
}

/** Each way of its own index; joined with OR none would be used. In scope already here, so that nobody else's crowd it out. */
async function idsByQuery(db: Db, query: string, under: Scope): Promise<string[]> {
  const inReach = `EXISTS (SELECT 1 FROM "Organization" o WHERE o."path" LIKE ANY($4::text[]) AND (o."id" = u."orgId"
    OR EXISTS (SELECT 1 FROM "Membership" m WHERE m."userId" = u."id" AND m."orgId" = o."id")))`;
  const rows = await db.sql<{ id: string }>(
    `SELECT u."id" FROM "User" u WHERE u."login" LIKE $1 AND ${inReach}
     UNION SELECT u."id" FROM "User" u WHERE u."nameIndex" = ANY($2) AND ${inReach}
     UNION SELECT u."id" FROM "User" u WHERE u."phoneIndex" = ANY($3) AND ${inReach}
     LIMIT ${MOST_FOUND}`,
    [
      `${literally(query)}%`,
      db.personal.indexes('User.name', query),
      db.personal.indexes('User.phone', query),
      [under].flat().map((path) => `${literally(path)}%`),
    ],
  );
  return rows.map(({ id }) => id);
}

/** Learners by login, among the people of the organisations at and below any of the paths. Unknown ones are absent. */
export async function learnersByLogin(
  db: Db,
  filter: { logins: readonly string[]; under: Scope },
): Promise<Map<string, string>> {
  const rows = await db.prisma.user.findMany({
    where: {
      login: { in: [...filter.logins] },
      disabledAt: null,
      memberships: { some: { role: 'learner' } },
      OR: inScope(filter.under).flatMap((path) => [
        { org: { path } },
        { memberships: { some: { org: { path } } } },
      ]),
    },
    select: { id: true, login: true },
  });
  return new Map(rows.map(({ id, login }) => [login, id]));
}
