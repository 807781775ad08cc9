/** People. Names and phones are sealed; lists show them masked, and `revealPerson` logs whoever sees them whole. */
import { type Locale, locale, type Membership, type Role, role } from '@keshi/contract/domain';
import type { Db, PrismaTransaction } from './client.ts';
import { maskName, maskPhone } from './crypto.ts';
import { outdatedOrMissing, Refused, refusing } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { type Page, PAGE_LIMIT, type PageRequest, pageOf } from './page.ts';
import { inScope, type Scope } from './scope.ts';

export interface NewUser {
  orgId: string;
  login: string;
  passwordHash: string;
  name: string;
  phone?: string | null;
  locale?: Locale;
  memberships: readonly { orgId: string; role: Role }[];
}

/** A person as it sees itself: nothing is masked. */
export interface User {
  id: string;
  orgId: string;
  orgName: string;
  login: string;
  name: string;
  phone: string | null;
  locale: Locale;
  disabledAt: number | null;
  version: number;
  memberships: (Membership & { orgName: string })[];
}

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

/** Throws `Refused`: `conflict` with `login` or `phoneIndex` taken, `not-found` for an unknown organisation. */
export async function createUser(db: Db, input: NewUser): Promise<{ id: string }> {
  const id = newId();
  const { orgId, login, passwordHash } = input;
  await refusing('user', () =>
    db.prisma.$transaction(async (tx) => {
      await refuseTakenPhone(db, tx, input.phone ?? null);
      await tx.user.create({
        data: { id, orgId, login, passwordHash, locale: input.locale ?? 'zh-CN', ...sealed(db, input) },
        select: { id: true },
      });
      await tx.membership.createMany({ data: input.memberships.map((m) => ({ userId: id, ...m })) });
    }),
  );
  return { id };
}

/**
 * Many at once, for imports and tests. Those whose login or phone is taken are left out and named by their place in
 * `users`; everybody else is created with their memberships.
 */
export async function createUsers(
  db: Db,
  users: readonly NewUser[],
): Promise<{ created: { place: number; id: string }[]; taken: number[] }> {
  const people = users.map((user, place) => ({ user, place, id: newId() }));
  const rows = people.map(({ user, id }) => ({
    id,
    orgId: user.orgId,
    login: user.login,
    passwordHash: user.passwordHash,
    locale: user.locale ?? 'zh-CN',
    ...sealed(db, user),
  }));
  return db.transaction(async (sql) => {
    const inserted = await sql<{ id: string }>(
      `INSERT INTO "User" ("id", "orgId", "login", "passwordHash", "locale", "nameSealed", "nameIndex", "phoneSealed", "phoneIndex", "updatedAt")
       SELECT "id", "orgId", "login", "passwordHash", "locale", "nameSealed", "nameIndex", "phoneSealed", "phoneIndex", now()
       FROM jsonb_to_recordset($1) AS r("id" uuid, "orgId" uuid, "login" text, "passwordHash" text, "locale" text,
         "nameSealed" text, "nameIndex" text, "phoneSealed" text, "phoneIndex" text)
       ON CONFLICT DO NOTHING RETURNING "id"`,
      [JSON.stringify(rows)],
    );
    const ids = new Set(inserted.map((row) => row.id));
    const memberships = people
      .filter(({ id }) => ids.has(id))
      .flatMap(({ id, user }) => user.memberships.map((m) => ({ userId: id, orgId: m.orgId, role: m.role })));
    await sql(
      `INSERT INTO "Membership" ("userId", "orgId", "role")
       SELECT * FROM jsonb_to_recordset($1) AS r("userId" uuid, "orgId" uuid, "role" text) ON CONFLICT DO NOTHING`,
      [JSON.stringify(memberships)],
    );
    return {
      created: people.filter(({ id }) => ids.has(id)).map(({ place, id }) => ({ place, id })),
      taken: people.filter(({ id }) => !ids.has(id)).map(({ place }) => place),
    };
  });
}

export interface LoginFacts {
  id: string;
  passwordHash: string;
  disabledAt: number | null;
  failedLogins: number;
  lockedUntil: number | null;
  locale: Locale;
}

/** By login name or phone. */
export async function findForLogin(db: Db, loginOrPhone: string): Promise<LoginFacts | null> {
  const select = {
    id: true,
    passwordHash: true,
    disabledAt: true,
    failedLogins: true,
    lockedUntil: true,
    locale: true,
  };
  const byLogin = await db.prisma.user.findUnique({ where: { login: loginOrPhone }, select });
  const phoneIndex = { in: db.personal.indexes('User.phone', loginOrPhone) };
  const row = byLogin ?? (await db.prisma.user.findFirst({ where: { phoneIndex }, select }));
  if (!row) return null;
  return {
    ...row,
    disabledAt: fromDateOrNull(row.disabledAt),
    lockedUntil: fromDateOrNull(row.lockedUntil),
    locale: locale.parse(row.locale),
  };
}

/**
 * Counts a wrong password. From the `allowed`-th in a row on each one locks the account: for `lockMs`, then twice that,
 * and so on, at most `longestMs`. A successful login starts over.
 */
export async function recordFailedLogin(
  db: Db,
  input: { userId: string; now: number; allowed: number; lockMs: number; longestMs: number },
): Promise<{ lockedUntil: number | null }> {
  const [row] = await db.sql<{ lockedUntil: Date | null }>(
    `UPDATE "User" SET
       "failedLogins" = "failedLogins" + 1,
       "lockedUntil" = CASE WHEN "failedLogins" + 1 < $2 THEN "lockedUntil" ELSE
         $3::timestamptz + LEAST($5, $4 * power(2, LEAST(20, "failedLogins" + 1 - $2))) * interval '1 millisecond' END
     WHERE "id" = $1 RETURNING "lockedUntil"`,
    [input.userId, input.allowed, toDate(input.now), input.lockMs, input.longestMs],
  );
  const lockedUntil = fromDateOrNull(row?.lockedUntil ?? null);
  return { lockedUntil: lockedUntil !== null && lockedUntil > input.now ? lockedUntil : null };
}

export async function recordLogin(db: Db, userId: string): Promise<void> {
  await db.sql(
    `UPDATE "User" SET "failedLogins" = 0, "lockedUntil" = NULL WHERE "id" = $1 AND ("failedLogins" > 0 OR "lockedUntil" IS NOT NULL)`,
    [userId],
  );
}

export async function getUser(db: Db, id: string): Promise<User | null> {
  const row = await db.prisma.user.findUnique({
    where: { id },
    select: {
      id: true,
      orgId: true,
      org: { select: { name: true } },
      login: true,
      nameSealed: true,
      phoneSealed: true,
      locale: true,
      disabledAt: true,
      version: true,
      memberships: { select: { role: true, orgId: true, org: { select: { path: true, name: true } } } },
    },
  });
  if (!row) return null;
  return {
    id: row.id,
    orgId: row.orgId,
    orgName: row.org.name,
    login: row.login,
    name: db.personal.open('User.name', row.nameSealed),
    phone: row.phoneSealed && db.personal.open('User.phone', row.phoneSealed),
    locale: locale.parse(row.locale),
    disabledAt: fromDateOrNull(row.disabledAt),
    version: row.version,
    memberships: row.memberships.map((m) => ({
      role: role.parse(m.role),
      orgId: m.orgId,
      orgPath: m.org.path,
      orgName: m.org.name,
    })),
  };
}

/**
 * People who belong to, or have a role in, an organisation in scope, newest first. `query` is the beginning of a login, or a whole name or
 * phone (which the blind index finds however it was typed).
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
      query ? { id: { in: await idsByQuery(db, query) } } : {},
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

/** Each way of its own index; joined with OR none would be used. */
async function idsByQuery(db: Db, query: string): Promise<string[]> {
  const rows = await db.sql<{ id: string }>(
    `(SELECT "id" FROM "User" WHERE "login" LIKE $1 ORDER BY "login" LIMIT $4)
     UNION (SELECT "id" FROM "User" WHERE "nameIndex" = ANY($2) LIMIT $4)
     UNION (SELECT "id" FROM "User" WHERE "phoneIndex" = ANY($3))`,
    [
      `${query.replace(/[\\%_]/g, '\\$&')}%`,
      db.personal.indexes('User.name', query),
      db.personal.indexes('User.phone', query),
      PAGE_LIMIT,
    ],
  );
  return rows.map(({ id }) => id);
}

/** Names as they are, by id; unknown ids are absent. Masking, and logging of an unmasked reading, are the caller's. */
export async function namesOf(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db.sql<{ id: string; nameSealed: string }>(
    'SELECT "id", "nameSealed" FROM "User" WHERE "id" = ANY($1::uuid[])',
    [ids],
  );
  return new Map(rows.map((row) => [row.id, db.personal.open('User.name', row.nameSealed)]));
}

/** Name and phone whole; who looked is in the audit log by the same transaction, or nothing is shown. */
export async function revealPerson(
  db: Db,
  input: { userId: string; actorId: string; reason: string; address: string },
): Promise<{ name: string; phone: string | null }> {
  return db.prisma.$transaction(async (tx) => {
    const row = await tx.user.findUnique({
      where: { id: input.userId },
      select: { nameSealed: true, phoneSealed: true, org: { select: { path: true } } },
    });
    if (!row) throw new Refused('not-found', 'user');
    await tx.auditEntry.create({
      data: {
        actorId: input.actorId,
        orgPath: row.org.path,
        action: 'person.revealed',
        targetType: 'user',
        targetId: input.userId,
        detail: { reason: input.reason },
        address: input.address,
      },
      select: { id: true },
    });
    return {
      name: db.personal.open('User.name', row.nameSealed),
      phone: row.phoneSealed && db.personal.open('User.phone', row.phoneSealed),
    };
  });
}

/** One's own language: no version, whoever reads decides. */
export async function setLocale(db: Db, input: { userId: string; locale: Locale }): Promise<void> {
  const { count } = await db.prisma.user.updateMany({
    where: { id: input.userId },
    data: { locale: input.locale },
  });
  if (count === 0) throw new Refused('not-found', 'user');
}

export async function setPasswordHash(
  db: Db,
  input: { userId: string; passwordHash: string },
): Promise<void> {
  const { userId, passwordHash } = input;
  const data = { passwordHash, failedLogins: 0, lockedUntil: null, version: { increment: 1 } };
  const { count } = await db.prisma.user.updateMany({ where: { id: userId }, data });
  if (count === 0) throw new Refused('not-found', 'user');
}

/**
 * One edit of an account, whole or not at all; absent fields stay. `version` is the one the editor saw.
 * Throws `Refused`: `outdated`, `not-found`, `conflict`.
 */
export async function changeUser(
  db: Db,
  input: {
    id: string;
    version: number;
    name?: string;
    phone?: string | null;
    memberships?: readonly { orgId: string; role: Role }[];
    /** Since when it is switched off; null switches it on. */
    disabledAt?: number | null;
    passwordHash?: string;
  },
): Promise<void> {
  const { id, version, memberships, disabledAt, passwordHash } = input;
  const done = await refusing('user', () =>
    db.prisma.$transaction(async (tx) => {
      if (input.phone) await refuseTakenPhone(db, tx, input.phone, id);
      const { count } = await tx.user.updateMany({
        where: { id, version },
        data: {
          ...(input.name !== undefined && sealedName(db, input.name)),
          ...(input.phone !== undefined && sealedPhone(db, input.phone)),
          ...(disabledAt !== undefined && { disabledAt: disabledAt === null ? null : toDate(disabledAt) }),
          ...(passwordHash !== undefined && { passwordHash, failedLogins: 0, lockedUntil: null }),
          version: { increment: 1 },
        },
      });
      if (count === 0) return false;
      if (memberships) {
        await tx.membership.deleteMany({ where: { userId: id } });
        await tx.membership.createMany({ data: memberships.map((m) => ({ userId: id, ...m })) });
      }
      return true;
    }),
  );
  if (!done) await outdatedOrMissing('user', getUser(db, id));
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

/** The path of the organisation a person belongs to. */
export async function homePathOf(db: Db, userId: string): Promise<string | null> {
  const row = await db.prisma.user.findUnique({
    where: { id: userId },
    select: { org: { select: { path: true } } },
  });
  return row?.org.path ?? null;
}

function sealedName(db: Db, name: string) {
  return { nameSealed: db.personal.seal('User.name', name), nameIndex: db.personal.index('User.name', name) };
}

function sealedPhone(db: Db, phone: string | null) {
  if (phone === null) return { phoneSealed: null, phoneIndex: null };
  return {
    phoneSealed: db.personal.seal('User.phone', phone),
    phoneIndex: db.personal.index('User.phone', phone),
  };
}

function sealed(db: Db, input: { name: string; phone?: string | null }) {
  return { ...sealedName(db, input.name), ...sealedPhone(db, input.phone ?? null) };
}

/** The unique index sees only the newest key's; while keys are being rotated the same phone may stand under an older one. */
async function refuseTakenPhone(
  db: Db,
  tx: PrismaTransaction,
  phone: string | null,
  self?: string,
): Promise<void> {
  if (phone === null) return;
  const phoneIndex = { in: db.personal.indexes('User.phone', phone) };
  const other = await tx.user.findFirst({
    where: { phoneIndex, ...(self && { id: { not: self } }) },
    select: { id: true },
  });
  if (other) throw new Refused('conflict', 'user', ['phoneIndex']);
}
