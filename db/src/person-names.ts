/** Who somebody is, unmasked. Every reading of one person that somebody asked for is in the audit log. */
import type { Db } from './client.ts';
import { maskName } from './crypto.ts';
import { Refused } from './failures.ts';

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

/** Those of the log of who did what: names as they are of who holds an office, masked of learners. */
export async function actorNames(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db.sql<{ id: string; nameSealed: string; holdsOffice: boolean }>(
    `SELECT u."id", u."nameSealed",
       EXISTS (SELECT 1 FROM "Membership" m WHERE m."userId" = u."id" AND m."role" <> 'learner') AS "holdsOffice"
     FROM "User" u WHERE u."id" = ANY($1::uuid[])`,
    [ids],
  );
  return new Map(
    rows.map(({ id, nameSealed, holdsOffice }) => {
      const name = db.personal.open('User.name', nameSealed);
      return [id, holdsOffice ? name : maskName(name)];
    }),
  );
}

/** Names as they are with logins, by id; unknown ids are absent. Masking is the caller's. */
export async function namesAndLogins(
  db: Db,
  ids: readonly string[],
): Promise<Map<string, { name: string; login: string }>> {
  if (ids.length === 0) return new Map();
  const rows = await db.sql<{ id: string; login: string; nameSealed: string }>(
    'SELECT "id", "login", "nameSealed" FROM "User" WHERE "id" = ANY($1::uuid[])',
    [ids],
  );
  return new Map(
    rows.map(({ id, login, nameSealed }) => [id, { login, name: db.personal.open('User.name', nameSealed) }]),
  );
}
