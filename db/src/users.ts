/** Accounts of people. Names and phones are sealed; who reads many of them does so by `user-list.ts` or `person-names.ts`. */
import { type Locale, locale, type Membership, type Role, role } from '@keshi/contract/domain';
import type { Db, PrismaTransaction } from './client.ts';
import { outdatedOrMissing, Refused, refusing } from './failures.ts';
import { documentUndecided } from './identity-checks.ts';
import { newId } from './ids.ts';
import { fromDateOrNull, toDate } from './instants.ts';
import { refuseTakenPhone, sealed, sealedName, sealedPhone } from './sealed-person.ts';

export interface NewUser {
  orgId: string;
  login: string;
  passwordHash: string;
  name: string;
  phone?: string | null;
  /** Since when the phone is known to be theirs. */
  phoneVerifiedAt?: number;
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

/** Throws `Refused`: `conflict` with `login` or `phoneIndex` taken, `not-found` for an unknown organisation. */
export async function createUser(db: Db, input: NewUser): Promise<{ id: string }> {
  const id = newId();
  const { orgId, login, passwordHash } = input;
  await refusing('user', () =>
    db.prisma.$transaction(async (tx) => {
      await refuseTakenPhone(db, tx, input.phone ?? null);
      await tx.user.create({
        data: {
          id,
          orgId,
          login,
          passwordHash,
          locale: input.locale ?? 'zh-CN',
          ...sealed(db, input),
          ...(input.phoneVerifiedAt !== undefined && { phoneVerifiedAt: toDate(input.phoneVerifiedAt) }),
        },
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

/** One's own language: no version, whoever reads decides. */
export async function setLocale(db: Db, input: { userId: string; locale: Locale }): Promise<void> {
  const { count } = await db.prisma.user.updateMany({
    where: { id: input.userId },
    data: { locale: input.locale },
  });
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
    now: number;
  },
): Promise<void> {
  const { id, version, memberships, disabledAt, passwordHash } = input;
  const done = await refusing('user', () =>
    db.prisma.$transaction(async (tx) => {
      if (input.phone) await refuseTakenPhone(db, tx, input.phone, id);
      const known = await tx.user.findUnique({
        where: { id },
        select: { nameIndex: true, phoneIndex: true },
      });
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
      await undoWhatChanged(db, tx, input, known);
      if (memberships) {
        await tx.membership.deleteMany({ where: { userId: id } });
        await tx.membership.createMany({ data: memberships.map((m) => ({ userId: id, ...m })) });
      }
      return true;
    }),
  );
  if (!done) await outdatedOrMissing('user', getUser(db, id));
}

/**
 * A phone that is another one is not known to be theirs; under another name who somebody is has to be decided anew, or
 * an account that was confirmed could be handed on.
 */
async function undoWhatChanged(
  db: Db,
  tx: PrismaTransaction,
  input: { id: string; name?: string; phone?: string | null; now: number },
  known: { nameIndex: string; phoneIndex: string | null } | null,
): Promise<void> {
  const { id, name, phone, now } = input;
  const isOther = (purpose: 'User.name' | 'User.phone', value: string, index: string | null) =>
    index === null || !db.personal.indexes(purpose, value).includes(index);
  if (phone === null || (phone !== undefined && isOther('User.phone', phone, known?.phoneIndex ?? null)))
    await tx.user.update({ where: { id }, data: { phoneVerifiedAt: null }, select: { id: true } });
  if (name !== undefined && isOther('User.name', name, known?.nameIndex ?? null))
    await documentUndecided(tx, { userId: id, now });
}

/** The path of the organisation a person belongs to. */
export async function homePathOf(db: Db, userId: string): Promise<string | null> {
  const row = await db.prisma.user.findUnique({
    where: { id: userId },
    select: { org: { select: { path: true } } },
  });
  return row?.org.path ?? null;
}

/** By id; ids of nobody, and nulls, are left out. */
export async function loginsOf(db: Db, ids: readonly (string | null)[]): Promise<Map<string, string>> {
  const known = [...new Set(ids)].filter((id) => id !== null);
  if (known.length === 0) return new Map();
  const rows = await db.prisma.user.findMany({
    where: { id: { in: known } },
    select: { id: true, login: true },
    take: known.length,
  });
  return new Map(rows.map(({ id, login }) => [id, login]));
}
